"""Answers that are not Stripe's: what an edge, a proxy or a broken transmission makes of them."""

import json
from http import HTTPStatus

from starlette.responses import Response

from infra.stripe_standin.faults import UnreadableFault
from infra.stripe_standin.records.base import JsonObject

_BEFORE_EFFECT = "_before_effect"
_JSON, _HTML = "application/json", "text/html; charset=utf-8"
_PAGE = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n"
_CUT_BEFORE_EFFECT = '{\n  "id": "'
# Status, content type and body by the kind of answer. Only these two kinds show Stripe's answer.
_CUT, _WRONG_TYPE = "cut_json_200", "wrong_content_type"
_ANSWERS: dict[str, tuple[int, str, str]] = {
    "html_200": (200, _HTML, _PAGE.format(title="Welcome")),
    "html_403": (403, _HTML, _PAGE.format(title="Access denied")),
    "html_502": (502, _HTML, _PAGE.format(title="Bad gateway")),
    "empty_200": (200, _JSON, ""),
    "empty_402": (402, _JSON, ""),
    "text_400": (400, _JSON, "Bad Request"),
    "other_json_400": (400, _JSON, '{"message": "Bad Request"}'),
    "oauth_error_400": (400, _JSON, '{"error": "invalid_request", "error_description": "No."}'),
}


def happens_before_effect(fault: UnreadableFault) -> bool:
    """Return whether the request never reaches Stripe."""
    return fault.endswith(_BEFORE_EFFECT)


def unreadable_answer(
    fault: UnreadableFault, status: HTTPStatus | int, body: JsonObject
) -> Response:
    """Return what the client gets instead of Stripe's answer.

    Args:
        fault: How the answer is spoiled.
        status: The status of Stripe's answer, or of an error if Stripe never got the request.
        body: The body of the same answer.
    """
    kind = fault.removesuffix(_BEFORE_EFFECT).removesuffix("_after_effect")
    text = json.dumps(body, indent=2)
    if kind == _WRONG_TYPE:
        return Response(text, int(status), media_type=_HTML)
    if kind == _CUT:
        cut = _CUT_BEFORE_EFFECT if happens_before_effect(fault) else text[: len(text) // 2]
        return Response(cut, HTTPStatus.OK, media_type=_JSON)
    answer_status, content_type, content = _ANSWERS[kind]
    return Response(content, answer_status, media_type=content_type)

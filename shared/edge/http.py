"""The API's edge: Powertools' resolver with one way to refuse, problem JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from shared.domain.errors import DomainError, ForbiddenError
from shared.edge.auth import Audience, Caller, caller_from
from shared.edge.cursor import MAX_CURSOR_LENGTH
from shared.edge.observability import count, count_refused, logger, metrics
from shared.edge.problems import MEDIA_TYPE, Problem, problem_of
from shared.edge.settings import setting

# Where pydantic says a fault lies, beside the field's own path: the body, and its `type`.
_NOT_FIELDS = frozenset({"body", "full", "partial", "line_items"})

# A request's body is a few hundred bytes; API Gateway alone would let 10 MB through.
MAX_BODY_BYTES = 16 * 1024

IDEMPOTENCY_KEY = "Idempotency-Key"

OrderId = Annotated[str, Path(description="The order's id.", max_length=64)]
RefundId = Annotated[str, Path(description="The refund's id.", max_length=64)]
# Routes declare it and do not read it: caller() does, once it knows who asks.
NamedStudio = Annotated[
    str | None,
    Query(description="Whose: for PPS's own, who must name a studio.", max_length=64),
]
Cursor = Annotated[
    str | None, Query(description="The last page's `next_cursor`.", max_length=MAX_CURSOR_LENGTH)
]
IdempotencyKey = Annotated[
    str,
    Header(
        alias=IDEMPOTENCY_KEY,
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Yours, one for each thing you want done; a repeat gets the same answer.",
    ),
]


class FieldError(BaseModel):
    """What was refused of one field of the input."""

    field: str
    message: str


class ProblemView(BaseModel):
    """Problem details, RFC 9457, with a stable ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


def _described(status: int) -> OpenAPIResponse:
    title = HTTPStatus(status).phrase
    return {"description": title, "content": {MEDIA_TYPE: {"model": ProblemView}}}


# What any route may refuse with, the gateway's own refusals included.
_REFUSED = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504)


def described(success: int, model: type[BaseModel], what: str) -> dict[int, OpenAPIResponse]:
    """Return a route's answers for the API's description: its success, and every refusal.

    Args:
        success: The status of a success.
        model: The form of its body.
        what: What it is, for the reader.
    """
    refusals = {status: _described(status) for status in _REFUSED}
    return {
        success: {"description": what, "content": {"application/json": {"model": model}}},
        **refusals,
    }


def api_resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates by type and answers every refusal as problem JSON."""
    cors = CORSConfig(
        allow_origin=setting("ALLOWED_ORIGIN"),
        allow_headers=["Authorization", "Content-Type", IDEMPOTENCY_KEY],
    )
    app = APIGatewayRestResolver(enable_validation=True, cors=cors)
    for refused, problem_for in (
        (DomainError, problem_of),
        (RequestValidationError, _invalid_input),
        (RequestUnsupportedContentType, _unsupported_media_type),
        (NotFoundError, _no_such_resource),
        (Exception, _unexpected),
    ):
        app.exception_handler(refused)(_answering(problem_for))
    return app


def _answering(problem_for: Callable[[Any], Problem]) -> Callable[[Exception], Response[str]]:
    def answer(error: Exception) -> Response[str]:
        problem = problem_for(error)
        logger.info("refused", code=problem.code, status=problem.status)
        count("RequestRefused")
        if isinstance(error, ForbiddenError):
            count_refused("AccessRefused", error.reason)
        return Response(problem.status, content_type=MEDIA_TYPE, body=problem.body())

    return answer


def api_handler(
    app: APIGatewayRestResolver, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return the Lambda handler that answers API Gateway's events by a resolver's routes.

    Args:
        app: The resolver.
        max_body_bytes: How large a request's body may be.
    """

    @logger.inject_lambda_context(
        correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True
    )
    @metrics.log_metrics
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        problem = _refused_early(event, max_body_bytes)
        if problem is None:
            return app.resolve(event, context)
        count("RequestRefused")
        return {
            "statusCode": problem.status,
            "headers": {
                "Content-Type": MEDIA_TYPE,
                "Access-Control-Allow-Origin": setting("ALLOWED_ORIGIN"),
            },
            "body": problem.body(),
        }

    return lambda_handler


def _refused_early(event: dict[str, Any], max_body_bytes: int) -> Problem | None:
    """Say what is wrong with the body before anything else looks at it, or None."""
    body = event.get("body") or ""
    if len(body.encode(errors="surrogatepass")) > max_body_bytes:
        return Problem(
            413,
            "body_too_large",
            "The body is too large",
            f"Send at most {max_body_bytes} bytes.",
        )
    if body and _media_type(event) not in {None, "application/json"}:
        return _unsupported_media_type()
    try:
        json.loads(body or "null")
    except (ValueError, RecursionError):  # ValueError is a number of thousands of digits, too
        return Problem(
            400,
            "invalid_json",
            "The body is not JSON",
            "Send a JSON object with Content-Type application/json.",
        )
    return None


def _media_type(event: dict[str, Any]) -> str | None:
    """Return the body's media type without its parameters, or None where none is named."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    named = headers.get("content-type")
    # Its case means nothing: https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1
    return named.partition(";")[0].strip().lower() if named else None


def caller(app: APIGatewayRestResolver) -> Caller:
    """Return who sent the current request.

    Raises:
        ForbiddenError: Nobody who may, or one who names a studio and is not PPS's own.
    """
    authorizer = app.current_event.raw_event["requestContext"].get("authorizer") or {}
    named = (app.current_event.query_string_parameters or {}).get("studio_id")
    audience = Audience(setting("TOKEN_ISSUER"), setting("TOKEN_CLIENT_ID"))
    who = caller_from(authorizer.get("claims") or {}, audience, named)
    if who.of_pps:
        logger.info("PPS looks at a studio", user=who.user, studio_id=who.studio_id)
    return who


def _path(location: Sequence[object]) -> Iterator[str]:
    """Name a field as the caller wrote it, without where it lay and which form it was read as."""
    for part in location:
        if part not in _NOT_FIELDS:
            yield str(part)


def _no_such_resource(_: NotFoundError) -> Problem:
    return Problem(404, "not_found", "Not found", "There is no such resource.")


def _unexpected(_: Exception) -> Problem:
    logger.exception("unexpected error")
    count("UnexpectedError")
    return Problem(
        500,
        "internal_error",
        "Internal error",
        "Something went wrong on our side. Repeat the request with the same Idempotency-Key; "
        "it is safe.",
    )


def _unsupported_media_type(_: RequestUnsupportedContentType | None = None) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        "The body is not JSON",
        "Send a JSON object with Content-Type application/json.",
    )


def _invalid_input(error: RequestValidationError) -> Problem:
    found = error.errors()
    if any(tuple(each["loc"])[:2] == ("header", IDEMPOTENCY_KEY.lower()) for each in found):
        return Problem(
            HTTPStatus.BAD_REQUEST,
            "idempotency_key_invalid",
            "The Idempotency-Key is missing or not valid",
            f"Send a header {IDEMPOTENCY_KEY} of 1 to 255 printable ASCII characters, a new one "
            "for each thing you want done and the same one when you repeat a request.",
        )
    fields = [
        {
            "field": ".".join(_path(each["loc"])) or "body",
            "message": str(each["msg"]),
        }
        for each in found
    ]
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_input",
        "The input is not valid",
        "Put the fields in `errors` right and send the request again; nothing was changed.",
        fields,
    )

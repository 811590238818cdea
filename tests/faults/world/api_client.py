"""The studio's user and PPS's admins, who call the API."""

import json
import os
from typing import Any

from tests.faults.one_process import template
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.functions import FunctionRuntime
from tests.faults.world.import_records import STUDIO

_TRIES = 10
_SECONDS_BETWEEN_TRIES = 20


class ApiClient:
    """Calls the API as the studio's owner, or as a PPS admin who names the studio.

    Attributes:
        gives_up: Whether the user sends each request only once, even if no answer comes.
        studio_id: The studio whose owner calls.
    """

    def __init__(self, functions: FunctionRuntime, clock: VirtualClock) -> None:
        self._functions = functions
        self._clock = clock
        self.gives_up = False
        self.studio_id = STUDIO

    def request_once(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        *,
        admin: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Send a request once.

        Args:
            method: The HTTP method.
            path: The path, without the version.
            body: The JSON body.
            key: The idempotency key.
            admin: The PPS admin who calls; None for the studio's owner.

        Returns:
            Status and body; the status is 502 if the function gave no answer.
        """
        function = _function_of(method, path)
        event = _event(method, path, body, key, self.studio_id)
        if admin is not None:
            _call_as_admin(event, admin)
        answer = self._functions.invoke(function, event)
        if answer is None:
            return 502, {}
        status, content = int(answer["statusCode"]), json.loads(answer["body"] or "{}")
        if status == 500:  # the resolver's answer to an unexpected error
            self._functions.report_error(function, str(content))
        return status, content

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        key: str | None = None,
        *,
        admin: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Send a request until it is answered, unless the user gives up. See ``request_once``."""
        for _ in range(_TRIES):
            status, answer = self.request_once(method, path, body, key, admin=admin)
            if status < 500 or self.gives_up:
                break
            self._clock.wait(_SECONDS_BETWEEN_TRIES)
        return status, answer

    def request_refund(self, order_id: str, key: str, **body: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401  # its fields
        """Request a refund of all that is left, unless the body says otherwise."""
        choice = {"type": "full", "reason": "other"} | body
        return self.request("POST", f"/orders/{order_id}/refunds", choice, key)


def _function_of(method: str, path: str) -> str:
    for function in template.functions().values():
        for route_method, pattern in function.routes:
            if route_method == method and pattern.fullmatch(path):
                return function.name
    raise LookupError(f"no function has the route {method} {path}")


def _event(method: str, path: str, body: object, key: str | None, studio_id: str) -> dict[str, Any]:
    """Return the event that API Gateway passes on."""
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return {
        "httpMethod": method,
        "path": path,
        "resource": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": f"request-{key}",
            "authorizer": {"claims": _owner_claims(studio_id)},
        },
    }


def _call_as_admin(event: dict[str, Any], admin: str) -> None:
    named = {"studio_id": STUDIO}
    event["queryStringParameters"] = named
    event["multiValueQueryStringParameters"] = {name: [value] for name, value in named.items()}
    claims = event["requestContext"]["authorizer"]["claims"]
    del claims["custom:studio_id"]
    claims |= {"sub": f"sub-{admin}", "cognito:username": admin, "cognito:groups": "pps_admin"}


def _owner_claims(studio_id: str) -> dict[str, str]:
    return {
        "token_use": "id",
        "iss": os.environ["TOKEN_ISSUER"],
        "aud": os.environ["TOKEN_CLIENT_ID"],
        "sub": "sub-owner",
        "cognito:username": "owner",
        "cognito:groups": "owner",
        "custom:studio_id": studio_id,
    }

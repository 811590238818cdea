"""Every answer of the API has the security headers, whoever gives it."""

import pytest

from infra.local.stack import Stack
from shared.edge.security_headers import SECURITY_HEADERS
from tests.local_http import HTTP

pytestmark = pytest.mark.stack

_GATEWAY_LEAVES_OUT = {"Content-Security-Policy"}
_STUDIO = "st_lakeside"


@pytest.mark.parametrize(
    ("method", "path", "signed_in", "status"),
    [
        ("GET", "me", True, 200),
        ("GET", "orders/none", True, 404),
        ("POST", "orders/none/refunds", True, 400),
        ("POST", "webhooks/stripe", False, 400),
        ("GET", "me", False, 401),
        ("GET", "nothing/here", True, 404),
    ],
)
def test_an_answer_has_the_security_headers(
    stack: Stack, method: str, path: str, *, signed_in: bool, status: int
) -> None:
    headers = {"Authorization": stack.tokens[_STUDIO]["owner"]} if signed_in else {}
    answer = HTTP.request(
        method,
        f"{stack.api_url}/{path}",
        headers=headers,
        content=b"",
    )
    assert answer.status_code == status
    from_gateway = status == 401 or path == "nothing/here"
    for name, value in SECURITY_HEADERS.items():
        if not (from_gateway and name in _GATEWAY_LEAVES_OUT):
            assert answer.headers.get(name) == value, name

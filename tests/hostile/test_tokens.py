"""Tokens that are not ours: our own check of the claims that the authorizer let through.

The authorizer verifies signature, expiry and pool, here as on AWS: see ``test_forged_tokens`` and
``tests/e2e/test_who_may.py``. It accepts access tokens and any app client's tokens, and a wrong
configuration would accept every token. So these tests give such claims to the handlers.
"""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.bench.start_up import template
from tests.hostile.conftest import CLIENT_ID, ISSUER, Output
from tests.lambda_context import LambdaContext

FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "access token": ({"token_use": "access"}, "token_use"),
    "no token_use": ({"token_use": None}, "token_use"),
    "token_use in a list": ({"token_use": ["id"]}, "token_use"),
    "another pool": ({"iss": ISSUER.replace("ours", "theirs")}, "issuer"),
    "another region": ({"iss": ISSUER.replace("us-east-1.", "eu-west-1.")}, "issuer"),
    "issuer that begins alike": ({"iss": ISSUER + ".evil.example"}, "issuer"),
    "no issuer": ({"iss": None}, "issuer"),
    "another client": ({"aud": "client-theirs"}, "audience"),
    "several audiences": ({"aud": [CLIENT_ID, "client-theirs"]}, "audience"),
    "no audience": ({"aud": None}, "audience"),
    "access token's client_id": ({"aud": None, "client_id": CLIENT_ID}, "audience"),
    "no studio": ({"custom:studio_id": None}, "no_studio"),
    "studio in a list": ({"custom:studio_id": ["st_1"]}, "no_studio"),
    "studio under another name": (
        {"custom:studio_id": None, "studio_id": "st_1", "dev:custom:studio_id": "st_1"},
        "no_studio",
    ),
    "no user": ({"cognito:username": None, "sub": None}, "no_user"),
    "no role": ({"cognito:groups": None}, "role"),
    "a role that is part of a word": ({"cognito:groups": "[owners co-owner]"}, "role"),
    "a role in other letters": ({"cognito:groups": "[OWNER \uff4fwner]"}, "role"),
    "roles as JSON": ({"cognito:groups": '{"owner":true}'}, "role"),
    "roles of one's own making": ({"cognito:groups": None, "roles": "owner"}, "role"),
}

HANDLERS = {"find_orders": "/orders", "print_station": "/print-station/queue"}


def claims(**changed: object) -> dict[str, object]:
    known: dict[str, object] = {
        "token_use": "id",
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "sub": "5f1c",
        "cognito:username": "ana",
        "custom:studio_id": "st_1",
        "cognito:groups": "[owner]",
    }
    return {name: value for name, value in (known | changed).items() if value is not None}


def ask(handler: ModuleType, path: str, authorizer: object, query: object = None) -> Any:  # noqa: ANN401  # JSON
    """Call the handler as API Gateway does, with these claims from the authorizer."""
    event = {
        "httpMethod": "GET",
        "path": path,
        "resource": path,
        "headers": {"Authorization": "eyJhbGciOiJub25lIn0.e30."},
        "multiValueHeaders": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "hostile", "authorizer": authorizer},
    }
    return handler.lambda_handler(event, LambdaContext())


class Reached(Exception):  # noqa: N818  # it is an outcome, not a fault
    """Raised where the tables would be read."""


def refuse_to_read(**_: object) -> None:
    raise Reached


@pytest.mark.parametrize("function", HANDLERS)
@pytest.mark.parametrize("kind", FORGED)
def test_forged_claims_are_counted_and_refused_before_anything_is_read(
    handler_of: Callable[[str], ModuleType],
    output: Output,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    kind: str,
) -> None:
    handler = handler_of(function)
    monkeypatch.setattr(handler.dynamodb, "query", refuse_to_read)
    changed, reason = FORGED[kind]
    answer = ask(handler, HANDLERS[function], {"claims": claims(**changed)})
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (403, "forbidden")
    counted = output.metrics()
    assert counted["AccessRefused", None] == counted["AccessRefused", reason] == 1
    assert "eyJ" not in output.log_text()


@pytest.mark.parametrize("authorizer", [None, {}, {"claims": None}, {"claims": {}}])
def test_without_an_authorizer_every_request_is_refused(
    handler_of: Callable[[str], ModuleType], output: Output, authorizer: object
) -> None:
    answer = ask(handler_of("find_orders"), "/orders", authorizer)
    assert answer["statusCode"] == 403
    assert output.metrics()["AccessRefused", "token_use"] == 1


@pytest.mark.parametrize("named", ["st_2", "st_1", "", "ST_1", "st_1#x"])
def test_a_user_who_names_a_studio_is_refused(
    handler_of: Callable[[str], ModuleType], output: Output, named: str
) -> None:
    answer = ask(handler_of("find_orders"), "/orders", {"claims": claims()}, {"studio_id": named})
    assert answer["statusCode"] == 403
    assert output.metrics()["AccessRefused", "studio_named"] == 1


def test_a_good_token_reaches_the_tables(
    handler_of: Callable[[str], ModuleType], output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = handler_of("find_orders")
    monkeypatch.setattr(handler.dynamodb, "query", refuse_to_read)
    assert ask(handler, "/orders", {"claims": claims()})["statusCode"] == 500
    assert "Reached" in output.log_text()


# Cognito enforces what the template says. The local engine does not: its UpdateUserAttributes
# writes any attribute. So these tests can only check the template.


def test_no_user_can_write_their_studio() -> None:
    resources = template()["Resources"]
    schema = resources["UserPool"]["Properties"]["Schema"]
    assert [(each["Name"], each["Mutable"]) for each in schema] == [("studio_id", False)]
    clients = [
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Cognito::UserPoolClient"
    ]
    assert [each["WriteAttributes"] for each in clients] == [["name"]]
    # Nobody can sign up and choose a studio.
    assert resources["UserPool"]["Properties"]["AdminCreateUserConfig"] == {
        "AllowAdminCreateUserOnly": True
    }


def test_refusals_of_gateway_and_functions_together_raise_an_alarm() -> None:
    resources = template()["Resources"]
    counting = resources["AccessRefusedFilter"]["Properties"]
    alarm = resources["AccessRefusedAlarm"]["Properties"]
    (metric,) = counting["MetricTransformations"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        metric["MetricNamespace"],
        metric["MetricName"],
    )
    log_format = resources["Api"]["Properties"]["AccessLogSetting"]["Format"]
    assert '"status":"$context.status"' in log_format
    assert counting["FilterPattern"] == '{ ($.status = "401") || ($.status = "403") }'


def test_every_route_except_the_webhook_requires_a_token() -> None:
    resources = template()["Resources"]
    assert resources["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Cognito"
    without = [
        event["Properties"]["Path"]
        for each in resources.values()
        if each["Type"] == "AWS::Serverless::Function"
        for event in each["Properties"].get("Events", {}).values()
        if event["Type"] == "Api" and "Auth" in event["Properties"]
    ]
    assert without == ["/webhooks/stripe"]

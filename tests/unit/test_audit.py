"""The audit log: roles can only add to logs, and sign-ins are recorded by id."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from functions.record_sign_in.handler import lambda_handler
from infra.paths import TEMPLATE
from shared.edge.observability import logger
from tests.lambda_context import LambdaContext

if TYPE_CHECKING:
    from logging import StreamHandler

CONTEXT: Any = LambdaContext()


def sign_in(source: str, username: str = "owner.st_1") -> dict[str, Any]:
    return {
        "version": "1",
        "triggerSource": source,
        "userName": username,
        "request": {
            "userAttributes": {
                "sub": "sub-1",
                "custom:studio_id": "st_1",
                "name": "Olivia",
                "email": "olivia@mail.example",
            },
            "groupConfiguration": {"groupsToOverride": ["owner"]},
        },
        "response": {"claimsOverrideDetails": None},
    }


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the function logs."""
    handler = cast("StreamHandler[io.StringIO]", logger.registered_handler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    if before is not None:
        handler.setStream(before)


def records(logged: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    return [line for line in lines if "audit" in line]


@pytest.mark.parametrize("username", ["owner.st_1", "olivia@mail.example"])
def test_a_sign_in_is_recorded_by_id_and_the_tokens_stay_as_they_are(
    logged: io.StringIO, username: str
) -> None:
    event = sign_in("TokenGeneration_HostedAuth", username)
    before = json.dumps(event)
    assert json.dumps(lambda_handler(event, CONTEXT)) == before
    (record,) = records(logged)
    assert (record["audit"], record["studio_id"]) == ("signed_in", "st_1")
    assert record["user"] == ("sub-1" if "@" in username else username)
    assert "mail.example" not in json.dumps(record)
    assert "Olivia" not in json.dumps(record)


def test_a_session_that_gets_new_tokens_is_no_sign_in(logged: io.StringIO) -> None:
    lambda_handler(sign_in("TokenGeneration_RefreshTokens"), CONTEXT)
    assert records(logged) == []


def test_no_role_may_do_more_with_a_log_than_add_to_it() -> None:
    text = TEMPLATE.read_text("utf-8")
    actions = {
        word.strip(" ,[]")
        for line in text.splitlines()
        for word in line.split()
        if word.strip(" ,[]").startswith("logs:")
    }
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_the_user_pool_requires_an_authenticator_app_unless_a_stack_says_otherwise() -> None:
    text = TEMPLATE.read_text("utf-8")
    pool = text.partition("  UserPool:\n")[2].partition("  UserPoolClient:\n")[0]
    assert "MfaConfiguration: !Ref Mfa" in pool
    assert "EnabledMfas: [SOFTWARE_TOKEN_MFA]" in pool
    parameter = text.partition("  Mfa:\n")[2].partition("  RetryAfterSeconds:\n")[0]
    assert 'Default: "ON"' in parameter

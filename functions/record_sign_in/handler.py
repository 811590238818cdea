"""Lambda that Cognito calls before it issues tokens: records the sign-in in the audit log."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.edge.audit import AuditEvent, record
from shared.edge.auth import user_id_of
from shared.edge.observability import logger

# Cognito also calls when a session gets new tokens, which is no sign-in.
_REFRESH = "TokenGeneration_RefreshTokens"


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Record the sign-in, and return the event: the tokens stay as Cognito makes them.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
    """
    if event["triggerSource"] != _REFRESH:
        attributes = event["request"]["userAttributes"]
        claims = {"cognito:username": event["userName"], "sub": attributes.get("sub")}
        record(
            AuditEvent.SIGNED_IN,
            user=str(user_id_of(claims)),
            studio_id=attributes.get("custom:studio_id"),
            source=event["triggerSource"],
        )
    return event

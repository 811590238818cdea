"""A user of the smoke studio, who exists as long as the smoke test runs."""

import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from infra.failure import Failure
from infra.local.deployment import local_api_url
from infra.local.engine import Aws
from infra.operate.stack import OperatedStack

_ROLE = "owner"
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class SmokeUser:
    """A signed-in user.

    Attributes:
        client: Sends requests to the API with the user's token.
    """

    client: httpx.Client

    def get(self, path: str) -> Any:  # noqa: ANN401  # JSON
        """Read a resource.

        Raises:
            Failure: The API does not answer with it.
        """
        return _accepted(self.client.get(path), path)

    def post(self, path: str, body: dict[str, Any], key: str = "") -> Any:  # noqa: ANN401  # JSON
        """Send a command and return the answer.

        Raises:
            Failure: The API refuses it.
        """
        headers = {"Idempotency-Key": key} if key else {}
        return _accepted(self.client.post(path, json=body, headers=headers), path)


@contextmanager
def signed_in(stack: OperatedStack, studio_id: str) -> Iterator[SmokeUser]:
    """Create a user of a studio, sign in, and delete the user at the end.

    Raises:
        Failure: The user pool asks for more than the password.
    """
    cognito, pool = stack.aws.cognito, stack.output("UserPoolId")
    name, password = f"smoke-{uuid.uuid4().hex[:12]}", secrets.token_urlsafe(12) + "!aA1"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "custom:studio_id", "Value": studio_id}],
    )
    try:
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=name, Password=password, Permanent=True
        )
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=_ROLE)
        answer = cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=stack.output("UserPoolClientId"),
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        if "AuthenticationResult" not in answer:
            raise Failure(f"The user pool asks the smoke user for {answer.get('ChallengeName')}.")
        token = answer["AuthenticationResult"]["IdToken"]
        url, local = _api_url(stack)
        headers = {"Authorization": token}
        with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=not local) as client:
            yield SmokeUser(client)
    finally:
        cognito.admin_delete_user(UserPoolId=pool, Username=name)


def wait_for[Found](look: Callable[[], Found | None], what: str, *, within_seconds: float) -> Found:
    """Look again and again until something is found, and return it.

    Raises:
        Failure: It is not found in time.
    """
    deadline = time.monotonic() + within_seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise Failure(f"Not within {within_seconds:.0f} s: {what}.")
        time.sleep(_POLL_SECONDS)
    return found


def _api_url(stack: OperatedStack) -> tuple[str, bool]:
    """Return the API's address, and whether it is on this machine."""
    if isinstance(stack.aws, Aws):
        return local_api_url(stack.aws, stack.output("ApiId")), True
    return stack.output("ApiUrl"), False


def _accepted(answer: httpx.Response, path: str) -> Any:  # noqa: ANN401  # JSON
    if not answer.is_success:
        raise Failure(f"The API answered {path} with {answer.status_code}: {answer.text[:300]}")
    return answer.json()

"""The users in Cognito's user pool. Every call may be repeated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import BusyError
from shared.domain.studio_user import StudioRole, StudioUser

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class UserPool:
    """A user pool.

    Args:
        cognito: A client.
        pool_id: The pool's id.
    """

    def __init__(self, cognito: "CognitoIdentityProviderClient", pool_id: str) -> None:
        self._cognito = cognito
        self._pool_id = pool_id

    def invite(self, user: StudioUser) -> None:
        """Create a user, whom Cognito emails a first password. One who was removed comes back.

        Raises:
            BusyError: Cognito does not do it now.
        """
        attributes = [
            {"Name": "custom:studio_id", "Value": user.studio_id},
            {"Name": "name", "Value": user.name},
            {"Name": "email", "Value": user.email or ""},
            {"Name": "email_verified", "Value": "true"},
        ]
        with _busy_on_failure():
            try:
                self._cognito.admin_create_user(
                    UserPoolId=self._pool_id,
                    Username=user.user_id,
                    UserAttributes=attributes,  # type: ignore[arg-type]  # plain dictionaries
                    DesiredDeliveryMediums=["EMAIL"],
                )
            except self._cognito.exceptions.UsernameExistsException:
                self._cognito.admin_enable_user(UserPoolId=self._pool_id, Username=user.user_id)

    def enable(self, user: StudioUser) -> None:
        """Let a user sign in again.

        Raises:
            BusyError: Cognito does not do it now.
        """
        with _busy_on_failure():
            self._cognito.admin_enable_user(UserPoolId=self._pool_id, Username=user.user_id)

    def set_role(self, user: StudioUser) -> None:
        """Give a user exactly one role. The old one goes first: better none than too much.

        Raises:
            BusyError: Cognito does not do it now.
        """
        with _busy_on_failure():
            for role in StudioRole:
                if role is not user.role:
                    self._cognito.admin_remove_user_from_group(
                        UserPoolId=self._pool_id, Username=user.user_id, GroupName=role
                    )
            self._cognito.admin_add_user_to_group(
                UserPoolId=self._pool_id, Username=user.user_id, GroupName=user.role
            )

    def sign_out(self, user: StudioUser) -> None:
        """End a user's sessions. A token that they hold works until it expires.

        Raises:
            BusyError: Cognito does not do it now.
        """
        with _busy_on_failure():
            self._cognito.admin_user_global_sign_out(
                UserPoolId=self._pool_id, Username=user.user_id
            )

    def disable(self, user: StudioUser) -> None:
        """Keep a user from signing in, and end their sessions. One who was never created is gone.

        Raises:
            BusyError: Cognito does not do it now.
        """
        with _busy_on_failure():
            try:
                self._cognito.admin_disable_user(UserPoolId=self._pool_id, Username=user.user_id)
            except self._cognito.exceptions.UserNotFoundException:
                return
        self.sign_out(user)


@contextmanager
def _busy_on_failure() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise BusyError(
            "The sign-in service did not finish the change. Try again in half a minute."
        ) from error

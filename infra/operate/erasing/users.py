"""What is stored about one of a studio's users, and erasing it.

A name is in ``USER#``, an address in ``MEMBER#``, and both are in the user pool. Everything else
has the user's id, which stays. docs/privacy.md lists all places.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.operate.erasing.records import Erasure, UserKey
from shared.clock import Clock, rfc3339, utc_now
from shared.domain.errors import UserChangePendingError
from shared.domain.studio_user import Asked, StudioUser, UserStatus, erased_name
from shared.domain.user_changes import LEASE, done, erase
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.records.keys import studio_pk, user_sk
from shared.gateways.records.person import is_name_erased, name_from_values, person_to_item
from shared.gateways.studio_users import StudioUsers
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than a change of a user that was interrupted holds them.
_CONTENTION_SECONDS = LEASE.total_seconds() + 10


@dataclass(frozen=True, slots=True)
class Account:
    """A user's account in the user pool. Times are RFC 3339 in UTC."""

    username: str
    is_enabled: bool
    attributes: dict[str, str]
    created_at: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class UserData:
    """All that says who a user is. Each part is None if there is none.

    Attributes:
        key: The user's id and studio, which stay.
        member: The user in the studio's list of users. Nobody invited or adopted the others.
        name: What they are called, unless it was erased.
        is_name_erased: Whether it was.
        account: Their account in the user pool.
    """

    key: UserKey
    member: StudioUser | None
    name: str | None
    is_name_erased: bool
    account: Account | None

    @property
    def email(self) -> str | None:
        """The address in the studio's list of users."""
        return self.member.email if self.member else None

    @property
    def is_known(self) -> bool:
        """Whether anything is stored about them, if only that they were erased."""
        return bool(self.member or self.name or self.is_name_erased or self.account)

    @property
    def is_present(self) -> bool:
        """Whether the studio has this user, and did not remove them."""
        if self.member is not None:
            return not self.member.is_gone
        return self.account is not None and self.account.is_enabled

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left that says who they are."""
        is_out = self.member is None or self.member.status is UserStatus.REMOVED
        return is_out and not (self.name or self.email or self.account)


class UsersOfStudios(TableGateway):
    """The users of studios, in OrdersTable and in the user pool.

    Args:
        dynamodb: A client.
        name: The name of OrdersTable.
        cognito: A client.
        pool_id: The user pool's id.
        clock: The time.
    """

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        name: str,
        cognito: "CognitoIdentityProviderClient",
        pool_id: str,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(dynamodb, name)
        self._users = StudioUsers(dynamodb, name)
        self._cognito, self._pool_id, self._clock = cognito, pool_id, clock

    def load(self, key: UserKey) -> UserData:
        """Read what is stored about a user, consistently."""
        member = self._users.get(key.studio_id, key.user_id)
        named = self._table.get(studio_pk(key.studio_id), user_sk(key.user_id))
        is_erased = named is not None and is_name_erased(named)
        name = name_from_values(named)[1] if named and not is_erased else None
        return UserData(key, member, name, is_erased, self._account(key))

    def erase(self, key: UserKey, by: str) -> bool:
        """Erase what is stored about a user, and return whether nothing of it is left.

        Users whom the studio has stay as they are: they may have been invited again since the
        erasure was asked for. A repeat carries on what was interrupted.

        Raises:
            StaleStateError: Others kept changing the user.
        """
        return self._erase_unless(lambda user: user.is_present, key, by)

    def erase_again(self, key: UserKey, erasure: Erasure) -> bool:
        """Erase a user whom a restore may have brought back, and return whether they were there.

        The user pool is not restored. So it says who came back by invitation: a finished erasure
        had left no account there, and one that was interrupted none that may sign in.

        Raises:
            StaleStateError: Others kept changing the user.
        """

        def stays(user: UserData) -> bool:
            account = user.account
            came_back = account and (account.is_enabled or erasure.finished_at is not None)
            return bool(came_back) or not user.is_known

        return self._erase_unless(stays, key, erasure.by)

    def _erase_unless(self, stays: Callable[[UserData], bool], key: UserKey, by: str) -> bool:
        for _ in tries(_CONTENTION_SECONDS):
            user = self.load(key)
            if stays(user):
                return False
            if user.is_erased:
                return True
            try:
                self._erase(user, Asked(by, rfc3339(self._clock())))
            except (StaleStateError, UserChangePendingError):
                continue
        raise StaleStateError

    def _erase(self, user: UserData, asked: Asked) -> None:
        """Erase a user. The member is held first, so that no invitation comes in between."""
        studio_id, user_id = user.key.studio_id, user.key.user_id
        held = None
        if user.member is not None:
            held = self._users.record_erasing(
                *erase(user.member, self._users.roster(studio_id), asked)
            )
        else:
            name = erased_name(studio_id, user_id)
            item = person_to_item(studio_id, user_id, name, is_erased=True)
            self._table.write(self._table.guarded(item))
        if user.account is not None:
            self._delete(user.account)
        if held is not None:
            self._users.record_done(*done(held, self._users.roster(studio_id)))

    def _account(self, key: UserKey) -> Account | None:
        """Read a user's account. Its user name is the id; of a name with an @, the id is the sub.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html
        """
        try:
            found = self._cognito.admin_get_user(UserPoolId=self._pool_id, Username=key.user_id)
        except self._cognito.exceptions.UserNotFoundException:
            return None
        attributes = {each["Name"]: each.get("Value", "") for each in found["UserAttributes"]}
        if attributes.get("custom:studio_id") != key.studio_id:
            return None
        return Account(
            found["Username"],
            found["Enabled"],
            attributes,
            rfc3339(found["UserCreateDate"]),
            rfc3339(found["UserLastModifiedDate"]),
        )

    def _delete(self, account: Account) -> None:
        """Delete an account. Its sessions end with it."""
        try:
            self._cognito.admin_delete_user(UserPoolId=self._pool_id, Username=account.username)
        except self._cognito.exceptions.UserNotFoundException:
            return

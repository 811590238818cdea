"""Erasing people: recorded first, so that what was interrupted is carried on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from infra.failure import Failure
from infra.operate.erasing.choose import Choice, ChosenOrders
from infra.operate.erasing.people import OrderPeople, PeopleOfOrders
from infra.operate.erasing.records import Erasure, Erasures, UserKey, Whom
from infra.operate.erasing.users import UserData, UsersOfStudios
from infra.operate.stack import OperatedStack
from infra.operate.workers import share
from shared.clock import Clock, rfc3339, utc_now

_EXPORT_PREFIX = "exports/{}/"


@dataclass(frozen=True, slots=True)
class ErasePeople:
    """Erases the people of orders and studios' users, and shows before what it will erase.

    Args:
        stack: The stack.
        people: What is stored about the people of orders.
        users: What is stored about the users of studios.
        chosen: Finds orders.
        erasures: The records of erasures.
        clock: The time.
    """

    stack: OperatedStack
    people: PeopleOfOrders
    users: UsersOfStudios
    chosen: ChosenOrders
    erasures: Erasures
    clock: Clock = utc_now

    @classmethod
    def on(cls, stack: OperatedStack) -> "ErasePeople":
        """Return the use case on a deployed stack."""
        dynamodb, table = stack.aws.dynamodb, stack.output("OrdersTableName")
        return cls(
            stack,
            PeopleOfOrders(dynamodb, table),
            UsersOfStudios(dynamodb, table, stack.aws.cognito, stack.output("UserPoolId")),
            ChosenOrders(dynamodb, table),
            Erasures(dynamodb, stack.output("ErasuresTableName")),
        )

    def find(self, studios: Iterable[str], choice: Choice) -> list[OrderPeople]:
        """Return the chosen orders that still have something to erase."""
        now = self.clock()
        keys = (key for studio in studios for key in self.chosen.find(studio, choice, now))
        found = (self.people.load(key) for key in keys)
        return [each for each in found if each is not None]

    def find_user(self, key: UserKey) -> UserData:
        """Return a user who may be erased, or was.

        Raises:
            Failure: There is no such user, or the studio still has them.
        """
        found = self.users.load(key)
        who = f"user {key.user_id} of studio {key.studio_id}"
        if not found.is_known:
            raise Failure(f"There is no {who}, so nothing is erased. See `users list`.")
        if found.is_present:
            first = "Remove them first: `users remove`."
            if found.member is None:
                first = "Record them with `users adopt`, and remove them: `users remove`."
            raise Failure(f"There is still a {who}, so nothing is erased. {first}")
        return found

    def unfinished(self) -> list[Whom]:
        """Return the orders and users whose erasure was interrupted."""
        return [each.whom for each in self.erasures.all() if each.finished_at is None]

    def __call__(
        self,
        whom: Iterable[Whom],
        *,
        by: str,
        why: str,
        chosen_by: str,
        on_each: Callable[[Whom], None] = lambda _: None,
    ) -> int:
        """Erase people and the files that may name them. Return how many orders and users it was.

        Each erasure is recorded before it begins. A repeat carries on what was interrupted.

        Args:
            whom: The orders whose people are erased, and the users.
            by: Who erases them.
            why: The reason; no personal data.
            chosen_by: How they were chosen.
            on_each: Called before each.
        """
        count = 0
        for each in whom:
            on_each(each)
            at = rfc3339(self.clock())
            erasure = self.erasures.begin(Erasure(each, by, why, chosen_by, at))
            if isinstance(each, UserKey):
                count += self.users.erase(each, by)
            else:
                self.people.erase(each)
                count += 1
            self._delete_exports(each.studio_id)
            self.erasures.finish(erasure, rfc3339(self.clock()))
        return count

    def repeat_all(self, workers: int = 1) -> int:
        """Erase everybody again who was ever erased. A restore may have brought them back.

        Args:
            workers: How many workers share the orders and users.

        Returns:
            How many orders and users were there.
        """
        return sum(share(workers, self._repeat, self.erasures.all()))

    def _repeat(self, erasure: Erasure) -> bool:
        if isinstance(erasure.whom, UserKey):
            return self.users.erase_again(erasure.whom, erasure)
        return self.people.erase(erasure.whom)

    def export_files(self, studio_id: str) -> Iterator[str]:
        """Yield the keys of a studio's files in the export bucket."""
        pages = self.stack.aws.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.stack.output("ExportBucketName"), Prefix=_EXPORT_PREFIX.format(studio_id)
        )
        for page in pages:
            for each in page.get("Contents", []):
                yield each["Key"]

    def _delete_exports(self, studio_id: str) -> None:
        for key in self.export_files(studio_id):
            self.stack.aws.s3.delete_object(Bucket=self.stack.output("ExportBucketName"), Key=key)

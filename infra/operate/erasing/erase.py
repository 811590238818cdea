"""Erasing the people of orders: recorded first, so that what was interrupted is carried on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from infra.operate.erasing.choose import Choice, ChosenOrders
from infra.operate.erasing.people import OrderPeople, PeopleOfOrders
from infra.operate.erasing.records import Erasure, Erasures
from infra.operate.stack import OperatedStack
from infra.operate.workers import share
from shared.clock import Clock, rfc3339, utc_now
from shared.domain.order import OrderKey

_EXPORT_PREFIX = "exports/{}/"


@dataclass(frozen=True, slots=True)
class ErasePeople:
    """Erases the people of orders, and shows before what it will erase.

    Args:
        stack: The stack.
        people: What is stored about the people of orders.
        chosen: Finds orders.
        erasures: The records of erasures.
        clock: The time.
    """

    stack: OperatedStack
    people: PeopleOfOrders
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
            ChosenOrders(dynamodb, table),
            Erasures(dynamodb, stack.output("ErasuresTableName")),
        )

    def find(self, studios: Iterable[str], choice: Choice) -> list[OrderPeople]:
        """Return the chosen orders that still have something to erase."""
        now = self.clock()
        keys = (key for studio in studios for key in self.chosen.find(studio, choice, now))
        found = (self.people.load(key) for key in keys)
        return [each for each in found if each is not None]

    def unfinished(self) -> list[OrderKey]:
        """Return the orders whose erasure was interrupted."""
        return [each.order for each in self.erasures.all() if each.finished_at is None]

    def __call__(
        self,
        orders: Iterable[OrderKey],
        *,
        by: str,
        why: str,
        chosen_by: str,
        on_order: Callable[[OrderKey], None] = lambda _: None,
    ) -> int:
        """Erase the people of orders and the files that may name them. Return how many orders.

        Each erasure is recorded before it begins. A repeat carries on what was interrupted.

        Args:
            orders: The orders.
            by: Who erases them.
            why: The reason; no personal data.
            chosen_by: How the orders were chosen.
            on_order: Called before each order.
        """
        count = 0
        for order in orders:
            on_order(order)
            at = rfc3339(self.clock())
            self.erasures.begin(Erasure(order, by, why, chosen_by, at))
            self.people.erase(order)
            self._delete_exports(order.studio_id)
            self.erasures.finish(order, rfc3339(self.clock()))
            count += 1
        return count

    def repeat_all(self, workers: int = 1) -> int:
        """Erase every order again that was ever erased. A restore may have brought it back.

        Args:
            workers: How many workers share the orders.

        Returns:
            How many orders were there.
        """
        orders = (each.order for each in self.erasures.all())
        return sum(share(workers, self.people.erase, orders))

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

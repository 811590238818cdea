"""Objects at Stripe that are not ours, in OrdersTable."""

from dataclasses import replace

from shared.domain.foreign_object import ForeignObject
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.foreign_object import foreign_from_values, foreign_to_item
from shared.gateways.records.keys import (
    FOREIGN_SK,
    PLATFORM_INDEX,
    PlatformPartition,
    foreign_pk,
    primary_key,
)
from shared.gateways.table import TableGateway


class ForeignObjects(TableGateway):
    """The objects that were found, each of which is named to people once."""

    def add(self, foreign: ForeignObject) -> bool:
        """Record an object that was found, and return whether it is the first time."""
        try:
            self._table.write(self._table.new(foreign_to_item(foreign)))
        except StaleStateError:
            return False
        return True

    def get(self, stripe_id: str) -> ForeignObject | None:
        """Read an object, consistently, or None."""
        values = self._table.get(foreign_pk(stripe_id), FOREIGN_SK)
        return foreign_from_values(values) if values else None

    def save(self, foreign: ForeignObject) -> None:
        """Replace an object that was read.

        Raises:
            StaleStateError: Somebody else has changed it.
        """
        stored = replace(foreign, version=foreign.version + 1)
        self._table.write(self._table.replacing(foreign_to_item(stored), foreign.version))

    def unacknowledged(self, limit: int) -> list[ForeignObject]:
        """Read the oldest objects that nobody has acknowledged, in any order.

        Args:
            limit: How many at most.
        """
        found, _ = self._table.page(
            "platform_pk = :pk",
            {":pk": PlatformPartition.FOREIGN.value},
            IndexName=PLATFORM_INDEX,
            Limit=limit,
        )
        keys = [primary_key(each["PK"], each["SK"]) for each in found]
        read = map(foreign_from_values, self._table.batch_get(keys, consistent=True))
        return [each for each in read if each.acknowledged_at is None]

"""What operators have stopped, in OrdersTable."""

from collections.abc import Iterator
from dataclasses import replace

from shared.domain.stops import StopChange, Stops
from shared.gateways.records.keys import (
    PLATFORM_PK,
    STOP_CHANGE_PREFIX,
    STOPS_SK,
)
from shared.gateways.records.stops import (
    stop_change_from_values,
    stop_change_to_item,
    stops_from_values,
    stops_to_item,
)
from shared.gateways.table import TableGateway


class StopsStore(TableGateway):
    """The one item that has all stops, and the record of each change."""

    def get(self) -> Stops:
        """Read all stops, consistently."""
        values = self._table.get(PLATFORM_PK, STOPS_SK)
        return stops_from_values(values) if values else Stops()

    def change(self, stops: Stops, change: StopChange) -> None:
        """Replace the stops that were read, and record who changed them and why.

        Args:
            stops: The changed stops, with the version that was read.
            change: The record.

        Raises:
            StaleStateError: Somebody else has changed them.
        """
        stored = replace(stops, version=stops.version + 1)
        item = stops_to_item(stored)
        begins = stops.version == 0
        self._table.write(
            self._table.new(item) if begins else self._table.replacing(item, stops.version),
            self._table.new(stop_change_to_item(change, stored.version)),
        )

    def changes(self) -> Iterator[StopChange]:
        """Yield all changes, the newest first."""
        found = self._table.query(
            "PK = :pk AND begins_with(SK, :prefix)",
            {":pk": PLATFORM_PK, ":prefix": STOP_CHANGE_PREFIX},
            ScanIndexForward=False,
        )
        return map(stop_change_from_values, found)

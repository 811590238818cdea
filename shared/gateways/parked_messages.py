"""What a studio's people see of parked messages, in OrdersTable."""

from contextlib import suppress
from dataclasses import replace

from shared.domain.parked import ParkedMessage
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.keys import parked_sk, studio_pk
from shared.gateways.records.parked_message import parked_from_values, parked_to_item
from shared.gateways.table import TableGateway


class ParkedRecords(TableGateway):
    """The record of each parked message, beside its studio."""

    def add(self, parked: ParkedMessage) -> None:
        """Record a parked message. A repeat changes nothing."""
        with suppress(StaleStateError):
            self._table.write(self._table.new(parked_to_item(parked)))

    def get(self, studio_id: str, parked_id: str) -> ParkedMessage | None:
        """Read a studio's parked message, consistently, or None."""
        values = self._table.get(studio_pk(studio_id), parked_sk(parked_id))
        return parked_from_values(values) if values else None

    def resolve(self, parked: ParkedMessage) -> None:
        """Record a resolution, also of a message that SQS parked without a record here.

        Raises:
            StaleStateError: The record has changed.
        """
        found = self.get(parked.studio_id, parked.parked_id)
        if found is None:
            self._table.write(self._table.new(parked_to_item(parked)))
        else:
            self.update(replace(parked, version=found.version))

    def update(self, parked: ParkedMessage) -> None:
        """Record a change of a parked message.

        Raises:
            StaleStateError: The record has changed.
        """
        stored = replace(parked, version=parked.version + 1)
        self._table.write(self._table.replacing(parked_to_item(stored), parked.version))

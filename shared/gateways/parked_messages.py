"""What a studio's people are told of messages that were put aside, in OrdersTable."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.parked import ParkedMessage
from shared.gateways import items
from shared.gateways.conflict import StaleStateError
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ParkedRecords:
    """The record of each parked message, beside its studio.

    Args:
        dynamodb: A low-level client.
        name: OrdersTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def add(self, parked: ParkedMessage) -> None:
        """Record a parked message; a repeat changes nothing."""
        with suppress(StaleStateError):
            self._table.write(self._table.new(items.parked_to_item(parked)))

    def get(self, studio_id: str, parked_id: str) -> ParkedMessage | None:
        """Read a studio's parked message, consistently, or None."""
        values = self._table.get(items.studio_pk(studio_id), items.parked_sk(parked_id))
        return items.parked_from_values(values) if values else None

    def resolve(self, parked: ParkedMessage) -> None:
        """Record what became of a message, also of one that SQS put aside and no record is of.

        Raises:
            StaleStateError: It has changed.
        """
        found = self.get(parked.studio_id, parked.parked_id)
        if found is None:
            self._table.write(self._table.new(items.parked_to_item(parked)))
        else:
            self.update(replace(parked, version=found.version))

    def update(self, parked: ParkedMessage) -> None:
        """Record what became of it.

        Raises:
            StaleStateError: It has changed.
        """
        stored = replace(parked, version=parked.version + 1)
        self._table.write(self._table.replacing(items.parked_to_item(stored), parked.version))

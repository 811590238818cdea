"""Studios, and what an import has to know of what is there already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.ledger import LedgerHead
from shared.gateways import items
from shared.gateways.table import CURRENCY_UNCHANGED, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class ImportState:
    """What is there already of the orders and charges of an import."""

    documents: dict[str, Mapping[str, Any]]
    orders_of_charges: dict[str, str]


class Studios:
    """The studios' items and the look-ups of an import, in OrdersTable.

    Args:
        dynamodb: A low-level client.
        name: OrdersTable's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self._table = Table(dynamodb, name)

    def get(self, studio_id: str) -> Mapping[str, Any] | None:
        """Read a studio as it was imported, consistently, or None."""
        values = self._table.get(items.studio_pk(studio_id), items.STUDIO_SK)
        return _document(values) if values else None

    def add(self, document: Mapping[str, Any], head: LedgerHead, due_at: str) -> None:
        """Add a studio with an empty ledger.

        Args:
            document: The studio as imported.
            head: Its ledger's head.
            due_at: When its first payout is due, RFC 3339 in UTC.

        Raises:
            StaleStateError: It is there already.
        """
        studio = items.key(items.studio_pk(head.studio_id), items.STUDIO_SK)
        self._table.write(
            self._table.new(studio | items.marshal(document)),
            self._table.new(items.head_to_item(head)),
            self._table.new(items.next_payout_item(head.studio_id, due_at)),
        )

    def update(self, document: Mapping[str, Any]) -> None:
        """Put other content in the place of a studio's.

        Raises:
            StaleStateError: It is not there, or in another currency.
        """
        studio = items.key(items.studio_pk(document["studio_id"]), items.STUDIO_SK)
        item = studio | items.marshal(document)
        self._table.write(self._table.when(CURRENCY_UNCHANGED, document["currency"], item))

    def import_state(self, order_ids: list[str], charge_ids: list[str]) -> ImportState:
        """Read what is there already of these orders and charges, consistently."""
        keys = [items.key(items.order_pk(each), items.ORDER_SK) for each in set(order_ids)]
        keys += [items.key(items.charge_pk(each), items.CHARGE_SK) for each in set(charge_ids)]
        state = ImportState({}, {})
        for values in self._table.batch_get(keys, consistent=True):
            if values["SK"] == items.ORDER_SK:
                state.documents[values["order_id"]] = _document(values)
            else:
                charge_id = values["PK"].removeprefix("CHARGE#")
                state.orders_of_charges[charge_id] = values["order_id"]
        return state


def _document(values: items.Values) -> Mapping[str, Any]:
    """Return what was imported, without the table's keys."""
    return {name: value for name, value in values.items() if name not in {"PK", "SK", "date_sk"}}

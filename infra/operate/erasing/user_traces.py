"""Where a studio's records have a user's id: what the user did, and what was done to them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra.operate.erasing.records import UserKey
from shared.gateways.records.keys import DATE_INDEX, studio_pk, users_pk
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class UserTraces:
    """Finds a user's id in a studio's records. It reads all of them.

    Args:
        dynamodb: A client.
        orders_table: The name of OrdersTable.
        ledger_table: The name of LedgerTable.
    """

    def __init__(self, dynamodb: "DynamoDBClient", orders_table: str, ledger_table: str) -> None:
        self._orders = Table(dynamodb, orders_table)
        self._ledger = Table(dynamodb, ledger_table)

    def find(self, key: UserKey) -> Iterator[dict[str, Any]]:
        """Yield each record that has the user's id, with the fields that have it."""
        for table, pk in self._partitions(key.studio_id):
            for values in table.query("PK = :pk", {":pk": pk}, ConsistentRead=True):
                where = values.pop("PK"), values.pop("SK")
                if found := list(_paths(values, key.user_id)):
                    yield {"in": where[0], "record": where[1], "fields": found}

    def _partitions(self, studio_id: str) -> Iterator[tuple[Table, str]]:
        yield self._orders, studio_pk(studio_id)
        yield self._orders, users_pk(studio_id)
        yield self._ledger, studio_pk(studio_id)
        condition, wanted = "studio_id = :studio", {":studio": studio_id}
        for values in self._orders.query(condition, wanted, IndexName=DATE_INDEX):
            yield self._orders, values["PK"]


def _paths(value: object, wanted: str, *path: str) -> Iterator[str]:
    """Yield where a text is inside a record's value, such as ``history.0.by``."""
    if value == wanted:
        yield ".".join(path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, wanted, *path, name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _paths(inner, wanted, *path, str(number))

"""Studios, and what an import has to know of what is there already."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.domain.ledger import LedgerHead
from shared.gateways import items
from shared.gateways.conflict import transact
from shared.gateways.orders_table import NOT_THERE_YET

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
_KEYS_PER_BATCH = 100


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
        self._dynamodb = dynamodb
        self._name = name

    def get(self, studio_id: str) -> Mapping[str, Any] | None:
        """Read a studio as it was imported, consistently, or None."""
        answer = self._dynamodb.get_item(
            TableName=self._name,
            Key=items.key(items.studio_pk(studio_id), items.STUDIO_SK),
            ConsistentRead=True,
        )
        return _document(items.unmarshal(answer["Item"])) if "Item" in answer else None

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
        transact(
            self._dynamodb,
            [
                {
                    "Put": {
                        "TableName": self._name,
                        "Item": item,
                        "ConditionExpression": NOT_THERE_YET,
                    }
                }
                for item in (
                    studio | items.marshal(document),
                    items.head_to_item(head),
                    items.next_payout_item(head.studio_id, due_at),
                )
            ],
        )

    def import_state(self, order_ids: list[str], charge_ids: list[str]) -> ImportState:
        """Read what is there already of these orders and charges, consistently."""
        keys = [items.key(items.order_pk(each), items.ORDER_SK) for each in set(order_ids)]
        keys += [items.key(items.charge_pk(each), items.CHARGE_SK) for each in set(charge_ids)]
        state = ImportState({}, {})
        for values in self._batch_get(keys):
            if values["SK"] == items.ORDER_SK:
                state.documents[values["order_id"]] = _document(values)
            else:
                charge_id = values["PK"].removeprefix("CHARGE#")
                state.orders_of_charges[charge_id] = values["order_id"]
        return state

    def _batch_get(self, keys: list[items.Item]) -> Iterator[items.Values]:
        for batch in batched(keys, _KEYS_PER_BATCH, strict=False):
            asked = {self._name: {"Keys": list(batch), "ConsistentRead": True}}
            while asked:
                answer = self._dynamodb.batch_get_item(RequestItems=asked)  # type: ignore[arg-type]  # the stubs want their own unprocessed-keys type
                yield from map(items.unmarshal, answer["Responses"][self._name])
                asked = answer.get("UnprocessedKeys", {})  # type: ignore[assignment]  # the same


def _document(values: items.Values) -> Mapping[str, Any]:
    """Return what was imported, without the table's keys."""
    return {name: value for name, value in values.items() if name not in {"PK", "SK", "date_sk"}}

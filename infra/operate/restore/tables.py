"""Restores earlier states of the tables into copies beside them, and checks that the copies agree.

DynamoDB restores a point in time into new tables only, and so does AWS Backup. ``put_back`` then
copies the differences into the tables themselves.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from infra.operate.ledger_verification import studios_of, verify_studio
from infra.operate.workers import share
from shared.domain.ledger import ORDER_KINDS, EntryKind
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.gateways.adjustments import Adjustments
from shared.gateways.ledger_entries import read_contents
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.orders_table import OrdersTable
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# More entries than a studio's ledger gets in a second. Older entries cannot be torn.
_LAST_ENTRIES = 100


def restore_to(dynamodb: "DynamoDBClient", table: str, at: datetime, into: str) -> None:
    """Begin to restore a table's earlier state into a new table, unless that exists.

    Args:
        dynamodb: A client.
        table: The damaged table, with point-in-time recovery.
        at: The time to go back to, with a time zone. DynamoDB counts in seconds.
        into: The new table's name.
    """
    with suppress(dynamodb.exceptions.TableAlreadyExistsException):
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=into, RestoreDateTime=at
        )


def is_there(dynamodb: "DynamoDBClient", table: str) -> bool:
    """Return whether a table exists, or is being restored."""
    try:
        dynamodb.describe_table(TableName=table)
    except dynamodb.exceptions.ResourceNotFoundException:
        return False
    return True


def wait_until_restored(dynamodb: "DynamoDBClient", table: str) -> None:
    """Wait until a table is restored. That may take hours."""
    dynamodb.get_waiter("table_exists").wait(
        TableName=table, WaiterConfig={"Delay": 20, "MaxAttempts": 2000}
    )


@dataclass(frozen=True)
class Copies:
    """The restored copies of OrdersTable and LedgerTable.

    Args:
        dynamodb: A client.
        orders: The name of OrdersTable's copy.
        ledger: The name of LedgerTable's copy.
        workers: How many workers share the work.
    """

    dynamodb: "DynamoDBClient"
    orders: str
    ledger: str
    workers: int = 1

    def torn(self) -> list[str]:
        """Return where the copies do not agree, in words.

        DynamoDB restores each table by itself. A transaction of that very second may be in one
        table and not in the other.
        """
        problems = share(self.workers, self._torn, self._studios())
        return [each for found in problems for each in found]

    def drop_newer_entries(self) -> int:
        """Delete the ledger's entries that are newer than their head, and return how many.

        AWS Backup reads each table at another time, the ledger last. The entries made between are
        of refunds that the orders do not know yet. The replay enters them again.
        """
        return sum(share(self.workers, self._drop_newer, self._studios()))

    def _studios(self) -> list[str]:
        return studios_of(self.dynamodb, self.ledger, self.workers)

    def _torn(self, studio_id: str) -> list[str]:
        problem = verify_studio(self.dynamodb, self.orders, self.ledger, studio_id).problem
        if problem is not None:
            return [f"{studio_id}: {problem}"]
        return list(self._torn_entries(studio_id))

    def _torn_entries(self, studio_id: str) -> Iterator[str]:
        orders = OrdersTable(self.dynamodb, self.orders)
        adjustments = Adjustments(self.dynamodb, self.orders)
        for entry in deque(read_contents(self.dynamodb, self.ledger, studio_id), _LAST_ENTRIES):
            if entry["kind"] in ORDER_KINDS and "refund_id" in entry:
                order = OrderKey(studio_id, str(entry["order_id"]))
                refund = orders.get_refund(order, str(entry["refund_id"]))
                if not _knows(refund, int(entry["seq"])):
                    yield f"{studio_id}: entry {entry['seq']} has no refund that is so far"
            elif entry["kind"] == EntryKind.ADJUSTMENT:
                # One that still waits could be approved, and entered, a second time.
                adjustment = adjustments.get(studio_id, str(entry["adjustment_id"]))
                if adjustment is None or adjustment.entry_seq != entry["seq"]:
                    yield f"{studio_id}: entry {entry['seq']} has no approved adjustment"

    def _drop_newer(self, studio_id: str) -> int:
        head = LedgerStore(self.dynamodb, self.orders, self.ledger).load_head(studio_id)
        last_seq, dropped = head.seq if head else 0, 0
        for entry in read_contents(self.dynamodb, self.ledger, studio_id):
            seq = int(entry["seq"])
            if seq > last_seq:
                key = primary_key(studio_pk(studio_id), entry_sk(seq))
                self.dynamodb.delete_item(TableName=self.ledger, Key=key)
                dropped += 1
        return dropped


def _knows(refund: Refund | None, seq: int) -> bool:
    return refund is not None and seq in {refund.settled_seq, refund.failed_seq}

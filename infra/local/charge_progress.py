"""Waits until the charges of imported orders are read at Stripe."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.local.engine import Aws
from shared.domain.order import OrderKey
from shared.gateways.open_work import OpenWorkIndex

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_POLL_SECONDS = 0.3
# A message that failed stays in the queue, and comes back much later.
_STALLED_SECONDS = 30.0
_MESSAGE_COUNTS: "tuple[QueueAttributeNameType, ...]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


@dataclass(frozen=True)
class ChargeProgress:
    """Shows how many charges are verified. Until then, their orders are no sales.

    Attributes:
        queue_url: The queue of the charges to read.
    """

    aws: Aws
    orders_table: str
    queue_url: str

    def wait(self, orders: Iterable[dict[str, Any]], on_progress: Callable[[str], None]) -> str:
        """Wait until the charges of these orders are verified, and return how many are, in words.

        It ends when all were read: Stripe may not know a charge, or a bank may not have paid it
        yet. It also ends when nothing moves, on a busy machine for example.

        Args:
            orders: The orders, as imported.
            on_progress: Receives the progress in words.
        """
        charged = {
            OrderKey(order["studio_id"], order["order_id"])
            for order in orders
            if order["stripe"]["charge_id"]
        }
        waiting, changed_at = len(charged), time.monotonic()
        while time.monotonic() - changed_at < _STALLED_SECONDS:
            # The queue is asked first: a charge that was read leaves it last.
            all_read = self._is_queue_empty()
            before, waiting = waiting, self._waiting(charged)
            if waiting == 0:
                return f"{len(charged)} charges"
            if all_read:
                return f"{len(charged) - waiting} of {len(charged)} charges, {waiting} not paid yet"
            if waiting != before:
                changed_at = time.monotonic()
            on_progress(f"{len(charged) - waiting} of {len(charged)} charges")
            time.sleep(_POLL_SECONDS)
        return f"{len(charged) - waiting} of {len(charged)} charges, {waiting} still in the queue"

    def _is_queue_empty(self) -> bool:
        answer = self.aws.sqs.get_queue_attributes(
            QueueUrl=self.queue_url, AttributeNames=_MESSAGE_COUNTS
        )
        return not any(int(answer["Attributes"][name]) for name in _MESSAGE_COUNTS)

    def _waiting(self, charged: set[OrderKey]) -> int:
        index = OpenWorkIndex(self.aws.dynamodb, self.orders_table)
        return sum(work.order in charged for work in index.charges(None))

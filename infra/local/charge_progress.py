"""Waits until the charges of imported orders are read at Stripe."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from infra.local.engine import Aws
from shared.domain.order import OrderKey
from shared.gateways.open_work import OpenWorkIndex

_POLL_SECONDS = 0.3
# A message that failed comes back much later.
_STALLED_SECONDS = 30.0


@dataclass(frozen=True)
class ChargeProgress:
    """Shows how many charges are verified. Until then, their orders are no sales."""

    aws: Aws
    orders_table: str

    def wait(self, orders: Iterable[dict[str, Any]], on_progress: Callable[[str], None]) -> str:
        """Wait until the charges of these orders are verified, and return how many are, in words.

        It gives up when no more are verified, because Stripe may not know a charge, or a bank may
        not have paid it yet.

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
            before, waiting = waiting, self._waiting(charged)
            if waiting == 0:
                return f"{len(charged)} charges"
            if waiting != before:
                changed_at = time.monotonic()
            on_progress(f"{len(charged) - waiting} of {len(charged)} charges")
            time.sleep(_POLL_SECONDS)
        return f"{len(charged) - waiting} of {len(charged)} charges, {waiting} not paid yet"

    def _waiting(self, charged: set[OrderKey]) -> int:
        index = OpenWorkIndex(self.aws.dynamodb, self.orders_table)
        return sum(work.order in charged for work in index.charges(None))

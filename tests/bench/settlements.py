"""Measures how fast one busy studio's refunds settle: a batch together, against one by one.

Both take turns in one run, on the same engine. The batches are what Lambda gets of a FIFO queue at
most. Only the settlements are in the times, not SQS and not the start of a function.
"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import batched

from infra.local.engine import Aws
from infra.local.stack import Stack
from infra.stripe_standin import running_standin
from shared.clock import rfc3339
from shared.domain.refund import Refund, RefundKey, RefundStatus
from tests.bench.meter import Consumption, Meter
from tests.integration.backend import Backend
from tests.local_http import HTTP

# The most that Lambda gets of a FIFO queue with one call.
BATCH = 10
ROUNDS = 4


@dataclass(frozen=True)
class SettlementSpeed:
    """How fast batches settle together, as a ratio to the same number one by one.

    Attributes:
        ratio: Settlements a second together, for each one a second one by one: the median over
            the rounds.
        low: The lower quartile.
        high: The upper quartile.
        one_by_one: The consumption of one batch that settles one by one.
        together: The consumption of one batch that settles together.
    """

    ratio: float
    low: float
    high: float
    one_by_one: Consumption
    together: Consumption


def measure_settlements(stack: Stack, rounds: int = ROUNDS) -> SettlementSpeed:
    """Settle batches of one studio one by one and together, in turn.

    Raises:
        AssertionError: A refund did not settle, or the ledger does not verify.
    """
    with running_standin() as standin:
        HTTP.post(f"{standin.control_url}/webhooks", json={"mode": "hold"}).raise_for_status()
        clients = Aws(stack.aws.endpoint_url, stack.aws.region)  # the meter hooks into them
        backend = Backend(
            dynamodb=clients.dynamodb,
            sqs=clients.sqs,
            orders_table=stack.tables["orders"],
            ledger_table=stack.tables["ledger"],
            stripe_url=standin.url,
        )
        return _compare(backend, rounds)


def _compare(backend: Backend, rounds: int) -> SettlementSpeed:
    def one_by_one(batch: list[RefundKey]) -> None:
        for each in batch:
            backend.settle_refund(each.order, each.refund_id)

    batches = _confirmed_batches(backend, 2 * rounds + 2)
    meter = Meter(
        backend.dynamodb,
        backend.sqs,
        backend.stripe_url,
        {backend.orders_table: "orders", backend.ledger_table: "ledger"},
    )
    meter.start()
    one_by_one(batches.pop())
    alone = meter.read()
    backend.settle_refund.together(batches.pop())
    together = meter.read()
    ratios = [
        _seconds(one_by_one, batches.pop())
        / _seconds(backend.settle_refund.together, batches.pop())
        for _ in range(rounds)
    ]
    if backend.open_work() or backend.verify() is not None:
        raise AssertionError("the settlements did not come to their end")
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return SettlementSpeed(middle, low, high, alone, together)


def _confirmed_batches(backend: Backend, count: int) -> list[list[RefundKey]]:
    """Return batches of refunds that wait to be settled, each of its own order."""
    orders = [backend.order() for _ in range(count * BATCH)]
    backend.import_orders(map(json.dumps, orders))
    keys = [_confirmed(backend, backend.refund(order["order_id"])) for order in orders]
    return [list(batch) for batch in batched(keys, BATCH, strict=True)]


def _confirmed(backend: Backend, refund: Refund) -> RefundKey:
    """Record that Stripe has made a refund, as the webhook does."""
    at = rfc3339(backend.clock())
    backend.orders.advance_refund(
        backend.current(refund).with_status(RefundStatus.SUCCEEDED, at, "stripe_webhook")
    )
    return RefundKey(refund.order_key, refund.refund_id)


def _seconds(settle: Callable[[list[RefundKey]], object], batch: list[RefundKey]) -> float:
    began = time.perf_counter()
    settle(batch)
    return time.perf_counter() - began

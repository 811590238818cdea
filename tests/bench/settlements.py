"""Measures how fast one busy studio's refunds settle: a batch together, against one by one.

Both take turns in one run, on the same engine. The batches are what Lambda gets of a FIFO queue at
most. Only the settlements are in the times, not SQS and not the start of a function.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from infra.local.engine import Aws
from infra.local.stack import Stack
from infra.stripe_standin import running_standin
from shared.domain.refund import RefundKey
from tests.bench.meter import Consumption, Meter
from tests.integration.backend import Backend

# The most that Lambda gets of a FIFO queue with one call.
BATCH = 10
ROUNDS = 10


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
        httpx.post(
            f"{standin.control_url}/webhooks", json={"mode": "hold"}, timeout=30
        ).raise_for_status()
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

    batches = [_confirmed_batch(backend) for _ in range(2 * rounds + 2)]
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


def _confirmed_batch(backend: Backend) -> list[RefundKey]:
    """Return a batch of refunds of different orders that wait to be settled."""
    refunds = [backend.refund(backend.sell()) for _ in range(BATCH)]
    backend.deliver()
    return [RefundKey(each.order_key, each.refund_id) for each in refunds]


def _seconds(settle: Callable[[list[RefundKey]], object], batch: list[RefundKey]) -> float:
    began = time.perf_counter()
    settle(batch)
    return time.perf_counter() - began

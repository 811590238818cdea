"""Concurrent requests: exactly what fits goes through, and each key makes one refund."""

import json
from collections import Counter

import pytest

from shared.domain.errors import (
    AmountExceedsRefundableError,
    NothingRefundableError,
)
from shared.domain.refund import Refund
from shared.gateways.conflict import StaleStateError
from tests.at_once import race
from tests.integration.backend import Backend

pytestmark = pytest.mark.stack


def test_of_16_refunds_of_a_third_three_fit(backend: Backend) -> None:
    order_id = backend.sell()
    answers = race(16, lambda _: backend.refund(order_id, 3000))
    assert Counter(type(answer) for answer in answers) == {
        Refund: 3,
        AmountExceedsRefundableError: 13,
    }
    backend.settle_all()
    assert backend.record(order_id).state.settled_amount == 9000
    assert sum(each["amount"] for each in backend.stripe_refunds(order_id)) == 9000
    assert backend.verify() is None


def test_of_8_full_refunds_one_goes_through(backend: Backend) -> None:
    order_id = backend.sell()
    answers = race(8, lambda _: backend.refund(order_id))
    assert Counter(type(answer) for answer in answers) == {Refund: 1, NothingRefundableError: 7}


def test_concurrent_requests_with_one_key_make_one_refund(backend: Backend) -> None:
    order_id = backend.sell()
    answers = race(8, lambda _: backend.refund(order_id, 2000, key="k"))
    assert len({answer.refund_id for answer in answers if isinstance(answer, Refund)}) == 1
    assert all(isinstance(answer, Refund) for answer in answers)
    assert len(backend.stripe_refunds(order_id)) == 1


def settle_with_retries(backend: Backend, refund: Refund) -> None:
    """Settle a refund as the queue does: retry it when it lost too many races."""
    for _ in range(20):
        try:
            backend.settle_refund(refund.order_key, refund.refund_id)
        except StaleStateError:
            continue
        return
    raise AssertionError(f"{refund.refund_id} never settled")


def sell_charged(backend: Backend) -> None:
    """Sell an order whose charge exists before anybody else can read the queue's message."""
    record = backend.order()
    backend.charge(record)
    backend.record_orders([json.dumps(record)])
    backend.read_charges()


def test_settlements_and_imports_of_one_studio_leave_no_gap(backend: Backend) -> None:
    orders = [backend.sell() for _ in range(6)]
    for order_id in orders:
        backend.refund(order_id, 1000)
    backend.deliver()

    def work(number: int) -> None:
        if number < len(orders):
            refund = next(iter(backend.record(orders[number]).refunds.values()))
            settle_with_retries(backend, refund)
        else:
            sell_charged(backend)

    race(10, work)
    kinds = Counter(entry["kind"] for entry in backend.entries())
    assert kinds == {"sale": 10, "refund": 6}
    assert backend.verify() is None

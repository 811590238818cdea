"""Stripe's events about an order cost the same, however many refunds it has."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from functions.stripe_webhook.handle_event import KNOWN_IN_A_ROW, HandleEvent, StripeEvent
from shared.domain.order import OrderKey, OrderState
from shared.domain.payment_status import PaymentStatus
from shared.domain.refund import Refund, RefundStatus, refund_id_of_external
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.order_refunds import SettlementRecord
from shared.workflow.record_stripe_refund import RecordStripeRefund

from .orders import ORDER, STUDIO, hundred_dollars, refund_of

KEY = OrderKey(STUDIO, ORDER)


@dataclass(frozen=True)
class Pointer:
    """Where a charge leads."""

    charge_id: str = "ch_1"
    account_id: str | None = None
    order: OrderKey = KEY


@dataclass
class Books:
    """The stored refunds of one order. It counts the items that are read."""

    state: OrderState
    refunds: dict[str, Refund] = field(default_factory=dict)
    items_read: int = 0

    def get_refund(self, _: OrderKey, refund_id: str) -> Refund | None:
        self.items_read += 1
        return self.refunds.get(refund_id)

    def load_settlement(self, _: OrderKey) -> SettlementRecord:
        self.items_read += 1 + len(self.refunds)
        return SettlementRecord(self.state, dict(self.refunds), None)

    def record_external_refund(self, state: OrderState, refund: Refund) -> None:
        self.state, self.refunds[refund.refund_id] = state, refund

    def find(self, _: str) -> Pointer:
        self.items_read += 1
        return Pointer()

    def announce(self, *_: object) -> None:
        """Take a message."""


@dataclass
class Desk:
    """The webhook with one order, and the refunds of its charge at Stripe, oldest first."""

    books: Books
    at_stripe: list[StripeRefund] = field(default_factory=list)
    listed: int = 0

    def newest_of_charge(self, _: str, __: str | None) -> Iterator[StripeRefund]:
        for report in reversed(self.at_stripe):
            self.listed += 1
            yield report

    def charge_refunded(self) -> list[str]:
        """Deliver the event, and return the outcomes."""
        books: Any = self.books
        record = RecordStripeRefund(
            books, books, books, lambda: datetime(2026, 10, 14, tzinfo=UTC), "stripe_webhook"
        )
        handle = HandleEvent(
            books, books, record, lambda: self, cast("Any", None), cast("Any", None)
        )
        event = StripeEvent("evt_1", "charge.refunded", False, None, {"id": "ch_1"})  # noqa: FBT003  # livemode
        return [outcome for outcome, _ in handle(event)]

    def refund_outside(self) -> None:
        """Refund ten cents in Stripe's dashboard."""
        number = len(self.at_stripe) + 1
        self.at_stripe.append(report(number))

    def refund_here(self) -> None:
        """Refund ten cents through the product, and record Stripe's answer."""
        number = len(self.at_stripe) + 1
        refund = refund_of(hundred_dollars(), f"rf_{number}", 10)
        confirmed = replace(refund, stripe_refund_id=f"re_{number}", status=RefundStatus.SETTLED)
        self.books.refunds[refund.refund_id] = confirmed
        self.at_stripe.append(replace(report(number), refund_id=refund.refund_id, order_key=KEY))

    def read_by_one_event(self) -> tuple[int, int]:
        """Return how many items the next event reads, and how many refunds it asks Stripe for."""
        self.books.items_read = self.listed = 0
        self.charge_refunded()
        return self.books.items_read, self.listed


def report(number: int) -> StripeRefund:
    return StripeRefund(
        stripe_refund_id=f"re_{number}",
        charge_id="ch_1",
        status=RefundStatus.SUCCEEDED,
        amount=10,
        currency="usd",
        created=1_790_000_000 + number,
        balance_transaction_id=f"txn_{number}",
    )


def desk() -> Desk:
    state = replace(hundred_dollars().state, payment_status=PaymentStatus.PAID)
    return Desk(Books(state))


@pytest.mark.parametrize("make", [Desk.refund_here, Desk.refund_outside])
def test_an_event_among_500_refunds_reads_what_it_reads_among_20(make: Any) -> None:  # noqa: ANN401  # a way to refund
    read = {}
    for count in (20, 100, 500):
        busy = desk()
        for _ in range(count):
            make(busy)
        busy.charge_refunded()
        assert len(busy.books.refunds) == count
        read[count] = busy.read_by_one_event()
    assert read[20] == read[100] == read[500]
    items, listed = read[500]
    assert listed == KNOWN_IN_A_ROW
    assert items <= 3 * KNOWN_IN_A_ROW


def test_500_refunds_made_outside_cost_one_read_of_the_order_each() -> None:
    busy, read = desk(), []
    for _ in range(500):
        busy.refund_outside()
        read.append(busy.read_by_one_event()[0])
    assert len(busy.books.refunds) == 500
    assert busy.books.state.committed_amount == 5_000
    # The new one looks at the others once. Each known one is found by its id.
    assert max(read) == read[-1] <= 500 + 3 * (KNOWN_IN_A_ROW + 1)


def test_refunds_whose_events_were_lost_are_recorded_with_the_next_one() -> None:
    busy = desk()
    for _ in range(30):
        busy.refund_outside()
    busy.charge_refunded()
    for _ in range(25):
        busy.refund_outside()
    outcomes = busy.charge_refunded()
    assert outcomes.count("RefundExternal") == 25
    assert outcomes.count("RefundReportRepeated") == KNOWN_IN_A_ROW
    assert len(busy.books.refunds) == 55


def test_a_lost_one_among_the_newest_ten_is_found() -> None:
    busy = desk()
    for _ in range(50):
        busy.refund_outside()
    busy.charge_refunded()
    del busy.books.refunds[refund_id_of_external("re_45")]
    assert busy.charge_refunded().count("RefundExternal") == 1
    assert len(busy.books.refunds) == 50


def test_an_order_that_is_no_sale_yet_has_its_charge_read_once() -> None:
    busy = desk()
    busy.books.state = replace(busy.books.state, payment_status=PaymentStatus.UNVERIFIED)
    for _ in range(500):
        busy.refund_outside()
    assert busy.charge_refunded() == ["ChargeAnnounced"]
    assert busy.listed == 1

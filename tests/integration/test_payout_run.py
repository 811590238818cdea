"""The payout run pays each cent once, however often it runs and whatever settles meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import rfc3339
from shared.domain.ledger import LedgerHead
from shared.domain.payout import PayoutStatus, PayoutWork
from shared.domain.payout_booking import Booking
from tests.at_once import at_once
from tests.integration.backend import Backend
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts, assert_nothing_is_lost

pytestmark = pytest.mark.stack


def test_a_week_is_paid_with_its_deduction_and_traceable_to_the_cent(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    order_id, other = backend.sell(), backend.sell()
    refund_id = backend.refund_and_settle(order_id).refund_id

    before = payouts.next()
    assert before.page.statement.total_amount == before.paid_amount == 2 * NET - 8500
    assert payouts.run().done == {}  # nothing is due yet
    assert payouts.pay_day() == {"PayoutPaid": 1}

    payout = payouts.last()
    assert payout.payout_id == f"po_{backend.studio_id}_{payout.period_end}"
    assert (payout.status, payout.total_amount) == (PayoutStatus.PAID, 2 * NET - 8500)
    assert (payout.paid_amount, payout.carried_amount) == (payout.total_amount, 0)
    assert [step.status.value for step in payout.history] == ["closing", "transferring", "paid"]
    (transfer,) = payouts.transfers()
    assert transfer["id"] == payout.transfer_id
    assert (transfer["amount"], transfer["destination"]) == (payout.paid_amount, ACCOUNT)
    assert transfer["transfer_group"] == payout.payout_id
    assert transfer["metadata"] == {
        "payout_id": payout.payout_id,
        "studio_id": backend.studio_id,
    }
    lines = payouts.lines_of(payout)
    assert [(line.kind, line.order_id) for line in lines] == [
        ("sale", order_id),
        ("sale", other),
        ("refund", order_id),
    ]
    deduction = lines[-1]
    assert deduction.refund_id == refund_id
    assert (deduction.gross_amount, deduction.rev_share_amount) == (-10000, 1500)
    assert (deduction.stripe_fee_amount, deduction.net_amount) == (0, -8500)
    assert payouts.next().page.lines == []
    assert_nothing_is_lost(payouts)


def test_a_period_is_paid_once_however_often_the_run_repeats(payouts: StudioPayouts) -> None:
    payouts.backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    for _ in range(3):
        assert payouts.run().done == {}
    payouts.backend.clock.ahead += timedelta(hours=1)
    assert payouts.run().done == {}
    assert len(payouts.transfers()) == len(payouts.all()) == 1
    assert_nothing_is_lost(payouts)


def test_concurrent_runs_make_one_payout_and_one_transfer(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    outcomes = at_once(6, lambda _: payouts.run().done)
    assert not any("PayoutRunFailed" in outcome for outcome in outcomes)
    payouts.later()
    assert payouts.last().status is PayoutStatus.PAID
    assert len(payouts.transfers()) == len(payouts.all()) == 1
    assert_nothing_is_lost(payouts)


class SettlingPayoutStore:
    """Wraps the payout store, and settles a refund just before each of the first writes."""

    def __init__(self, backend: Backend, settle: list[Callable[[], object]]) -> None:
        self._store, self._settle = backend.payout_store, settle

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any of the store's methods
        return getattr(self._store, name)

    def record_payout(
        self, head: LedgerHead, closing: Booking, due_at: str, next_due_at: str
    ) -> None:
        if self._settle:
            self._settle.pop()()
        self._store.record_payout(head, closing, due_at, next_due_at)


def test_a_refund_that_settles_during_the_run_is_in_the_next_payout(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    first, second, third = (backend.sell() for _ in range(3))
    backend.clock.ahead += timedelta(days=7)
    during = [lambda: backend.refund_and_settle(second), lambda: backend.refund_and_settle(first)]
    runner = payouts.runner(ledger=SettlingPayoutStore(backend, list(during)))
    assert payouts.run(runner).done == {"PayoutPaid": 1}
    backend.refund_and_settle(third)

    in_this_payout = [
        line.order_id for line in payouts.lines_of(payouts.last()) if line.kind == "refund"
    ]
    in_the_next = [line.order_id for line in payouts.next().page.lines if line.kind == "refund"]
    assert in_this_payout == []
    assert in_the_next == [first, second, third]
    assert payouts.last().paid_amount == 4 * NET
    assert payouts.last().entry_seq == payouts.last().last_seq + 3
    assert_nothing_is_lost(payouts)


def test_refunds_that_settle_while_payouts_run_are_in_exactly_one_payout(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    orders = [backend.sell() for _ in range(12)]
    refunds = [backend.refund(order_id, 1000) for order_id in orders]
    backend.deliver()
    backend.clock.ahead += timedelta(days=7)

    def settle_half_or_run(number: int) -> None:
        if number == 2:
            payouts.run()
            return
        for refund in refunds[number::2]:
            backend.settle_refund(refund.order_key, refund.refund_id)

    at_once(3, settle_half_or_run)
    payouts.later()
    lines = [*payouts.lines_of(payouts.last()), *payouts.next().page.lines]
    found = sorted(line.refund_id or "" for line in lines if line.kind == "refund")
    assert found == sorted(refund.refund_id for refund in refunds)
    assert_nothing_is_lost(payouts)


def test_one_studio_that_cannot_be_paid_out_does_not_stop_the_others(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    # A studio that is due but has no other records.
    backend.dynamodb.put_item(
        TableName=backend.orders_table,
        Item={
            "PK": {"S": "STUDIO#st_lost"},
            "SK": {"S": "NEXT_PAYOUT"},
            "open_pk": {"S": "PAYOUT_DUE"},
            "open_due": {"S": "2020-01-01T00:00:00.000Z"},
        },
    )
    assert payouts.run().done == {"PayoutRunFailed": 1, "PayoutPaid": 1}
    assert_nothing_is_lost(payouts)


def test_a_message_about_what_is_done_already_changes_nothing(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    works = list(payouts.table.work(rfc3339(backend.clock())))
    assert works == [PayoutWork(backend.studio_id)]
    runner = payouts.runner()
    assert [runner(work) for work in works * 3] == ["PayoutPaid", *["PayoutNothingDue"] * 2]
    paid = payouts.last()
    assert runner(PayoutWork(backend.studio_id, paid.payout_id)) == "PayoutNothingOpen"
    assert runner(PayoutWork(backend.studio_id, "po_gone")) == "PayoutNothingOpen"
    assert payouts.all() == [paid]
    assert_nothing_is_lost(payouts)


def test_messages_of_one_studio_at_the_same_time_pay_once(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    work = PayoutWork(backend.studio_id)
    outcomes = at_once(6, lambda _: payouts.runner()(work))
    assert "PayoutPaid" in outcomes
    payouts.later()
    assert len(payouts.transfers()) == 1
    assert_nothing_is_lost(payouts)


def test_weeks_without_a_run_become_one_payout_that_covers_all_their_days(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    payouts.pay_day()
    first = payouts.last()
    backend.sell()
    backend.clock.ahead += timedelta(days=21)
    assert payouts.run().done == {"PayoutPaid": 1}
    last = payouts.last()
    assert len(payouts.all()) == 2
    assert last.period_start > first.period_end
    assert last.period_end[:4] >= first.period_end[:4]
    assert_nothing_is_lost(payouts)

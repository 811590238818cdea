"""How a payout ends: paid, refused by Stripe, carried or held. And how the next one begins."""

import pytest

from shared.domain.payout import PayoutStatus
from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import (
    ACCOUNT,
    NET,
    TRANSFERS,
    StudioPayouts,
    assert_nothing_is_lost,
)

pytestmark = pytest.mark.stack


def test_a_transfer_that_comes_back_at_once_returns_to_the_balance_and_holds_the_payouts(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control("faults", fault="fail_at_once", match=TRANSFERS)
    assert payouts.pay_day() == {"PayoutFailed": 1}
    failed = payouts.last()
    assert (failed.status, failed.reason) == (PayoutStatus.FAILED, "transfer_failure")
    assert (failed.total_amount, failed.paid_amount, failed.carried_amount) == (NET, 0, NET)
    assert_nothing_is_lost(payouts)

    (line,) = payouts.next().page.lines
    assert (line.kind, line.payout_id, line.payable_amount) == (
        "payout_failed",
        failed.payout_id,
        NET,
    )
    backend.sell()
    assert payouts.pay_day() == {"PayoutOnHold": 1}
    assert payouts.release(backend.studio_id, "ops: the account was repaired") == "PayoutsReleased"
    assert dict(payouts.run().done) == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == 2 * NET
    assert_nothing_is_lost(payouts)


def test_a_negative_total_is_carried_into_the_next_payout(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    order_id = backend.sell()
    payouts.pay_day()
    backend.refund_and_settle(order_id)
    assert payouts.next().carried_amount == -8500
    assert payouts.pay_day() == {"PayoutCarried": 1}
    carried = payouts.last()
    assert (carried.total_amount, carried.paid_amount, carried.carried_amount) == (-8500, 0, -8500)
    assert carried.reason == "negative_balance"
    assert payouts.pay_day() == {"PayoutNothingDue": 1}  # nothing new, nothing to pay
    backend.sell()
    backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    last = payouts.last()
    assert last.carried_in_amount == -8500
    assert [line.kind for line in payouts.lines_of(last)] == ["carried", "sale", "sale"]
    assert last.paid_amount == 2 * NET - 8500
    assert last.period_start > carried.period_end
    assert_nothing_is_lost(payouts)


def test_a_studio_without_an_account_gets_no_payout_until_it_has_one(backend: Backend) -> None:
    payouts = StudioPayouts(backend)
    backend.sell()
    assert payouts.next().reason == "no_payout_account"
    assert (payouts.next().paid_amount, payouts.next().carried_amount) == (0, NET)
    assert payouts.pay_day() == {"PayoutWithoutAccount": 1}
    assert payouts.later() == {}  # once each payout day
    backend.sell()
    assert payouts.pay_day() == {"PayoutWithoutAccount": 1}
    assert payouts.all() == []
    assert backend.head().payable_balance_amount == 2 * NET

    backend.studio = {"payout_account_id": ACCOUNT}
    assert backend.import_studio().refused[0]["reason"].endswith("send `update`: true to change it")
    assert backend.import_studio(update=True).updated == 1
    assert backend.import_studio(update=True).unchanged == 1
    assert dict(payouts.run().done) == {"PayoutPaid": 1}  # it is due at once
    (payout,) = payouts.all()
    assert payout.paid_amount == 2 * NET
    assert [line.kind for line in payouts.lines_of(payout)] == ["sale", "sale"]
    assert payouts.run().done == {}
    assert_nothing_is_lost(payouts)


def test_direct_charges_are_shown_and_never_paid_out(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend(direct=True, studio={"payout_account_id": ACCOUNT})
    payouts = StudioPayouts(backend)
    order_id = backend.sell()
    backend.refund_and_settle(order_id, 2500)
    open_now = payouts.next()
    assert open_now.page.statement.total_amount == 0
    assert open_now.page.statement.total.direct_amount == NET - 2125
    assert payouts.pay_day() == {"PayoutCarried": 1}
    assert payouts.last().reason == "nothing_owed"
    assert payouts.transfers() == []
    assert_nothing_is_lost(payouts)


def test_a_refund_that_fails_late_is_credited_in_the_next_payout(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    order_id = backend.sell()
    refund = backend.refund(order_id, 5000)
    backend.settle_all()
    payouts.pay_day()
    backend.control(f"refunds/{backend.current(refund).stripe_refund_id}", status="failed")
    backend.settle_all()
    (line,) = payouts.next().page.lines
    assert (line.kind, line.refund_id) == ("refund_failed", refund.refund_id)
    assert (line.gross_amount, line.rev_share_amount, line.payable_amount) == (5000, -750, 4250)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.transferred() == 2 * NET
    assert_nothing_is_lost(payouts)

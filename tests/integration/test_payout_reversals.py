"""Money that comes back of a paid transfer is a ledger entry, once, however it is told."""

from datetime import timedelta

import pytest

from functions.reconcile.findings import FindingKind
from shared.clock import rfc3339
from shared.domain.payout import PayoutStatus
from tests.at_once import at_once
from tests.integration.reconcile_desk import ReconcileDesk, late
from tests.integration.stripe_side import shuffled
from tests.integration.studio_payouts import NET, StudioPayouts, assert_nothing_is_lost

pytestmark = pytest.mark.stack


def test_a_part_that_comes_back_is_a_line_of_the_next_payout(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    payouts.take_back(1000)
    assert dict(payouts.run().done) == {"PayoutReversed": 1}
    payout = payouts.last()
    assert (payout.status, payout.paid_amount) == (PayoutStatus.PAID, NET)
    assert payout.reversed_amount == 1000
    (line,) = payouts.next().page.lines
    assert (line.kind, line.payout_id) == ("payout_reversed", payout.payout_id)
    assert line.payable_amount == 1000
    assert_nothing_is_lost(payouts)

    payouts.take_back(NET - 1000)  # the rest
    assert dict(payouts.run().done) == {"PayoutReversed": 1}
    assert payouts.last().reversed_amount == NET
    assert backend.head().payable_balance_amount == NET
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == NET
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize("seed", range(3))
def test_events_in_any_order_and_number_enter_each_cent_once(
    payouts: StudioPayouts, seed: int
) -> None:
    backend = payouts.backend
    backend.sell()
    payouts.pay_day()
    for amount in (1000, 2000, 500):
        payouts.take_back(amount, with_event=False)
    for event in shuffled(payouts.reversal_events(), 3, seed):
        assert backend.deliver([event]) == ["TransferMarked"]
        payouts.run()
    kinds = [entry["kind"] for entry in backend.entries()]
    assert kinds == ["sale", "payout_closed", "payout_reversed"]
    assert payouts.last().reversed_amount == 3500
    payouts.later()
    assert payouts.run().done == {}
    assert_nothing_is_lost(payouts)


def test_events_and_runs_at_the_same_time_enter_it_once(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    payouts.pay_day()
    payouts.take_back(1000, with_event=False)
    events = payouts.reversal_events()

    def tell_or_run(number: int) -> None:
        if number % 2:
            payouts.run()
        else:
            backend.deliver(events)

    at_once(6, tell_or_run)
    payouts.later()
    assert payouts.last().reversed_amount == 1000
    assert_nothing_is_lost(payouts)


def test_a_reversal_whose_event_got_lost_is_found_and_healed(platform_desk: ReconcileDesk) -> None:
    payouts = platform_desk.payouts
    platform_desk.backend.sell()
    platform_desk.paid_out()
    payouts.take_back(80, with_event=False)
    late(platform_desk)
    (finding,) = platform_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.TRANSFER_REVERSED, True)
    assert (finding.amount, finding.stripe_amount) == (NET, NET - 80)
    assert dict(payouts.run().done) == {"PayoutReversed": 1}
    assert platform_desk.kinds() == {}
    assert_nothing_is_lost(payouts)


def test_a_transfer_that_is_reversed_before_its_answer_arrives_is_entered(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control(
        "faults",
        fault="reset_after_effect",
        times=2,
        match={"method": "POST", "path_prefix": "/v1/transfers"},
    )
    assert payouts.pay_day() == {"PayoutDeferred": 1}
    payouts.take_back(1000)
    assert payouts.later() == {"PayoutPaid": 1}
    assert payouts.later() == {"PayoutReversed": 1}
    assert payouts.last().reversed_amount == 1000
    assert_nothing_is_lost(payouts)


def test_events_of_other_transfers_change_nothing(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    payouts.pay_day()
    payouts.take_back(1, with_event=False)
    (event,) = payouts.reversal_events()
    before = payouts.last()
    for group, outcome in (
        (None, "TransferOfNoPayout"),
        ("by hand", "TransferOfNoPayout"),
        ("po_st_nobody_2027-01-01", "TransferOfUnknownPayout"),
    ):
        event["data"]["object"]["transfer_group"] = group
        assert backend.deliver([event]) == [outcome]
    assert payouts.last() == before
    backend.clock.ahead += timedelta(hours=1)
    assert payouts.run().done == {}


def test_a_balance_that_no_sale_will_cover_is_shown_with_the_transfer_to_reverse(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    order_id = backend.sell()
    transfer = platform_desk.paid_out()
    backend.refund_and_settle(order_id)
    platform_desk.pass_time(timedelta(days=20))
    assert platform_desk.kinds() == {}
    platform_desk.pass_time(timedelta(days=11))
    (finding,) = platform_desk.findings()
    assert finding.kind is FindingKind.NEGATIVE_BALANCE_UNCOVERED
    assert (finding.studio_id, finding.amount) == (backend.studio_id, -8500)
    assert (finding.payout_id, finding.stripe_id) == (transfer["transfer_group"], transfer["id"])
    # It holds nothing up: the watermark moves on.
    clean_until = str(platform_desk.watermark().clean_until)
    assert clean_until > rfc3339(backend.clock() - timedelta(hours=1))

    platform_desk.payouts.take_back(NET)
    assert platform_desk.payouts.run().done["PayoutReversed"] == 1
    (finding,) = platform_desk.findings()
    assert (finding.amount, finding.payout_id) == (NET - 8500, None)
    backend.sell()
    assert platform_desk.kinds() == {}

"""A payout run that crashes or loses Stripe's answer is resumed, and nobody is paid twice."""

from datetime import timedelta

import pytest

from infra.local.stripe_server import STANDIN_KEY
from shared.domain.payout import Payout, PayoutStatus
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.transfers import StripeTransfers
from tests.integration.crash import CrashError, CrashingPart
from tests.integration.studio_payouts import (
    ACCOUNT,
    NET,
    TRANSFERS,
    StudioPayouts,
    assert_nothing_is_lost,
)
from tests.local_http import HTTP

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("part", "call", "nth"),
    [
        ("ledger", "record_payout", 1),
        ("table", "advance", 1),
        ("stripe", "create", 1),
        ("table", "advance", 2),
    ],
    ids=["closing", "intent", "transfer", "paid"],
)
def test_the_next_run_completes_a_payout_that_crashed_at_any_step(
    payouts: StudioPayouts, part: str, call: str, nth: int, *, after: bool
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    parts = {
        "ledger": backend.payout_store,
        "table": payouts.table,
        "stripe": StripeTransfers(backend.stripe),
    }
    runner = payouts.runner(**{part: CrashingPart(parts[part], call, after=after, nth=nth)})
    with pytest.raises(CrashError):
        payouts.run(runner)
    payouts.later()
    (payout,) = payouts.all()
    assert payout.status is PayoutStatus.PAID
    assert payout.paid_amount == NET
    assert len(payouts.transfers()) == 1
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_while_a_refusal_is_booked_returns_the_money_once(
    payouts: StudioPayouts, *, after: bool
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    backend.control("faults", fault="fail_at_once", match=TRANSFERS)
    runner = payouts.runner(
        ledger=CrashingPart(backend.payout_store, "record_payout_failure", after=after)
    )
    with pytest.raises(CrashError):
        payouts.run(runner)
    payouts.later()
    (payout,) = payouts.all()
    assert payout.status is PayoutStatus.FAILED
    assert [e["kind"] for e in backend.entries()] == ["sale", "payout_closed", "payout_failed"]
    assert payouts.holds.active(backend.studio_id)
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3], ids=["intent", "waiting", "second attempt"])
def test_a_crash_while_a_payout_waits_for_balance_pays_it_once(
    payouts: StudioPayouts, nth: int, *, after: bool
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    backend.control("faults", fault="insufficient_funds", match=TRANSFERS)
    runner = payouts.runner(table=CrashingPart(payouts.table, "advance", after=after, nth=nth))

    def run_twice() -> None:
        for _ in range(2):
            payouts.run(runner)
            backend.clock.ahead += timedelta(hours=1)

    with pytest.raises(CrashError):
        run_twice()
    for _ in range(3):
        payouts.later()
    (payout,) = payouts.all()
    assert (payout.status, payout.reason) == (PayoutStatus.PAID, None)
    assert len(payouts.transfers()) == 1
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_while_a_reversal_is_booked_enters_it_once(
    payouts: StudioPayouts, *, after: bool
) -> None:
    backend = payouts.backend
    backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    payouts.take_back(1000)
    runner = payouts.runner(
        ledger=CrashingPart(backend.payout_store, "record_payout_reversal", after=after)
    )
    with pytest.raises(CrashError):
        payouts.run(runner)
    payouts.later()
    kinds = [e["kind"] for e in backend.entries()]
    assert kinds == ["sale", "payout_closed", "payout_reversed"]
    assert payouts.last().reversed_amount == 1000
    assert payouts.later() == {}
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ("reset_after_effect", 2),
        ("reset_before_effect", 2),
        ("status_429", 2),
        ("status_500_after_effect", 1),
        ("status_500_before_effect", 1),
    ],
)
def test_a_lost_answer_is_resumed_and_nothing_is_transferred_twice(
    payouts: StudioPayouts, fault: str, times: int
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control("faults", fault=fault, times=times, match=TRANSFERS)
    outcome = payouts.pay_day()
    # A failure that Stripe saved under the key is resolved within the same run.
    if outcome != {"PayoutPaid": 1}:
        assert outcome == {"PayoutDeferred": 1}
        assert payouts.last().status is PayoutStatus.TRANSFERRING
        assert payouts.run().done == {}  # not yet
        assert payouts.later() == {"PayoutPaid": 1}
    assert payouts.last().status is PayoutStatus.PAID
    assert len(payouts.transfers()) == 1
    assert_nothing_is_lost(payouts)


def test_a_key_that_stripe_may_have_forgotten_is_not_used_again(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control("faults", fault="reset_before_effect", times=2, match=TRANSFERS)
    assert payouts.pay_day() == {"PayoutDeferred": 1}
    backend.clock.ahead += timedelta(hours=24)
    assert payouts.run().done == {"PayoutPaid": 1}
    assert payouts.last().attempt == 2
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize(("amount", "outcome"), [(NET, "PayoutPaid"), (1, "PayoutRunFailed")])
def test_a_transfer_made_by_hand_for_the_payout_is_not_made_again(
    payouts: StudioPayouts, amount: int, outcome: str
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control("faults", fault="reset_before_effect", times=2, match=TRANSFERS)
    assert payouts.pay_day() == {"PayoutDeferred": 1}
    group = {"destination": ACCOUNT, "transfer_group": payouts.last().payout_id}
    made = backend.stripe_call("POST", "transfers", amount=amount, currency="usd", **group)
    assert payouts.later() == {outcome: 1}
    found = backend.stripe_call("GET", "transfers", limit=100)["data"]
    assert [each["id"] for each in found] == [made["id"]]


def test_a_wrong_api_key_fails_no_payout(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    runner = payouts.runner(
        stripe=StripeTransfers(StripeConnection(backend.stripe_url, lambda: "sk_test_wrong"))
    )
    assert payouts.run(runner).done == {"PayoutDeferred": 1}
    assert payouts.last().is_open
    assert payouts.later() == {"PayoutPaid": 1}
    assert_nothing_is_lost(payouts)


def test_a_transfer_is_made_with_the_idempotency_key_of_its_attempt(payouts: StudioPayouts) -> None:
    payouts.backend.sell()
    payouts.pay_day()
    payout: Payout = payouts.last()
    requests = HTTP.get(
        f"{payouts.backend.stripe_url}/_standin/requests",
        headers={"Authorization": f"Bearer {STANDIN_KEY}"},
    ).json()["requests"]
    asked = [each for each in requests if each["path"] == "/v1/transfers"]
    assert [(each["method"], each["idempotency_key"]) for each in asked] == [
        ("GET", None),
        ("POST", f"{payout.payout_id}:1"),
    ]

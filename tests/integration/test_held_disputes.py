"""A studio may let its payouts hold back what open disputes may still take."""

import pytest

from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts, assert_nothing_is_lost

pytestmark = pytest.mark.stack

INQUIRY = "warning_needs_response"


def holding(make_backend: MakeBackend, **studio: object) -> StudioPayouts:
    settings = {"payout_account_id": ACCOUNT, "hold_disputed": True} | studio
    return StudioPayouts(make_backend(studio=settings))


def dispute(backend: Backend, order_id: str, **body: object) -> str:
    """Dispute an order at Stripe, and return the dispute's id."""
    charge_id = backend.record(order_id).order.charge_id
    made = backend.control("disputes", charge=charge_id, **body)
    backend.deliver()
    return str(made["id"])


def move(backend: Backend, dispute_id: str, status: str) -> None:
    backend.control(f"disputes/{dispute_id}", status=status)
    backend.deliver()


@pytest.mark.parametrize("end", ["warning_closed", "prevented"])
def test_an_inquiry_holds_its_amount_back_until_it_closes(
    make_backend: MakeBackend, end: str
) -> None:
    payouts = holding(make_backend)
    backend = payouts.backend
    first, second = backend.sell(), backend.sell()
    asked = dispute(backend, first, status=INQUIRY, amount=3000)
    shown = payouts.next()
    assert (shown.paid_amount, shown.disputed_held_amount) == (2 * NET - 3000, 3000)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    payout = payouts.last()
    assert (payout.paid_amount, payout.carried_amount) == (2 * NET - 3000, 3000)
    assert payout.disputed_held_amount == 3000

    other = dispute(backend, second, status=INQUIRY, amount=2000)
    assert payouts.next().reason == "disputed_amount_held"
    assert payouts.pay_day() == {"PayoutNothingDue": 1}  # no statement that pays nothing
    move(backend, asked, end)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == 1000
    move(backend, other, end)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == 2000
    assert_nothing_is_lost(payouts)


def test_money_that_stripe_has_taken_is_deducted_and_not_held_too(
    make_backend: MakeBackend,
) -> None:
    payouts = holding(make_backend)
    backend = payouts.backend
    backend.sell()
    asked = dispute(backend, backend.sell(), status=INQUIRY)
    assert payouts.next().disputed_held_amount == 10_000
    move(backend, asked, "needs_response")
    shown = payouts.next()
    owed = 2 * NET - 8500 - 1500
    assert (shown.paid_amount, shown.disputed_held_amount) == (owed, 0)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    move(backend, asked, "won")
    assert payouts.next().paid_amount == 8500
    assert_nothing_is_lost(payouts)


def test_a_dispute_of_a_direct_charge_holds_nothing_back(make_backend: MakeBackend) -> None:
    """Stripe would take that money from the studio's own account."""
    direct = make_backend(direct=True, studio={"payout_account_id": ACCOUNT, "hold_disputed": True})
    dispute(direct, direct.sell(), status=INQUIRY)
    payouts = StudioPayouts(direct)
    assert payouts.held_amount(direct.studio_id) == 0
    assert payouts.next().disputed_held_amount == 0


def test_a_studio_that_did_not_choose_it_is_paid_in_full(make_backend: MakeBackend) -> None:
    payouts = holding(make_backend, hold_disputed=False)
    dispute(payouts.backend, payouts.backend.sell(), status=INQUIRY)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == NET

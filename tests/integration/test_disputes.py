"""Disputes: their money is in the ledger, and their state is what Stripe answers."""

import random
from datetime import timedelta
from typing import Any

import pytest

from functions.attention.list_attention import AttentionKind, ListAttention
from functions.attention.record_resolution import DismissDispute
from shared.domain.errors import ChargeDisputedError, DisputeOpenError
from shared.domain.refund import RefundStatus
from shared.gateways.attention import Attention
from tests.integration.backend import Backend, MakeBackend
from tests.integration.reconcile_desk import ReconcileDesk

pytestmark = pytest.mark.stack


def open_dispute(backend: Backend, order_id: str, **body: object) -> str:
    """Open a dispute at Stripe, and return its id."""
    charge_id = backend.record(order_id).order.charge_id
    return str(backend.control("disputes", charge=charge_id, **body)["id"])


def move(backend: Backend, dispute_id: str, **body: object) -> None:
    """Move a dispute at Stripe."""
    backend.control(f"disputes/{dispute_id}", **body)


def attention(backend: Backend) -> list[tuple[str, str | None]]:
    found = ListAttention(Attention(backend.dynamodb, backend.orders_table), backend.clock)
    return [(item.kind.value, item.dispute_id) for item in found(backend.studio_id)]


def moved(backend: Backend) -> list[tuple[Any, ...]]:
    """Return the kind, gross, fee and share of each entry after the sale."""
    return [
        (e["kind"], e["gross_amount"], e["stripe_fee_amount"], e["rev_share_amount"])
        for e in backend.entries()[1:]
    ]


def test_a_lost_dispute_of_100_dollars_costs_the_studio_the_sale_and_both_fees(
    backend: Backend,
) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id)
    backend.deliver()
    assert moved(backend) == [("dispute", -10_000, -1500, 1500)]
    move(backend, dispute_id, status="lost")
    backend.deliver()
    assert moved(backend) == [("dispute", -10_000, -1500, 1500)]
    # Stripe's fees on the charge and on the dispute.
    assert backend.head().payable_balance_amount == -320 - 1500
    assert backend.verify() is None


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("return_fee", [False, True])
def test_what_a_won_dispute_gives_back_is_another_entry(
    make_backend: MakeBackend, *, direct: bool, return_fee: bool
) -> None:
    backend = make_backend(direct=direct)
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id)
    backend.deliver()
    backend.drain()
    move(backend, dispute_id, status="won", return_fee=return_fee)
    backend.deliver()
    backend.drain()
    fee_back = 1500 if return_fee else 0
    assert moved(backend) == [
        ("dispute", -10_000, -1500, 1500),
        ("dispute_reversed", 10_000, fee_back, -1500),
    ]
    head, state = backend.head(), backend.record(order_id).state
    if direct:
        # PPS has refunded its application fee, which cannot be undone: the studio owes it back.
        assert head.payable_balance_amount == -1500
        assert head.direct_balance_amount == 10_000 - 320 - 1500 + fee_back
        fee = backend.record(order_id).order.application_fee_id
        assert backend.stripe_call("GET", f"application_fees/{fee}")["amount_refunded"] == 1500
    else:
        assert head.payable_balance_amount == 8180 - 1500 + fee_back
    assert (state.withdrawn_amount, state.refundable_amount) == (0, 10_000)
    assert (state.rev_share_reversed_amount, state.tax_refunded_amount) == (0, 0)
    assert backend.verify() is None


def test_an_inquiry_moves_no_money_and_is_best_answered_by_a_refund(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id, status="warning_needs_response")
    backend.deliver()
    assert attention(backend) == [("dispute_inquiry", dispute_id)]
    refund = backend.refund(order_id)
    move(backend, dispute_id, status="warning_closed")
    backend.settle_all()
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert moved(backend) == [("refund", -10_000, 0, 1500)]
    assert attention(backend) == []


def test_an_inquiry_that_becomes_a_dispute_takes_the_money_then(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id, status="warning_needs_response")
    backend.deliver()
    move(backend, dispute_id, status="warning_closed")
    backend.deliver()
    assert attention(backend) == []
    move(backend, dispute_id, status="needs_response")
    backend.deliver()
    assert attention(backend) == [("charge_disputed", dispute_id)]
    assert moved(backend) == [("dispute", -10_000, -1500, 1500)]
    with pytest.raises(ChargeDisputedError):
        backend.refund(order_id)


def test_each_dispute_of_a_charge_is_kept_by_its_own_id(backend: Backend) -> None:
    order_id = backend.sell()
    first = open_dispute(backend, order_id, amount=4000)
    second = open_dispute(backend, order_id, amount=3000)
    backend.deliver()
    move(backend, first, status="won")
    events = backend.events()
    backend.deliver(events)
    backend.deliver(events[:1])  # an old event again
    state = backend.record(order_id).state
    assert {each.dispute_id: each.status for each in state.disputes} == {
        first: "won",
        second: "needs_response",
    }
    assert (state.withdrawn_amount, state.refundable_amount) == (3000, 7000)
    assert attention(backend) == [("charge_disputed", second)]
    with pytest.raises(ChargeDisputedError):
        backend.refund(order_id, 100)


def test_won_after_lost_makes_refunds_possible_again(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id)
    move(backend, dispute_id, status="lost")
    backend.deliver()
    assert attention(backend) == [("dispute_lost", dispute_id)]
    move(backend, dispute_id, status="won")
    backend.deliver()
    assert attention(backend) == []
    assert backend.refund(order_id).status is RefundStatus.PENDING


def test_a_prevented_dispute_blocks_nothing(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id)
    move(backend, dispute_id, status="prevented")
    backend.deliver()
    assert attention(backend) == []
    assert backend.refund(order_id).status is RefundStatus.PENDING


def test_a_lost_dispute_is_dismissed_once_seen_and_an_open_one_is_not(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id)
    backend.deliver()
    dismiss = DismissDispute(backend.orders)
    with pytest.raises(DisputeOpenError):
        dismiss(backend.caller, order_id, dispute_id)
    move(backend, dispute_id, status="lost")
    backend.deliver()
    for note in ("The parent was right.", None):
        dismissed = dismiss(backend.caller, order_id, dispute_id, note)
        assert dismissed.dismissed_by == "tester"
        assert dismissed.dismissal_note == "The parent was right."
    assert attention(backend) == []
    backend.verify_charge(backend.key(order_id))
    assert attention(backend) == []
    (kept,) = backend.record(order_id).state.disputes
    assert kept.dismissal_note == "The parent was right."
    # News brings it back.
    move(backend, dispute_id, status="won")
    backend.deliver()
    assert attention(backend) == []
    assert backend.record(order_id).state.withdrawn_amount == 0


@pytest.mark.parametrize("healer", ["reconcile", "resume"])
def test_a_dispute_whose_events_are_lost_is_healed_by_asking_stripe(
    backend: Backend, healer: str
) -> None:
    desk = ReconcileDesk(backend)
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id, silent=healer == "reconcile")
    if healer == "resume":
        backend.deliver()
    move(backend, dispute_id, status="won", silent=True)
    desk.pass_time(timedelta(hours=7))
    if healer == "reconcile":
        assert desk.kinds() == {"dispute_missed": 1}
    else:
        backend.resume()
    backend.drain()
    state = backend.record(order_id).state
    assert [each.status for each in state.disputes] == ["won"]
    assert attention(backend) == []
    desk.pass_time(timedelta(days=1))
    assert desk.findings() == []


def test_events_in_any_order_and_number_give_the_same_books(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id, status="warning_needs_response")
    for status in ("needs_response", "under_review", "lost", "won"):
        move(backend, dispute_id, status=status)
    events = backend.events() * 3
    random.Random(7).shuffle(events)  # noqa: S311  # the same seed, the same order
    backend.deliver(events)
    assert [kind for kind, *_ in moved(backend)] in ([], ["dispute"], ["dispute"])
    assert [each.status for each in backend.record(order_id).state.disputes] == ["won"]
    assert backend.verify() is None


def test_refunds_and_disputes_of_one_order_reverse_its_share_once(backend: Backend) -> None:
    order_id = backend.sell()
    backend.refund(order_id, 3333)
    backend.settle_all()
    first = open_dispute(backend, order_id, amount=3333)
    backend.deliver()
    move(backend, first, status="lost")
    backend.deliver()
    second = open_dispute(backend, order_id, amount=3334)
    move(backend, second, status="lost")
    backend.deliver()
    state = backend.record(order_id).state
    assert (state.returned_amount, state.refundable_amount) == (10_000, 0)
    assert state.rev_share_reversed_amount == 1500
    assert sum(share for *_, share in moved(backend)) == 1500


def test_attention_says_what_to_do_about_each_dispute(backend: Backend) -> None:
    order_id = backend.sell()
    dispute_id = open_dispute(backend, order_id)
    backend.deliver()
    (item,) = ListAttention(Attention(backend.dynamodb, backend.orders_table), backend.clock)(
        backend.studio_id
    )
    assert (item.kind, item.amount) == (AttentionKind.CHARGE_DISPUTED, 10_000)
    assert item.due_by is not None
    move(backend, dispute_id, status="under_review")
    backend.deliver()
    assert attention(backend) == [("dispute_under_review", dispute_id)]

"""Disputes: their money is in the ledger, and their state is what Stripe answers."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from functions.attention.list_attention import AttentionKind, ListAttention
from functions.attention.record_resolution import DismissDispute
from functions.payouts.views import payout_view
from shared.clock import rfc3339
from shared.domain.errors import ChargeDisputedError, DisputeOpenError
from shared.domain.refund import RefundStatus
from shared.gateways.attention import Attention
from tests.integration.backend import Backend, MakeBackend
from tests.integration.bookkeeper import Bookkeeper
from tests.integration.books_desk import BooksDesk
from tests.integration.reconcile_desk import ReconcileDesk
from tests.integration.studio_payouts import NET, StudioPayouts, assert_nothing_is_lost

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


def test_a_lost_dispute_is_in_the_payout_its_statement_and_the_report(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    lost = open_dispute(backend, backend.sell())
    move(backend, lost, status="lost")
    backend.deliver()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    payout = payouts.last()
    assert payout.paid_amount == 2 * NET - 8500 - 1500
    shown = payout_view(payout, payouts.page(payout))
    assert shown.parts.disputes_amount == -8500 - 1500
    (row,) = Bookkeeper(backend).report().rows
    assert (row.type, row.dispute_id, row.dispute_fee_amount) == ("dispute", lost, 1500)
    assert row.net_deduction_amount == -8500 - 1500
    (line,) = (each for each in shown.lines if each.kind == "dispute")
    assert (line.dispute_id, line.gross_amount, line.rev_share_amount) == (lost, -10_000, 1500)
    assert line.stripe_fee_amount == -1500
    move(backend, lost, status="won")
    backend.deliver()
    (back,) = payouts.next().page.lines
    assert (back.kind, back.payable_amount) == ("dispute_reversed", 8500)
    assert_nothing_is_lost(payouts)


@pytest.mark.parametrize("left_out", [["id"], ["id", "charge"], ["id", "balance_transactions"]])
def test_an_old_event_of_a_dispute_without_an_id_has_the_charge_read(
    backend: Backend, left_out: list[str]
) -> None:
    order_id = backend.sell()
    move(backend, open_dispute(backend, order_id), status="won")
    event = next(each for each in backend.events() if each["type"] == "charge.dispute.closed")
    for name in left_out:
        del event["data"]["object"][name]
    assert backend.deliver([event]) == ["ChargeAnnounced"]
    assert [each.status for each in backend.record(order_id).state.disputes] == ["won"]


@pytest.mark.parametrize(
    ("ends", "kinds", "payable"),
    [
        ("won", ["opening_sale", "dispute", "dispute_reversed"], 8500),
        ("lost", ["opening_sale", "dispute"], 0),
    ],
)
def test_a_dispute_from_before_the_ledger_gives_back_what_comes_back_since(
    make_backend: MakeBackend, ends: str, kinds: list[str], payable: int
) -> None:
    """The earlier books deducted the dispute. This ledger has to give it back."""
    backend, dispute_id = disputed_before_the_ledger(make_backend, "needs_response")
    move(backend, dispute_id, status=ends)
    backend.deliver()
    assert [entry["kind"] for entry in backend.entries()] == kinds
    opening = backend.entries()[1]
    assert (opening["payable_amount"], opening["elsewhere_amount"]) == (0, -8500 - 1500)
    assert backend.head().payable_balance_amount == payable
    backend.verify_charge(backend.key(str(opening["order_id"])))  # once more changes nothing
    assert len(backend.entries()) == len(kinds)
    assert backend.verify() is None
    assert BooksDesk(backend).findings() == []


def test_an_inquiry_from_before_the_ledger_takes_what_it_takes_since(
    make_backend: MakeBackend,
) -> None:
    backend, dispute_id = disputed_before_the_ledger(make_backend, "warning_needs_response")
    assert [entry["kind"] for entry in backend.entries()] == ["opening_sale"]
    move(backend, dispute_id, status="needs_response")
    backend.deliver()
    assert backend.head().payable_balance_amount == -8500 - 1500
    assert BooksDesk(backend).findings() == []


def disputed_before_the_ledger(make_backend: MakeBackend, status: str) -> tuple[Backend, str]:
    """Import an order whose charge was disputed before the ledger started, a day ago."""
    now = make_backend().clock()
    days = [int((now - timedelta(days=number)).timestamp()) for number in (3, 2)]
    starts_at = rfc3339(now - timedelta(days=1))
    backend = make_backend(studio={"ledger_starts_at": starts_at})
    record = backend.order()
    backend.charge(record, created=days[0])
    charge_id = record["stripe"]["charge_id"]
    opened = backend.control("disputes", charge=charge_id, status=status, created=days[1])
    backend.events()  # lost
    assert backend.import_orders([json.dumps(record)]).imported == 1
    return backend, str(opened["id"])

"""A dispute's money: each report of Stripe changes the books by the difference, to the cent."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.charge_posting import ChargePosting, post_dispute
from shared.domain.dispute import Dispute, DisputeStatus, with_report
from shared.domain.dispute_settlement import settle_dispute
from shared.domain.ledger import EntryKind
from shared.domain.order import OrderState

from .orders import AT, Sold, half_up, hundred_dollars, sold_orders

LATER = "2026-10-20T00:00:00.000Z"


def dispute(status: str = "needs_response", taken: int = 0, fee: int = 0) -> Dispute:
    return Dispute(
        "dp_1",
        status,
        10_000,
        is_charge_refundable=False,
        created_at=AT,
        withdrawn_amount=taken,
        fee_amount=fee,  # not refundable
    )


@pytest.mark.parametrize("direct", [False, True])
def test_a_lost_dispute_of_100_dollars_reverses_the_share_and_keeps_both_fees(
    *, direct: bool
) -> None:
    sale = hundred_dollars(direct=direct)
    settled = settle_dispute(sale.state, dispute("lost", 10_000, 1500))
    amounts = settled.amounts
    assert amounts is not None
    assert settled.kind is EntryKind.DISPUTE
    assert (amounts.gross_amount, amounts.stripe_fee_amount) == (-10_000, -1500)
    assert amounts.rev_share_amount == 1500
    assert amounts.net_amount == -10_000
    assert amounts.payable_amount == (0 if direct else -10_000)
    assert settled.effect.fee_refund_amount == (1500 if direct else 0)


def test_a_report_without_money_changes_the_state_and_makes_no_entry() -> None:
    sale = hundred_dollars()
    settled = settle_dispute(sale.state, dispute("warning_needs_response"))
    assert settled.amounts is None
    assert [each.status for each in settled.state.disputes] == ["warning_needs_response"]
    assert settled.state.refundable_amount == 10_000


def test_a_dispute_fee_alone_is_an_entry_too() -> None:
    sale = hundred_dollars()
    before = settle_dispute(sale.state, dispute(taken=10_000)).state
    settled = settle_dispute(before, dispute(taken=10_000, fee=1500))
    assert settled.amounts is not None
    assert (settled.amounts.gross_amount, settled.amounts.net_amount) == (0, -1500)


reports = st.lists(
    st.tuples(
        st.sampled_from(["dp_1", "dp_2", "dp_3"]),
        st.sampled_from(DisputeStatus),
        st.integers(0, 20_000),
        st.integers(0, 3000),
    ),
    max_size=8,
)


@given(sold_orders(), reports)
def test_the_books_always_have_what_stripe_last_reported(
    sale: Sold, history: list[tuple[str, DisputeStatus, int, int]]
) -> None:
    state = sale.state
    entries = []
    for dispute_id, status, taken, fee in history:
        report = replace(
            dispute(status, min(taken, state.total_amount), fee), dispute_id=dispute_id
        )
        settled = settle_dispute(state, report)
        again = settle_dispute(settled.state, report)
        assert again.amounts is None
        assert again.state == settled.state
        state = settled.state
        if settled.amounts is not None:
            entries.append(settled.amounts)
    _agrees(sale, state)
    assert -sum(each.gross_amount for each in entries) == state.withdrawn_amount
    assert -sum(each.stripe_fee_amount for each in entries) == sum(
        each.fee_amount for each in state.disputes
    )
    assert sum(each.rev_share_amount for each in entries) == state.rev_share_reversed_amount
    assert -sum(each.tax_amount for each in entries) == state.tax_refunded_amount
    if state.tax_parts:
        refunded = sum(each.refunded_amount for each in state.tax_parts)
        assert refunded == state.tax_refunded_amount
    for each in entries:
        parts = each.gross_amount + each.stripe_fee_amount + each.rev_share_amount
        assert parts == each.net_amount == each.payable_amount + each.direct_amount
    if sale.state.account_id is None:
        assert sum(each.direct_amount for each in entries) == 0


def _agrees(sale: Sold, state: OrderState) -> None:
    """Check the share and the tax against a computation of its own."""
    from fractions import Fraction  # noqa: PLC0415  # only this check needs it

    returned = min(state.withdrawn_amount, state.total_amount)
    expected = half_up(Fraction(state.rev_share_amount * returned, state.total_amount))
    assert state.rev_share_reversed_amount == expected
    assert 0 <= state.tax_refunded_amount <= min(sale.order.tax_amount, returned)
    assert state.refundable_amount == max(0, state.total_amount - state.withdrawn_amount)


def test_money_from_before_the_ledger_starts_moves_no_balance() -> None:
    state = replace(hundred_dollars().state, ledger_starts_at=LATER)
    lost = dispute("lost", 10_000, 1500)
    posting = post_dispute(ChargePosting(state), lost, LATER, before_ledger=True)
    (draft,) = posting.drafts
    assert (draft.amounts.payable_amount, draft.amounts.elsewhere_amount) == (0, -10_000)
    assert draft.facts.settled_at is None


def test_a_dismissed_dispute_stays_so_only_while_it_is_lost() -> None:
    lost = replace(dispute("lost"), dismissed_by="ana")
    (kept,) = with_report((lost,), dispute("lost", 1, 1))
    assert (kept.dismissed_by, kept.needs_attention) == ("ana", False)
    (news,) = with_report((lost,), dispute("needs_response"))
    assert (news.dismissed_by, news.needs_attention) == (None, True)


@pytest.mark.parametrize(
    ("status", "is_open", "held"),
    [
        ("warning_needs_response", True, 10_000),
        ("needs_response", True, 4000),
        ("a_status_of_next_year", True, 4000),
        ("lost", False, 0),
        ("won", False, 0),
        ("prevented", False, 0),
        ("warning_closed", False, 0),
    ],
)
def test_only_an_open_dispute_keeps_money_back(status: str, held: int, *, is_open: bool) -> None:
    taken = 0 if status.startswith("warning") else 6000
    found = dispute(status, taken)
    assert (found.is_open, found.held_amount) == (is_open, held)

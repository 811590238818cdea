"""Rounding and settlement of refunds: the share that is reversed and the fee that is retained."""

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import Dispute
from shared.domain.dispute_settlement import settle_dispute
from shared.domain.ledger import EntryAmounts, EntryFacts, LedgerHead, append
from shared.domain.money import (
    SUPPORTED_CURRENCIES,
    TWO_DECIMAL_CURRENCIES,
    ZERO_DECIMAL_CURRENCIES,
    minor_unit_digits,
    share_of,
)
from shared.domain.order import OrderLine, OrderState
from shared.domain.refund import RefundStatus
from shared.domain.refund_quote import RefundQuote, quote_refund
from shared.domain.reservation import record_external_refund, reserve
from shared.domain.settlement import (
    Settlement,
    effect_in_flight,
    estimate,
    next_to_settle,
    payable_effect,
    sale_amounts,
    settle,
)

from .orders import (
    AT,
    FULL,
    STUDIO,
    Sold,
    half_up,
    hundred_dollars,
    refund_of,
    reserved,
    sold,
    sold_orders,
    succeeded,
)
from .settlements import failed_late, settled

# Rounding.


@given(amount=st.integers(0, 10**8), part=st.integers(0, 10**8), whole=st.integers(1, 10**8))
def test_a_share_is_rounded_half_up(amount: int, part: int, whole: int) -> None:
    assert share_of(amount, part, whole) == half_up(Fraction(amount * part, whole))


@pytest.mark.parametrize(
    ("amount", "part", "whole", "share"),
    [(1, 1, 2, 1), (3, 1, 2, 2), (5, 1, 2, 3), (1, 1, 3, 0), (2, 1, 3, 1), (320, 1, 1, 320)],
)
def test_exactly_half_goes_up_not_to_even(amount: int, part: int, whole: int, share: int) -> None:
    assert share_of(amount, part, whole) == share


def test_a_supported_currency_has_two_decimals_or_none_and_none_has_three() -> None:
    assert not ZERO_DECIMAL_CURRENCIES & TWO_DECIMAL_CURRENCIES
    assert {"usd", "eur", "jpy"} <= SUPPORTED_CURRENCIES
    assert "jpy" in ZERO_DECIMAL_CURRENCIES
    assert not {"bhd", "jod", "kwd", "omr", "tnd"} & SUPPORTED_CURRENCIES
    assert {minor_unit_digits(code) for code in SUPPORTED_CURRENCIES} == {0, 2}
    assert minor_unit_digits("kwd") == 3
    assert all(len(code) == 3 and code.islower() for code in SUPPORTED_CURRENCIES)


# The product's example.


@pytest.mark.parametrize("direct", [False, True])
def test_a_full_refund_of_the_hundred_dollars_costs_the_studio_exactly_its_stripe_fee(
    *, direct: bool
) -> None:
    sale = hundred_dollars(direct=direct)
    quote = quote_refund(sale.order, sale.state, FULL)
    state, refund = reserved(sale, sale.state, "rf_1", quote)
    settlement = settle(state, succeeded(refund), AT, "payout_adjust")

    assert quote.amount == 10_000
    assert settlement.refund.rev_share_reversed_amount == 1_500
    assert settlement.refund.stripe_fee_retained_amount == 320
    assert settlement.refund.net_deduction_amount == -8_500
    assert settlement.amounts.gross_amount == -10_000
    assert settlement.amounts.rev_share_amount == 1_500
    assert settlement.amounts.stripe_fee_amount == 0
    assert settlement.amounts.net_amount == -8_500
    assert settlement.state.refundable_amount == 0
    assert settlement.state.rev_share_reversed_amount == 1_500
    assert sale_amounts(sale.state).net_amount + settlement.amounts.net_amount == -320


def test_a_platform_charge_of_a_hundred_dollars_moves_what_pps_owes() -> None:
    sale = hundred_dollars()
    amounts = settled(sale, sale.state, "rf_1", 10_000).amounts
    assert sale_amounts(sale.state) == EntryAmounts(10_000, -320, -1_500, 8_180, 0)
    assert (amounts.payable_amount, amounts.direct_amount) == (-8_500, 0)


def test_a_direct_charge_of_a_hundred_dollars_leaves_what_pps_owes_unchanged() -> None:
    sale = hundred_dollars(direct=True)
    settlement = settled(sale, sale.state, "rf_1", 10_000)
    assert sale_amounts(sale.state) == EntryAmounts(10_000, -320, -1_500, 0, 8_180)
    assert (settlement.amounts.payable_amount, settlement.amounts.direct_amount) == (0, -8_500)
    assert settlement.effect.fee_refund_amount == 1_500


def test_three_thirds_of_an_order_reverse_its_share_and_retain_its_fee_once() -> None:
    sale = hundred_dollars()
    state, effects = sale.state, []
    for number, amount in enumerate([3_333, 3_333, 3_334]):
        settlement = settled(sale, state, f"rf_{number}", amount)
        state = settlement.state
        effects.append(settlement.effect)
    assert [effect.rev_share_reversed_amount for effect in effects] == [500, 500, 500]
    assert [effect.stripe_fee_retained_amount for effect in effects] == [107, 106, 107]


# Settlement.


@given(sale=sold_orders(), data=st.data())
def test_the_state_does_not_depend_on_the_order_of_settlement(
    sale: Sold, data: st.DataObject
) -> None:
    total = sale.order.total_amount
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    amounts = [part for part in parts if part]

    def settled_all(ordered: list[int]) -> OrderState:
        state = sale.state
        for number, amount in enumerate(ordered):
            state = settled(sale, state, f"rf_{number}", amount).state
        return state

    shuffled = data.draw(st.permutations(amounts))
    assert settled_all(amounts) == settled_all(shuffled)
    assert settled_all(amounts).rev_share_reversed_amount == sale.order.rev_share_amount


@given(sale=sold_orders(), data=st.data())
def test_the_share_reversed_so_far_is_rounded_from_the_whole_and_never_drifts(
    sale: Sold, data: st.DataObject
) -> None:
    order = sale.order
    pieces = data.draw(st.lists(st.integers(1, max(1, order.total_amount // 3)), max_size=3))
    state = sale.state
    for number, out in enumerate(accumulate(pieces)):
        state = settled(sale, state, f"rf_{number}", pieces[number]).state
        exact = Fraction(order.rev_share_amount * min(out, order.total_amount), order.total_amount)
        assert state.rev_share_reversed_amount == half_up(exact)


@given(sale=sold_orders(), data=st.data())
def test_after_a_late_failure_the_same_refund_gives_the_same_state(
    sale: Sold, data: st.DataObject
) -> None:
    total = sale.order.total_amount
    first = data.draw(st.integers(0, total - 1), "refunded before")
    amount = data.draw(st.integers(1, total - first), "amount")
    before = settled(sale, sale.state, "rf_0", first).state if first else sale.state
    head = LedgerHead(STUDIO, sale.order.currency)

    def enter(head: LedgerHead, settlement: Settlement) -> LedgerHead:
        return append(head, EntryFacts(settlement.kind, "ord_1", AT), settlement.amounts)[1]

    done = settled(sale, before, "rf_1", amount)
    undone = failed_late(done, seq=1)
    again = settled(sale, undone.state, "rf_2", amount)

    assert undone.kind == "refund_failed"
    assert undone.refund.net_deduction_amount == done.refund.net_deduction_amount
    assert undone.effect.refunded_amount == -amount
    assert undone.effect.fee_refund_amount == 0
    assert replace(undone.state, fee_refund_target_amount=0) == replace(
        before, fee_refund_target_amount=0
    )
    assert again.state == done.state
    after = enter(head, done)
    after_all = enter(enter(after, undone), again)
    assert (after_all.payable_balance_amount, after_all.direct_balance_amount) == (
        after.payable_balance_amount,
        after.direct_balance_amount,
    )


def test_a_returned_share_of_a_direct_refund_that_fails_late_is_owed_until_it_is_used() -> None:
    sale = hundred_dollars(direct=True)
    done = settled(sale, sale.state, "rf_1", 10_000)
    undone = failed_late(done, seq=2)
    again = settled(sale, undone.state, "rf_2", 5_000)
    assert (undone.amounts.payable_amount, undone.amounts.direct_amount) == (-1_500, 10_000)
    assert (again.amounts.payable_amount, again.amounts.direct_amount) == (750, -5_000)
    assert (done.effect.fee_refund_amount, again.effect.fee_refund_amount) == (1_500, 0)


@given(sale=sold_orders(), data=st.data())
def test_the_estimate_is_right_once_the_pending_refunds_have_settled(
    sale: Sold, data: st.DataObject
) -> None:
    total = sale.order.total_amount
    first = data.draw(st.integers(0, total - 1), "pending")
    amount = data.draw(st.integers(1, total - first), "amount")
    pending_before = reserve(sale.state, "rf_0", RefundQuote("ch_1", first), stop_print=False)
    expected = estimate(pending_before, amount)
    before = settled(sale, sale.state, "rf_0", first).state if first else sale.state
    actual = settled(sale, before, "rf_1", amount)
    assert actual.effect.net_deduction_amount == expected.net_deduction_amount
    assert actual.effect.rev_share_reversed_amount == expected.rev_share_reversed_amount
    assert actual.effect.stripe_fee_retained_amount == expected.stripe_fee_retained_amount


@given(sale=sold_orders(), data=st.data())
def test_the_preview_of_the_payout_equals_what_settling_moves(
    sale: Sold, data: st.DataObject
) -> None:
    amount = data.draw(st.integers(1, sale.order.total_amount))
    expected = payable_effect(sale.state, estimate(sale.state, amount))
    assert settled(sale, sale.state, "rf_1", amount).amounts.payable_amount == expected


@given(sale=sold_orders(), data=st.data())
def test_refunds_in_flight_reverse_what_disputes_have_left_of_the_share(
    sale: Sold, data: st.DataObject
) -> None:
    total = sale.order.total_amount
    taken = data.draw(st.integers(0, total - 1), "withdrawn by a dispute")
    amount = data.draw(st.integers(1, total - taken), "in flight")
    report = Dispute(
        "dp_1",
        "lost",
        taken,
        is_charge_refundable=True,
        created_at=AT,
        withdrawn_amount=taken,
    )
    disputed = settle_dispute(sale.state, report).state
    pending = reserve(disputed, "rf_1", RefundQuote("ch_1", amount), stop_print=False)
    expected = payable_effect(pending, effect_in_flight(pending))
    assert settled(sale, disputed, "rf_1", amount).amounts.payable_amount == expected


def test_settling_a_refund_that_owes_no_settlement_is_an_error() -> None:
    sale = hundred_dollars()
    with pytest.raises(ValueError, match="rf_1"):
        settle(sale.state, refund_of(sale, "rf_1", 1), AT, "payout_adjust")


# Tax.


def test_tax_of_a_refund_that_failed_before_an_external_one_settled_is_returned_once() -> None:
    """Stripe failed the second refund, and staff repeated it in Stripe's dashboard.

    The event of the external refund arrives before the event of the failure.
    """
    sale = sold(OrderLine("li_1", 1, 10_000, 936))
    first = settled(sale, sale.state, "rf_1", 2_500)
    second = settled(sale, first.state, "rf_2", 7_500)
    external = refund_of(sale, "rf_3", 7_500)
    state = record_external_refund(second.state, external)
    again = settle(state, succeeded(external), AT, "payout_adjust")
    failed = replace(second.refund, settled_seq=3).with_status(RefundStatus.FAILED, AT, "stripe")
    end = settle(again.state, failed, AT, "payout_adjust").state
    assert end.settled_amount == 10_000
    assert end.tax_refunded_amount == 936


def test_a_late_failure_settles_before_a_success() -> None:
    sale = hundred_dollars()
    first = settled(sale, sale.state, "rf_1", 10_000)
    failed = replace(first.refund, settled_seq=2).with_status(RefundStatus.FAILED, AT, "stripe")
    success = succeeded(refund_of(sale, "rf_2", 10_000))
    assert next_to_settle([success, failed], success) is failed
    assert next_to_settle([success, replace(failed, failed_seq=3)], success) is success

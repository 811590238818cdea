"""Tax by jurisdiction and rate: what a refund, a failure and a dispute move of each part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import Dispute
from shared.domain.dispute_settlement import settle_dispute
from shared.domain.order import OrderLine, OrderState
from shared.domain.refund import RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice, quote_refund
from shared.domain.settlement import Settlement, settle
from shared.domain.tax import (
    SoldTax,
    TaxPart,
    apportion,
    negated,
    parts_of_text,
    parts_that_move,
    tax_of_units,
    text_of_parts,
)

from .orders import AT, Sold, reserved, sold, succeeded, taxes_of
from .settlements import failed_late, settled

weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=10)

BOOK = OrderLine("li_1", 2, 1070 * 2, 70 * 2, taxes=(TaxPart("DE", "7", 140),))
FRAME = OrderLine("li_2", 3, 1190 * 3, 190 * 3, taxes=(TaxPart("DE", "19", 570),))


def _lines(sale: Sold, state: OrderState, refund_id: str, **units: int) -> Settlement:
    lines = tuple(ChosenLine(line_id, quantity) for line_id, quantity in units.items())
    choice = RefundChoice(RefundType.LINE_ITEMS, lines=lines)
    quote = quote_refund(sale.order, state, choice)
    state, refund = reserved(sale, state, refund_id, quote)
    return settle(state, succeeded(refund), AT, "payout_adjust")


@given(weights, st.data())
def test_an_amount_is_divided_completely_and_nearly_in_proportion(
    of: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(of)))
    shares = apportion(amount, of)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, of, strict=True))
    for share, weight in zip(shares, of, strict=True):
        # Webster's method can miss the quota, but by less than half a unit for each other part.
        assert abs(share * sum(of) - weight * amount) <= sum(of) * (1 + len(of) / 2)


@given(weights, st.data())
def test_no_part_shrinks_when_the_amount_grows(of: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, max(0, sum(of) - 1)))
    more = min(sum(of), amount + data.draw(st.integers(0, 3)))
    pairs = zip(apportion(amount, of), apportion(more, of), strict=True)
    assert all(before <= after for before, after in pairs)


@given(weights)
def test_the_sum_of_the_weights_is_divided_into_the_weights(of: list[int]) -> None:
    assert apportion(sum(of), of) == of


def test_of_equal_claims_the_first_wins() -> None:
    assert [apportion(amount, [2, 2, 2]) for amount in range(4)] == [
        *([0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1])
    ]


@pytest.mark.parametrize("amount", [-1, 7])
def test_more_than_the_weights_cannot_be_divided(amount: int) -> None:
    with pytest.raises(ValueError, match=str(amount)):
        apportion(amount, [2, 4])


@given(st.integers(1, 12), st.integers(0, 900).flatmap(taxes_of), st.data())
def test_units_of_a_line_take_its_parts_exactly_in_any_number_of_steps(
    quantity: int, line: tuple[TaxPart, ...], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, quantity), max_size=4)))
    ends = [*cuts, quantity]
    taken = [
        part
        for start, end in zip([0, *ends], ends, strict=False)
        for part in tax_of_units(line, start, end - start, quantity)
    ]
    assert all(part.amount > 0 for part in taken)
    sums = {part[:2]: 0 for part in line}
    for part in line:
        sums[part[:2]] += part.amount
    for part in taken:
        sums[part[:2]] -= part.amount
    assert not any(sums.values())


def test_a_refund_of_lines_returns_the_tax_of_its_own_lines() -> None:
    sale = sold(BOOK, FRAME)
    of_book = _lines(sale, sale.state, "rf_1", li_1=1)
    assert of_book.tax_parts == of_book.refund.tax_parts == (("DE", "7", 70),)
    of_both = _lines(sale, of_book.state, "rf_2", li_1=1, li_2=1)
    assert of_both.tax_parts == (("DE", "19", 190), ("DE", "7", 70))
    assert of_both.state.tax_parts == (("DE", "19", 570, 190), ("DE", "7", 140, 140))


def test_any_other_amount_takes_from_what_is_left_of_each_part() -> None:
    sale = sold(BOOK, FRAME)
    of_book = _lines(sale, sale.state, "rf_1", li_1=2)
    amount = settled(sale, of_book.state, "rf_2", 1190)
    assert amount.tax_parts == (("DE", "19", 190),)
    part = settled(sale, sale.state, "rf_1", 571)
    assert part.tax_parts == (("DE", "19", 57), ("DE", "7", 14))


def test_the_refund_that_completes_an_order_takes_all_that_is_left() -> None:
    sale = sold(BOOK, FRAME)
    first = settled(sale, sale.state, "rf_1", 571)
    last = settled(sale, first.state, "rf_2", first.state.refundable_amount)
    assert last.tax_parts == (("DE", "19", 513), ("DE", "7", 126))
    assert not any(each.left_amount for each in last.state.tax_parts)


def test_lines_take_from_other_parts_what_amounts_have_taken_of_theirs() -> None:
    sale = sold(BOOK, FRAME)
    amount = settled(sale, sale.state, "rf_1", sale.order.total_amount // 2)
    books = _lines(sale, amount.state, "rf_2", li_1=2)
    left_of_books = amount.state.tax_parts[1].left_amount
    assert books.tax_parts == (("DE", "19", 140 - left_of_books), ("DE", "7", left_of_books))


def test_a_late_failure_gives_back_exactly_what_the_refund_took() -> None:
    sale = sold(BOOK, FRAME)
    first = settled(sale, sale.state, "rf_1", 333)
    second = _lines(sale, first.state, "rf_2", li_2=2)
    failed = failed_late(first, 3)
    assert failed.tax_parts == negated(first.tax_parts)
    assert failed.state.tax_parts == sale.state.tax_parts
    after = failed_late(second, 4)
    assert after.state.tax_parts == first.state.tax_parts


def _dispute(taken: int) -> Dispute:
    return Dispute(
        "dp_1", "lost", 5000, is_charge_refundable=False, created_at=AT, withdrawn_amount=taken
    )


def test_a_dispute_that_comes_back_returns_exactly_what_it_took() -> None:
    sale = sold(BOOK, FRAME)
    before = _lines(sale, sale.state, "rf_1", li_1=1)
    taken = settle_dispute(before.state, _dispute(2345))
    between = settled(sale, taken.state, "rf_2", 777)
    part = settle_dispute(between.state, _dispute(1000))
    back = settle_dispute(part.state, _dispute(0))
    (dispute,) = back.state.disputes
    assert dispute.tax_parts == ()
    sums = [each.refunded_amount for each in back.state.tax_parts]
    refunds = (*before.tax_parts, *between.tax_parts)
    assert sums == [
        sum(part.amount for part in refunds if part.rate == rate) for rate in ("19", "7")
    ]


def test_a_sale_without_parts_has_none_anywhere() -> None:
    sale = sold(OrderLine("li_1", 1, 1070, 70))
    done = settled(sale, sale.state, "rf_1", 1070)
    assert done.refund.tax_amount == 70
    assert done.tax_parts == done.refund.tax_parts == ()
    assert done.state.tax_parts == ()


def test_what_was_already_taken_again_comes_from_the_other_parts() -> None:
    tax = (SoldTax("DE", "19", 100, 40), SoldTax("DE", "7", 100, 10))
    again = parts_that_move(tax, -45, (TaxPart("DE", "7", -45), TaxPart("FR", "20", -5)))
    assert again == (("DE", "19", -35), ("DE", "7", -10))


def test_the_ledgers_text_is_compact_and_reads_back() -> None:
    parts = (TaxPart("US-IL", "6.25", -63), TaxPart("Köln", "19", 5))
    text = text_of_parts(parts)
    assert text == '[["US-IL","6.25",-63],["Köln","19",5]]'
    assert parts_of_text(text) == parts
    assert (text_of_parts(()), parts_of_text(None)) == (None, ())

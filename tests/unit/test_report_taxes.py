"""Refunded tax by jurisdiction and rate adds up to the refunded tax of the report."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.order import OrderLine
from shared.domain.report import ReportRow, open_row, row_of_entry
from shared.domain.report_taxes import TaxTotals, refunded_taxes
from shared.domain.tax import TaxPart, parts_of_text
from tests.unit.orders import Sold, refund_of, sold, sold_orders, taxes_of
from tests.unit.test_report import entries_of
from tests.unit.test_report_pages import row

CHICAGO = OrderLine(
    "li_1",
    1,
    1080,
    80,
    taxes=(TaxPart("US-IL", "6.25", 63), TaxPart("US-IL Cook", "1.75", 17)),
)
WITHOUT_PARTS = OrderLine("li_1", 1, 1080, 80)


def _row(tax_refunded_amount: int, tax_parts: str | None = None) -> ReportRow:
    return replace(row(1), tax_refunded_amount=tax_refunded_amount, tax_parts=tax_parts)


def _rows(sale: Sold, parts: list[int], failing: set[int]) -> list[ReportRow]:
    return [row_of_entry(entry) for entry in entries_of(sale, parts, failing)]


def test_taxes_are_listed_by_jurisdiction_and_rate_and_unknown_ones_last() -> None:
    rows = [
        _row(12, '[["DE","19",5],["DE","7",7]]'),
        _row(3),
        _row(-7, '[["DE","7",-7]]'),
        _row(9, '[["AT","20",9]]'),
        _row(0),
    ]
    assert refunded_taxes(rows) == [
        TaxTotals("AT", "20", 1, 9),
        TaxTotals("DE", "7", 2, 0),
        TaxTotals("DE", "19", 1, 5),
        TaxTotals(None, None, 1, 3),
    ]


def test_the_whole_refund_of_an_order_lists_its_taxes_as_sold() -> None:
    rows = _rows(sold(CHICAGO), [1080], set()) + _rows(sold(WITHOUT_PARTS), [540], set())
    assert refunded_taxes(rows) == [
        TaxTotals("US-IL", "6.25", 1, 63),
        TaxTotals("US-IL Cook", "1.75", 1, 17),
        TaxTotals(None, None, 1, 40),
    ]


@given(
    st.lists(
        st.tuples(
            sold_orders(), st.lists(st.integers(1, 5_000), max_size=4), st.sets(st.integers(0, 3))
        ),
        max_size=3,
    )
)
def test_taxes_add_up_to_the_tax_of_the_rows(
    sales: list[tuple[Sold, list[int], set[int]]],
) -> None:
    rows = [row for sale in sales for row in _rows(*sale)]
    found = refunded_taxes(rows)
    assert sum(each.amount for each in found) == sum(row.tax_refunded_amount for row in rows)


@given(st.integers(1, 900).flatmap(taxes_of), st.integers(1, 1_900))
def test_the_estimate_of_an_open_refund_has_its_parts(
    taxes: tuple[TaxPart, ...], amount: int
) -> None:
    tax_amount = sum(part.amount for part in taxes)
    sale = sold(OrderLine("li_1", 1, 1000 + tax_amount, tax_amount, taxes=taxes))
    amount = min(amount, sale.order.total_amount)
    shown = open_row(refund_of(sale, "rf_1", amount), sale.state.with_reservation(amount, ()))
    parts = parts_of_text(shown.tax_parts)
    assert sum(part.amount for part in parts) == shown.tax_refunded_amount

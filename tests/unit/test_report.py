"""The report's rows, totals and days."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import Dispute, DisputeStatus
from shared.domain.ledger import EntryFacts, EntryKind, LedgerEntry, LedgerHead, append
from shared.domain.local_days import LocalDays
from shared.domain.order import OrderLine
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import RefundQuote
from shared.domain.report import (
    EntryFigures,
    ReportRow,
    ReportTotals,
    failed_row,
    open_row,
    row_of_entry,
    totals_of_figures,
)
from shared.domain.settlement import sale_amounts, settle
from shared.domain.tax import negated, text_of_parts
from tests.unit.orders import (
    AT,
    Sold,
    hundred_dollars,
    refund_of,
    reserved,
    sold,
    sold_orders,
    succeeded,
)
from tests.unit.studio_books import DISPUTED_AT, StudioBooks

AMOUNTS = ("refunded_amount", "rev_share_adjustment_amount", "stripe_fee_retained_amount")


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Chicago", "2026-03-08", 23),
        ("America/Chicago", "2026-11-01", 25),
        ("America/Chicago", "2026-07-04", 24),
        ("Europe/Oslo", "2026-03-29", 23),
        ("Europe/Oslo", "2026-10-25", 25),
        ("Asia/Tokyo", "2026-03-29", 24),
        # The clocks change at midnight: a day that begins at 1:00, and one with 23:00 twice.
        ("America/Santiago", "2026-09-06", 23),
        ("America/Santiago", "2026-04-04", 25),
    ],
)
def test_days_have_as_many_hours_as_the_clocks_say(zone: str, day: str, hours: int) -> None:
    only = date.fromisoformat(day)
    days = LocalDays(only, only, ZoneInfo(zone))
    assert days.end - days.start == timedelta(hours=hours)
    assert days.start.astimezone(days.zone).date() == only
    last_moment = days.end - timedelta(milliseconds=1)
    assert last_moment.astimezone(days.zone).date() == only


@pytest.mark.slow
@pytest.mark.parametrize("zone", sorted(available_timezones()))
def test_each_moment_of_a_year_is_only_in_the_range_of_its_own_day(zone: str) -> None:
    here = ZoneInfo(zone)
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        start = LocalDays(day, day, here).start
        assert start.astimezone(here).date() == day
        assert (start - timedelta(milliseconds=1)).astimezone(here).date() < day


def entries_of(sale: Sold, parts: list[int], failing: set[int]) -> list[LedgerEntry]:
    """Settle refunds of parts of the order, then fail some of them; return the ledger."""
    state, head = sale.state, LedgerHead("st_1", sale.order.currency)
    entries: list[LedgerEntry] = []
    settled: list[Refund] = []

    def book(refund: Refund) -> Refund:
        nonlocal state, head
        settlement = settle(state, refund, AT, "payout_adjust")
        facts = EntryFacts(
            kind=settlement.kind,
            order_id=refund.order_id,
            recorded_at=AT,
            refund_id=refund.refund_id,
            refund_type=refund.type,
            processed_by=refund.requested_by,
            settled_at=AT,
            tax_parts=text_of_parts(negated(settlement.tax_parts)),
        )
        entry, head = append(head, facts, settlement.amounts)
        state = settlement.state
        entries.append(entry)
        return replace(settlement.refund, settled_seq=entry.seq)

    for number, part in enumerate(parts):
        amount = min(part, state.refundable_amount)
        if amount:
            quote = RefundQuote("ch_1", amount)
            state, refund = reserved(sale, state, f"re_{number}", quote)
            settled.append(book(succeeded(refund)))
    for number in sorted(failing & set(range(len(settled)))):
        book(settled[number].with_status(RefundStatus.FAILED, AT, "stripe_webhook"))
    return entries


@given(
    sold_orders(),
    st.lists(st.integers(1, 5_000), max_size=6),
    st.sets(st.integers(0, 5)),
)
def test_totals_are_the_sums_of_the_rows_and_a_failed_refund_leaves_zero(
    sale: Sold, parts: list[int], failing: set[int]
) -> None:
    entries = entries_of(sale, parts, failing)
    rows = [row_of_entry(entry) for entry in entries]
    totals = ReportTotals().plus(rows)
    figures = [
        EntryFigures(*(getattr(entry, name) for name in EntryFigures._fields)) for entry in entries
    ]
    assert totals == totals_of_figures(figures)
    assert totals.count == len(rows)
    for name in AMOUNTS:
        assert getattr(totals, name) == sum(getattr(row, name) for row in rows)
    assert totals.net_deduction_amount == (
        totals.rev_share_adjustment_amount - totals.refunded_amount
    )
    by_refund: dict[str | None, list[ReportRow]] = {}
    for row in rows:
        by_refund.setdefault(row.refund_id, []).append(row)
    standing = [found[0] for found in by_refund.values() if len(found) == 1]
    assert totals.refunded_amount == sum(row.refunded_amount for row in standing)


@given(st.lists(st.integers(1, 5_000), max_size=6), st.integers(0, 6))
def test_totals_of_two_parts_add_up_to_the_totals_of_the_whole(parts: list[int], cut: int) -> None:
    rows = [row_of_entry(entry) for entry in entries_of(hundred_dollars(), parts, set())]
    rest = ReportTotals().plus(rows[cut:])
    assert ReportTotals().plus(rows[:cut]).plus([rest]) == ReportTotals().plus(rows)


def test_the_product_s_example_and_its_late_failure_are_right_to_the_cent() -> None:
    row, failed = map(row_of_entry, entries_of(hundred_dollars(), [10_000], {0}))
    assert (row.refunded_amount, row.rev_share_adjustment_amount) == (10_000, 1_500)
    assert (row.stripe_fee_retained_amount, row.net_deduction_amount) == (320, -8_500)
    assert (row.status, row.processed_by, row.settled_at) == ("settled", "ana", AT)
    assert (failed.refunded_amount, failed.rev_share_adjustment_amount) == (-10_000, -1_500)
    assert (failed.stripe_fee_retained_amount, failed.net_deduction_amount) == (-320, 8_500)
    assert (failed.status, failed.refund_id, failed.settled_at) == ("failed", "re_0", AT)
    assert failed.place != row.place


def test_the_refunded_tax_has_the_sign_of_the_refund() -> None:
    sale = sold(OrderLine("li_1", 2, 2_000, 200))
    first, second, failed = map(row_of_entry, entries_of(sale, [500, 1_500], {0}))
    assert (first.tax_refunded_amount, second.tax_refunded_amount) == (50, 150)
    assert failed.tax_refunded_amount == -50


def test_a_dispute_and_what_it_gave_back_are_rows_that_add_up_to_its_fee() -> None:
    books = StudioBooks("usd")
    books.sell(hundred_dollars())
    (sale,) = books.sales.values()
    for status, taken in ((DisputeStatus.LOST, 10_000), (DisputeStatus.WON, 0)):
        report = Dispute(
            "dp_1",
            status,
            10_000,
            is_charge_refundable=False,
            created_at=DISPUTED_AT,
            withdrawn_amount=taken,
            fee_amount=1_500,
        )
        books.report_dispute(sale, report)
        books.book_disputes(sale)
    taken_row, back = map(row_of_entry, books.entries[1:])
    assert (taken_row.type, taken_row.status, taken_row.dispute_id) == (
        "dispute",
        "disputed",
        "dp_1",
    )
    assert (taken_row.refunded_amount, taken_row.rev_share_adjustment_amount) == (10_000, 1_500)
    assert (taken_row.dispute_fee_amount, taken_row.net_deduction_amount) == (1_500, -10_000)
    assert taken_row.refund_id is None
    assert not taken_row.is_refund
    assert (back.status, back.refunded_amount, back.net_deduction_amount) == (
        "dispute_reversed",
        -10_000,
        8_500,
    )
    totals = ReportTotals().plus([taken_row, back])
    assert (totals.refunded_amount, totals.rev_share_adjustment_amount) == (0, 0)
    assert (totals.dispute_fee_amount, totals.net_deduction_amount) == (1_500, -1_500)


def test_an_entry_without_a_refund_makes_no_row() -> None:
    facts = EntryFacts(kind=EntryKind.SALE, order_id="ord_1", recorded_at=AT)
    sale, _ = append(LedgerHead("st_1", "usd"), facts, sale_amounts(hundred_dollars().state))
    with pytest.raises(ValueError, match="not about a refund"):
        row_of_entry(sale)


def test_a_pending_refund_has_estimates_and_is_dated_by_its_request() -> None:
    sale = sold(OrderLine("li_1", 1, 10_000, 1_000), rev_share=1_500, stripe_fee=320)
    state, refund = reserved(sale, sale.state, "re_1", RefundQuote("ch_1", 2_500))
    row = open_row(refund, state)
    assert (row.settled_at, row.requested_at, row.status) == (None, AT, "requested")
    assert (row.refunded_amount, row.tax_refunded_amount) == (2_500, 250)
    assert (row.rev_share_adjustment_amount, row.stripe_fee_retained_amount) == (375, 80)
    assert row.net_deduction_amount == -2_125


def test_a_failed_refund_has_its_amount_and_no_effects() -> None:
    refund = succeeded(refund_of(hundred_dollars(), "re_1", 2_500))
    failed = refund.with_status(RefundStatus.FAILED, "2026-10-20T00:00:00.000Z", "stripe_webhook")
    assert failed.failed_at is not None
    row = failed_row(failed, failed.failed_at)
    assert (row.refunded_amount, row.status) == (2_500, "failed")
    assert row.failed_at == "2026-10-20T00:00:00.000Z"
    assert row.rev_share_adjustment_amount == row.net_deduction_amount == 0
    assert row.stripe_fee_retained_amount == row.tax_refunded_amount == 0

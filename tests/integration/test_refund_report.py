"""The refund report on real tables: what settled, what is open and what failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.refund_report.report_refunds import ReportRefunds
from functions.refund_report.views import report_view
from shared.clock import rfc3339
from shared.domain.errors import DateRangeError
from shared.domain.record_source import RecordSource
from shared.domain.refund_quote import ChosenLine
from shared.domain.report import ReportRow, ReportTotals
from shared.domain.report_filter import ReportFilter
from shared.gateways.people import People
from shared.gateways.records.keys import ORDER_SK, order_pk, primary_key
from shared.gateways.studios import Studios
from tests.integration.backend import Backend
from tests.integration.bookkeeper import Bookkeeper, book, totals_of
from tests.records import line_record

pytestmark = pytest.mark.stack

ILLINOIS = {"jurisdiction": "US-IL", "rate": "8"}
INDIANA = {"jurisdiction": "US-IN", "rate": "7"}


def erase(backend: Backend, order_id: str) -> None:
    key = primary_key(order_pk(backend.key(order_id)), ORDER_SK)
    backend.dynamodb.delete_item(TableName=backend.orders_table, Key=key)


def test_a_refund_is_a_row_with_all_promised_columns(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    order_id = backend.sell()
    refund = backend.refund_and_settle(order_id)
    imported = backend.record(order_id).imported
    report = bookkeeper.report()
    assert report.rows == [
        ReportRow(
            place=report.rows[0].place,
            refund_id=refund.refund_id,
            order_id=order_id,
            type="full",
            reason="other",
            status="settled",
            currency="usd",
            refunded_amount=10_000,
            rev_share_adjustment_amount=1_500,
            stripe_fee_retained_amount=320,
            net_deduction_amount=-8_500,
            tax_refunded_amount=0,
            processed_by="tester",
            stripe_refund_id=refund.stripe_refund_id,
            source=RecordSource.API,
            settled_at=refund.settled_at,
            parent_name="Dana Parent",
            subject_names=("Kai Parent",),
            original_amount=10_000,
            charge_id=imported.charge.charge_id,
            payment_intent_id=imported.charge.payment_intent_id,
            placed_at=imported.placed_at,
            balance_transaction_id=refund.balance_transaction_id,
        )
    ]
    assert refund.balance_transaction_id
    assert report.totals == ReportTotals(1, 10_000, 1_500, 320, -8_500, 0)
    assert (report.chosen.currency, report.next_cursor) == ("usd", None)


def test_a_report_names_its_users_and_what_it_is_filtered_by(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    backend.refund_and_settle(backend.sell())
    people = People(backend.dynamodb, backend.orders_table)
    people.record_name(backend.studio_id, "tester", "Kim Lee")
    found = bookkeeper.report(only=ReportFilter(subject="sub_1", processed_by="tester"))
    shown = report_view(found, {})
    assert (shown.items[0].processed_by_name, shown.items[0].reason_name) == ("Kim Lee", "Other")
    assert [(each.kind, each.key, each.name) for each in shown.filters] == [
        ("subject", "sub_1", "Kai Parent"),
        ("processed_by", "tester", "Kim Lee"),
    ]
    nothing = report_view(bookkeeper.report(only=ReportFilter(subject="sub_9", reason="")), {})
    assert [(each.key, each.name) for each in nothing.filters] == [
        ("sub_9", None),
        ("", "No reason given"),
    ]
    assert report_view(bookkeeper.report(), {}).filters == []


def test_a_late_failure_is_a_row_of_its_own_with_its_own_date(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    refund = backend.refund_and_settle(backend.sell(), 4_000)
    backend.clock.ahead = timedelta(days=3)
    backend.control(
        f"refunds/{refund.stripe_refund_id}", status="failed", failure_reason="lost_or_stolen_card"
    )
    backend.settle_all()
    first, failed = bookkeeper.report().rows
    assert (first.status, failed.status) == ("settled", "failed")
    assert (first.failure_reason, failed.failure_reason) == (None, "lost_or_stolen_card")
    assert (failed.failure_detail or "").startswith("The parent's card was reported lost")
    assert first.refund_id == failed.refund_id
    assert (failed.settled_at or "") > (first.settled_at or "")
    assert failed.refunded_amount == -first.refunded_amount == -4_000
    assert failed.rev_share_adjustment_amount == -first.rev_share_adjustment_amount
    assert failed.stripe_fee_retained_amount == -first.stripe_fee_retained_amount
    assert failed.net_deduction_amount == -first.net_deduction_amount > 0
    assert bookkeeper.report().totals == ReportTotals(count=2)
    day = str(bookkeeper.report().chosen.days.last)
    assert [row.status for row in bookkeeper.report(first=day).rows] == ["failed"]


def test_a_line_s_refund_names_its_own_subjects(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    subjects = [{"subject_id": f"sub_{n}", "name": name} for n, name in enumerate("ABC")]
    order_id = backend.sell(
        subjects=subjects,
        line_items=[
            line_record("li_1", 1, 4_000, subject_id="sub_0"),
            line_record("li_2", 1, 3_000, subject_id="sub_1"),
            line_record("li_3", 1, 3_000, subject_id=None),
        ],
    )
    backend.refund_and_settle(order_id, lines=(ChosenLine("li_2", 1),))
    backend.refund_and_settle(order_id, lines=(ChosenLine("li_1", 1), ChosenLine("li_3", 1)))
    assert [row.subject_names for row in bookkeeper.report().rows] == [("B",), ("A", "B", "C")]


@pytest.mark.parametrize("state", ["settled", "open", "failed"])
def test_the_refunded_taxes_add_up_to_the_tax_of_the_report(
    bookkeeper: Bookkeeper, state: str
) -> None:
    backend = bookkeeper.backend
    taxed = backend.sell(
        line_items=[
            line_record("li_1", 2, 4_000, tax_amount=640, taxes=[ILLINOIS | {"amount": 640}]),
            line_record("li_2", 1, 1_270, tax_amount=90, taxes=[INDIANA | {"amount": 90}]),
        ],
    )
    other = backend.sell(line_items=[line_record("li_1", 1, 9_000, tax_amount=1_000)])
    backend.refund_and_settle(taxed, lines=(ChosenLine("li_2", 1),))
    failing = backend.refund_and_settle(taxed, 2_160)
    backend.refund_and_settle(other, 5_000)
    backend.control(f"refunds/{failing.stripe_refund_id}", status="failed")
    backend.settle_all()
    backend.refund(taxed, 4_320)
    found = bookkeeper.taxes(state=state).taxes
    totals = totals_of(bookkeeper.report(state))
    assert sum(each.amount for each in found) == totals.tax_refunded_amount
    names = [(each.jurisdiction, each.rate, each.count, each.amount) for each in found]
    assert (
        names
        == {
            "settled": [("US-IL", "8", 2, 0), ("US-IN", "7", 1, 90), (None, None, 1, 500)],
            "open": [("US-IL", "8", 1, 320)],
            "failed": [],
        }[state]
    )


def test_an_erased_order_keeps_its_figures_and_loses_its_names(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    gone, there = backend.sell(), backend.sell()
    for order_id in (gone, there):
        backend.refund_and_settle(order_id, 2_500)
    erase(backend, gone)
    first, second = bookkeeper.report().rows
    assert (first.parent_name, first.subject_names) == (None, ())
    assert (first.original_amount, first.refunded_amount) == (10_000, 2_500)
    assert second.parent_name == "Dana Parent"


def test_days_are_in_the_studio_s_time_zone_and_include_both_ends(bookkeeper: Bookkeeper) -> None:
    # In Chicago the clocks go back on 1 November 2026: the day has 25 hours.
    begin = datetime(2026, 11, 1, 5, tzinfo=UTC)
    end = datetime(2026, 11, 2, 6, tzinfo=UTC)
    moment = timedelta(milliseconds=1)
    book(bookkeeper.backend, begin - moment, begin, end - moment, end)
    report = bookkeeper.report(first="2026-11-01", last="2026-11-01")
    assert [row.settled_at for row in report.rows] == [rfc3339(begin), rfc3339(end - moment)]
    assert totals_of(report).count == 2
    before = bookkeeper.report(first="2026-10-31", last="2026-10-31")
    after = bookkeeper.report(first="2026-11-02", last="2026-11-02")
    assert (totals_of(before).count, totals_of(after).count) == (1, 1)


def test_another_studio_s_refunds_are_not_in_the_report(bookkeeper: Bookkeeper) -> None:
    backend = bookkeeper.backend
    backend.refund_and_settle(backend.sell(), 100)
    other = replace(backend.head(), studio_id="st_other")
    ours = backend.studios.get(backend.studio_id)
    assert ours is not None
    studio = replace(ours, studio_id="st_other")
    Studios(backend.dynamodb, backend.orders_table).add(studio, other, "2026-11-30T00:00:00.000Z")
    query = replace(bookkeeper.query(), studio_id="st_other")
    assert ReportRefunds(bookkeeper.select, bookkeeper.rows)(query, 100, None).rows == []


def test_a_range_that_ends_before_it_begins_is_refused(bookkeeper: Bookkeeper) -> None:
    with pytest.raises(DateRangeError):
        bookkeeper.report(first="2026-11-30", last="2026-11-01")


def test_open_refunds_show_estimates_and_leave_the_list_when_they_settle(
    bookkeeper: Bookkeeper,
) -> None:
    backend = bookkeeper.backend
    order_id = backend.sell()
    refund = backend.refund(order_id, 2_500)
    report = bookkeeper.report("open")
    (row,) = report.rows
    assert (row.refund_id, row.status, row.settled_at) == (refund.refund_id, "pending", None)
    assert (row.requested_at, row.parent_name) == (refund.requested_at, "Dana Parent")
    assert (row.refunded_amount, row.rev_share_adjustment_amount) == (2_500, 375)
    assert (row.net_deduction_amount, row.original_amount) == (-2_125, 10_000)
    assert (row.pending_detail or "").startswith("Stripe has not confirmed it yet.")
    assert report.totals == ReportTotals(1, 2_500, 375, 80, -2_125, 0)
    assert bookkeeper.report().rows == []
    backend.settle_all()
    assert bookkeeper.report("open").rows == []
    assert bookkeeper.report().totals == report.totals


def test_failed_and_canceled_refunds_are_listed_by_the_day_they_failed(
    bookkeeper: Bookkeeper,
) -> None:
    backend = bookkeeper.backend
    order_id = backend.sell()
    refunds = [backend.refund(order_id, 1_000), backend.refund(order_id, 2_000)]
    for refund in refunds:
        stripe_refund_id = backend.current(refund).stripe_refund_id
        backend.control(f"refunds/{stripe_refund_id}", status="failed")
    backend.settle_all()
    report = bookkeeper.report("failed")
    assert {row.refund_id for row in report.rows} == {each.refund_id for each in refunds}
    assert {row.status for row in report.rows} == {"failed"}
    assert all("Refund again, or pay" in (row.failure_detail or "") for row in report.rows)
    newest = bookkeeper.pages(1, state="failed", newest_first=True)
    assert [row for page in newest for row in page.rows] == report.rows[::-1]
    assert all(row.failed_at and row.settled_at is None for row in report.rows)
    assert report.totals == ReportTotals(2, 3_000, 0, 0, 0, 0)
    assert bookkeeper.report("failed", last="2020-01-31").rows == []
    pages = list(bookkeeper.pages(1, state="failed"))
    assert [row for page in pages for row in page.rows] == report.rows
    assert {page.totals for page in pages} == {report.totals}


@contextmanager
def read_units(backend: Backend) -> Iterator[list[float]]:
    """Collect the capacity units of each read while the context lasts."""
    events = backend.dynamodb.meta.events
    units: list[float] = []

    def request_capacity(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def record_capacity(parsed: dict[str, Any], **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        units.extend(each["CapacityUnits"] for each in tables)

    hooks = [
        (f"{when}.dynamodb.{operation}", hook)
        for operation in ("Query", "GetItem", "BatchGetItem")
        for when, hook in (
            ("provide-client-params", request_capacity),
            ("after-call", record_capacity),
        )
    ]
    for name, hook in hooks:
        events.register(name, hook)
    try:
        yield units
    finally:
        for name, hook in hooks:
            events.unregister(name, hook)


def test_reading_a_month_costs_the_same_however_full_the_table_is(bookkeeper: Bookkeeper) -> None:
    month: dict[str, Any] = {"first": "2026-10-01", "last": "2026-10-31"}
    at = datetime(2026, 10, 15, tzinfo=UTC)
    book(bookkeeper.backend, *(at + timedelta(minutes=minute) for minute in range(20)))
    with read_units(bookkeeper.backend) as alone:
        assert totals_of(bookkeeper.report(**month)).count == 20
    for other in (datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC)):
        book(bookkeeper.backend, *(other + timedelta(minutes=minute) for minute in range(100)))
    for _ in range(20):
        bookkeeper.backend.sell()
    with read_units(bookkeeper.backend) as among_others:
        assert totals_of(bookkeeper.report(**month)).count == 20
    assert sum(alone) > 0
    assert among_others == alone

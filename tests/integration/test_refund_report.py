"""The refund report on real tables: what settled, what is open and what failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.refund_report.report_refunds import (
    Report,
    ReportQuery,
    ReportRefunds,
    SelectRefunds,
)
from shared.clock import rfc3339
from shared.domain.errors import CursorError, DateRangeError, StudioNotFoundError
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, RecordSource, append
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import ChosenLine
from shared.domain.report import ReportRow, ReportState, ReportTotals
from shared.edge.cursor import cursor_for
from shared.gateways.order_lists import OrderLists
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import ORDER_SK, entry_sk, order_pk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from shared.gateways.refund_lists import RefundLists
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.studios import Studios
from shared.workflow.refund_rows import RefundRows
from tests.integration.backend import Backend
from tests.records import line_record

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class ReportStudio:
    """A bookkeeper's desk in a backend's studio."""

    backend: Backend

    @property
    def rows(self) -> RefundRows:
        backend = self.backend
        return RefundRows(
            SettledRefunds(backend.dynamodb, backend.ledger_table),
            RefundLists(backend.dynamodb, backend.orders_table),
            OrderLists(backend.dynamodb, backend.orders_table),
            backend.orders,
        )

    @property
    def select(self) -> SelectRefunds:
        backend = self.backend
        studios = Studios(backend.dynamodb, backend.orders_table)
        return SelectRefunds(studios, backend.books, backend.clock)

    def query(
        self, state: str = "settled", first: str | None = None, last: str | None = None
    ) -> ReportQuery:
        return ReportQuery(self.backend.studio_id, ReportState(state), first, last)

    def report(
        self,
        state: str = "settled",
        first: str | None = None,
        last: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Report:
        report = ReportRefunds(self.select, self.rows)
        return report(self.query(state, first, last), limit, cursor)

    def pages(self, limit: int, **query: Any) -> Iterator[Report]:  # noqa: ANN401  # report's own
        cursor = None
        while True:
            page = self.report(limit=limit, cursor=cursor, **query)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return


@pytest.fixture
def desk(backend: Backend) -> ReportStudio:
    return ReportStudio(backend)


def settled(backend: Backend, order_id: str, amount: int | None = None, **choice: Any) -> Refund:  # noqa: ANN401  # RefundChoice's fields
    """Refund, let Stripe confirm, and settle."""
    refund = backend.refund(order_id, amount, **choice)
    backend.deliver()
    backend.drain()
    found = backend.current(refund)
    assert found.status is RefundStatus.SETTLED
    return found


def book(backend: Backend, *times: datetime, order_id: str = "ord_elsewhere") -> None:
    """Put entries of refunds of 1.00 into the ledger as if they had settled at these times."""
    head = backend.head()
    for number, at in enumerate(times):
        facts = EntryFacts(
            kind=EntryKind.REFUND,
            order_id=order_id,
            recorded_at=rfc3339(at),
            refund_id=f"rf_{head.seq}_{number}",
            refund_type="partial",
            reason="other",
            source=RecordSource.API,
            processed_by="tester",
            stripe_refund_id=f"re_{head.seq}_{number}",
            settled_at=rfc3339(at),
        )
        entry, head = append(head, facts, EntryAmounts(-100, 0, 15, -85, 0, 3))
        key = primary_key(studio_pk(entry.studio_id), entry_sk(entry.seq))
        item = key | marshal(entry.content())
        backend.dynamodb.put_item(TableName=backend.ledger_table, Item=item)
    backend.dynamodb.put_item(TableName=backend.orders_table, Item=head_to_item(head))


def erase(backend: Backend, order_id: str) -> None:
    key = primary_key(order_pk(backend.key(order_id)), ORDER_SK)
    backend.dynamodb.delete_item(TableName=backend.orders_table, Key=key)


def test_a_refund_is_a_row_with_all_that_the_product_promises(desk: ReportStudio) -> None:
    backend = desk.backend
    order_id = backend.sell()
    refund = settled(backend, order_id)
    report = desk.report()
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
        )
    ]
    assert report.totals == ReportTotals(1, 10_000, 1_500, 320, -8_500, 0)
    assert (report.chosen.currency, report.next_cursor) == ("usd", None)


def test_a_late_failure_is_a_row_of_its_own_with_its_own_date(desk: ReportStudio) -> None:
    backend = desk.backend
    refund = settled(backend, backend.sell(), 4_000)
    backend.clock.ahead = timedelta(days=3)
    backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    backend.deliver()
    backend.drain()
    first, failed = desk.report().rows
    assert (first.status, failed.status) == ("settled", "failed")
    assert first.refund_id == failed.refund_id
    assert (failed.settled_at or "") > (first.settled_at or "")
    assert failed.refunded_amount == -first.refunded_amount == -4_000
    assert failed.rev_share_adjustment_amount == -first.rev_share_adjustment_amount
    assert failed.stripe_fee_retained_amount == -first.stripe_fee_retained_amount
    assert failed.net_deduction_amount == -first.net_deduction_amount > 0
    assert desk.report().totals == ReportTotals(count=2)
    day = str(desk.report().chosen.days.last)
    assert [row.status for row in desk.report(first=day).rows] == ["failed"]


def test_a_line_s_refund_names_its_own_subjects(desk: ReportStudio) -> None:
    backend = desk.backend
    subjects = [{"subject_id": f"sub_{n}", "name": name} for n, name in enumerate("ABC")]
    order_id = backend.sell(
        subjects=subjects,
        line_items=[
            line_record("li_1", 1, 4_000, subject_id="sub_0"),
            line_record("li_2", 1, 3_000, subject_id="sub_1"),
            line_record("li_3", 1, 3_000, subject_id=None),
        ],
    )
    settled(backend, order_id, lines=(ChosenLine("li_2", 1),))
    settled(backend, order_id, lines=(ChosenLine("li_1", 1), ChosenLine("li_3", 1)))
    assert [row.subject_names for row in desk.report().rows] == [("B",), ("A", "B", "C")]


def test_an_erased_order_leaves_its_figures_without_names(desk: ReportStudio) -> None:
    backend = desk.backend
    gone, there = backend.sell(), backend.sell()
    for order_id in (gone, there):
        settled(backend, order_id, 2_500)
    erase(backend, gone)
    first, second = desk.report().rows
    assert (first.parent_name, first.subject_names) == (None, ())
    assert (first.original_amount, first.refunded_amount) == (10_000, 2_500)
    assert second.parent_name == "Dana Parent"


def test_days_are_the_studio_s_and_both_ends_are_in(desk: ReportStudio) -> None:
    # In Chicago the clocks go back on 1 November 2026: the day has 25 hours.
    begin = datetime(2026, 11, 1, 5, tzinfo=UTC)
    end = datetime(2026, 11, 2, 6, tzinfo=UTC)
    moment = timedelta(milliseconds=1)
    book(desk.backend, begin - moment, begin, end - moment, end)
    report = desk.report(first="2026-11-01", last="2026-11-01")
    assert [row.settled_at for row in report.rows] == [rfc3339(begin), rfc3339(end - moment)]
    assert report.totals.count == 2
    before = desk.report(first="2026-10-31", last="2026-10-31")
    after = desk.report(first="2026-11-02", last="2026-11-02")
    assert (before.totals.count, after.totals.count) == (1, 1)


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_have_every_row_once_and_each_the_totals_of_all(
    desk: ReportStudio, limit: int
) -> None:
    # Several of one moment: they are told apart by their numbers.
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    times = [at + timedelta(seconds=second // 3) for second in range(7)]
    book(desk.backend, *times)
    pages = list(desk.pages(limit, first="2026-11-01", last="2026-11-30"))
    rows = [row for page in pages for row in page.rows]
    assert len(pages) == -(-7 // limit)
    assert len({row.refund_id for row in rows}) == len(rows) == 7
    assert sorted(row.settled_at or "" for row in rows) == [row.settled_at for row in rows]
    totals = ReportTotals().plus(rows)
    assert {page.totals for page in pages} == {totals}
    assert totals == ReportTotals(7, 700, 105, 21, -595, 0)


def test_what_settles_between_pages_neither_shifts_them_nor_changes_totals(
    desk: ReportStudio,
) -> None:
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    book(desk.backend, *(at + timedelta(minutes=minute) for minute in range(4)))
    span: dict[str, Any] = {"first": "2026-11-01", "last": "2026-11-30"}
    pages = desk.pages(2, **span)
    first = next(pages)
    # Late by the clock, between what was shown, at the same moment, and after all of it.
    book(desk.backend, at, at + timedelta(seconds=30), at + timedelta(hours=1))
    second = next(pages)
    assert next(pages, None) is None
    shown = [row.refund_id for page in (first, second) for row in page.rows]
    assert len(set(shown)) == len(shown) == 4
    assert first.totals == second.totals == ReportTotals().plus([*first.rows, *second.rows])
    assert desk.report(**span).totals.count == 7


def test_a_cursor_keeps_the_days_that_its_first_page_had(desk: ReportStudio) -> None:
    backend = desk.backend
    now = backend.clock()
    book(backend, *(now - timedelta(days=29, minutes=minute) for minute in range(3)))
    pages = desk.pages(2)
    first = next(pages)
    backend.clock.ahead = timedelta(days=20)
    second = next(pages)
    assert len(second.rows) == 1
    assert first.chosen.days == second.chosen.days
    assert desk.report().totals.count == 0


def forged(desk: ReportStudio, **changes: str) -> str:
    """Return a cursor as ours are made, with other content."""
    at = "2026-11-03T12:00:00.000Z"
    position = {"start": at, "end": at, "upto_seq": "9", "place": f"{at}#1"} | changes
    return cursor_for([*position.values(), *["0"] * 6], *desk.query().scope)


@pytest.mark.parametrize(
    "changes",
    [
        {"place": "x"},
        {"place": "2026-11-03T12:00:00.000Z#rf_1"},
        {"place": "2026-11-03T12:00:00.000Z"},
        {"start": "x"},
        {"end": "0001-01-01T00:00:00.000+23:59"},
        {"upto_seq": "many"},
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused(
    desk: ReportStudio, changes: dict[str, str]
) -> None:
    with pytest.raises(CursorError):
        desk.report(cursor=forged(desk, **changes))


def test_a_cursor_is_of_one_studio_and_one_question(desk: ReportStudio) -> None:
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    book(desk.backend, at, at)
    cursor = desk.report(first="2026-11-01", last="2026-11-30", limit=1).next_cursor
    for other in (
        ("settled", "2026-11-02", "2026-11-30"),
        ("settled", "2026-11-01", "2026-11-29"),
        ("failed", "2026-11-01", "2026-11-30"),
    ):
        with pytest.raises(CursorError):
            desk.report(*other, cursor=cursor)
    query = replace(desk.query(first="2026-11-01", last="2026-11-30"), studio_id="st_other")
    with pytest.raises(StudioNotFoundError):
        ReportRefunds(desk.select, desk.rows)(query, 1, cursor)


def test_another_studio_s_refunds_are_not_in_it(desk: ReportStudio) -> None:
    backend = desk.backend
    settled(backend, backend.sell(), 100)
    other = replace(backend.head(), studio_id="st_other")
    ours = backend.studios.get(backend.studio_id)
    assert ours is not None
    studio = replace(ours, studio_id="st_other")
    Studios(backend.dynamodb, backend.orders_table).add(studio, other, "2026-11-30T00:00:00.000Z")
    query = replace(desk.query(), studio_id="st_other")
    assert ReportRefunds(desk.select, desk.rows)(query, 100, None).rows == []


def test_days_that_are_no_range_are_refused(desk: ReportStudio) -> None:
    with pytest.raises(DateRangeError):
        desk.report(first="2026-11-30", last="2026-11-01")


def test_open_refunds_have_estimates_and_leave_the_list_when_they_settle(
    desk: ReportStudio,
) -> None:
    backend = desk.backend
    order_id = backend.sell()
    refund = backend.refund(order_id, 2_500)
    report = desk.report("open")
    (row,) = report.rows
    assert (row.refund_id, row.status, row.settled_at) == (refund.refund_id, "pending", None)
    assert (row.requested_at, row.parent_name) == (refund.requested_at, "Dana Parent")
    assert (row.refunded_amount, row.rev_share_adjustment_amount) == (2_500, 375)
    assert (row.net_deduction_amount, row.original_amount) == (-2_125, 10_000)
    assert report.totals == ReportTotals(1, 2_500, 375, 80, -2_125, 0)
    assert desk.report().rows == []
    backend.deliver()
    backend.drain()
    assert desk.report("open").rows == []
    assert desk.report().totals == report.totals


def test_failed_and_canceled_refunds_are_listed_by_the_day_they_failed(desk: ReportStudio) -> None:
    backend = desk.backend
    order_id = backend.sell()
    refunds = [backend.refund(order_id, 1_000), backend.refund(order_id, 2_000)]
    for refund in refunds:
        stripe_refund_id = backend.current(refund).stripe_refund_id
        backend.control(f"refunds/{stripe_refund_id}", status="failed")
    backend.deliver()
    backend.drain()
    report = desk.report("failed")
    assert {row.refund_id for row in report.rows} == {each.refund_id for each in refunds}
    assert {row.status for row in report.rows} == {"failed"}
    assert all(row.failed_at and row.settled_at is None for row in report.rows)
    assert report.totals == ReportTotals(2, 3_000, 0, 0, 0, 0)
    assert desk.report("failed", last="2020-01-31").rows == []
    pages = list(desk.pages(1, state="failed"))
    assert [row for page in pages for row in page.rows] == report.rows
    assert {page.totals for page in pages} == {report.totals}


@contextmanager
def read_units(backend: Backend) -> Iterator[list[float]]:
    """Collect what each read of the tables takes of their capacity, while the context lasts."""
    events = backend.dynamodb.meta.events
    taken: list[float] = []

    def ask(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def note(parsed: dict[str, Any], **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        taken.extend(each["CapacityUnits"] for each in tables)

    hooks = [
        (f"{when}.dynamodb.{operation}", hook)
        for operation in ("Query", "GetItem", "BatchGetItem")
        for when, hook in (("provide-client-params", ask), ("after-call", note))
    ]
    for name, hook in hooks:
        events.register(name, hook)
    try:
        yield taken
    finally:
        for name, hook in hooks:
            events.unregister(name, hook)


def test_a_month_costs_the_same_whatever_else_is_in_the_table(desk: ReportStudio) -> None:
    month: dict[str, Any] = {"first": "2026-10-01", "last": "2026-10-31"}
    at = datetime(2026, 10, 15, tzinfo=UTC)
    book(desk.backend, *(at + timedelta(minutes=minute) for minute in range(20)))
    with read_units(desk.backend) as alone:
        assert desk.report(**month).totals.count == 20
    for other in (datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC)):
        book(desk.backend, *(other + timedelta(minutes=minute) for minute in range(100)))
    for _ in range(20):
        desk.backend.sell()
    with read_units(desk.backend) as among_others:
        assert desk.report(**month).totals.count == 20
    assert sum(alone) > 0
    assert among_others == alone

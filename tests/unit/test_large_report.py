"""A page and a file of a hundred thousand rows take the memory of a few."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest

from functions.export_report import write_export
from functions.export_report.ledger_rows import LedgerRows
from functions.export_report.write_export import OutOfTimeError, WriteExport
from shared.domain.imported_order import ChargeIds, ImportedOrder, Parent, Product, Subject
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.domain.record_source import RecordSource
from shared.domain.report import ReportState, ReportTotals, Selection
from shared.gateways import exports
from shared.gateways.exports import ExportFiles
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.people import People
from shared.gateways.records.attributes import Item, marshal
from shared.gateways.records.imported_order import imported_order_to_item
from shared.gateways.records.keys import ENTRY_PREFIX, USER_PREFIX, order_key_of
from shared.gateways.records.ledger import entry_place
from shared.gateways.records.person import person_to_item
from shared.gateways.records.studio import studio_to_item
from shared.gateways.refund_lists import RefundLists
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.studios import Studios
from shared.workflow.find_patterns import FindPatterns
from shared.workflow.refund_rows import RefundRows, RowLimit
from shared.workflow.statement_rows import StatementRows
from tests.export_requests import refund_request
from tests.unit.traced_memory import traced_memory

from .studios import LAKESIDE

AT = "2026-10-14T17:04:00.000Z"
# About as many entries as fill DynamoDB's page of a megabyte.
ENTRIES_A_PAGE = 1_000


@dataclass
class GeneratedTables:
    """DynamoDB's answers about a studio with many refunds, generated on request."""

    count: int

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # a Query's parts
        start = asked.get("ExclusiveStartKey")
        first = int(start["SK"]["S"].removeprefix(ENTRY_PREFIX)) if start else 0
        size = min(asked.get("Limit", ENTRIES_A_PAGE), ENTRIES_A_PAGE, self.count - first)
        answer: dict[str, Any] = {
            "Items": [entry_item(first + number + 1) for number in range(size)]
        }
        if first + size < self.count:
            answer["LastEvaluatedKey"] = entry_place("st_1", AT, first + size)
        # A copy, as from the network, so that pages share no objects.
        return dict(json.loads(json.dumps(answer)))

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # the same
        ((table, wanted),) = asked["RequestItems"].items()
        if wanted["Keys"][0]["SK"]["S"].startswith(USER_PREFIX):
            return {"Responses": {table: [person_to_item("st_1", "tester", "Kim Lee")]}}
        ids = [order_key_of(each["PK"]["S"]).order_id for each in wanted["Keys"]]
        return {"Responses": {table: [order_item(order_id) for order_id in ids]}}

    def get_item(self, **_: object) -> dict[str, Any]:
        return {"Item": studio_to_item(LAKESIDE)}


def _first_entry() -> Item:
    facts = EntryFacts(
        kind=EntryKind.REFUND,
        order_id="ord_1",
        recorded_at=AT,
        refund_id="rf_1",
        refund_type="partial",
        reason="other",
        source=RecordSource.API,
        processed_by="tester",
        stripe_refund_id="re_1",
        settled_at=AT,
    )
    head = LedgerHead("st_1", "usd")
    entry, _ = append(head, facts, EntryAmounts(-101, 0, 15, -86, 0, 3))
    return marshal(entry.content())


_FIRST = _first_entry()


def entry_item(seq: int) -> Item:
    """Return a stored entry. Nothing here reads its hash."""
    return _FIRST | {
        "seq": {"N": str(seq)},
        "order_id": {"S": f"ord_{seq % 7_000}"},
        "refund_id": {"S": f"rf_{seq}"},
        "stripe_refund_id": {"S": f"re_{seq}"},
    }


def order_item(order_id: str) -> Item:
    """Return a stored order."""
    imported = ImportedOrder(
        order_id=order_id,
        studio_id="st_1",
        placed_at=AT,
        currency="usd",
        parent=Parent("Dana Parent"),
        subjects=(Subject("sub_1", "Kai Parent"),),
        photo_day=None,
        products=(Product("li_1", "Print", "PRT", 1, 10_000, 0, 0, "sub_1"),),
        shipping_amount=0,
        shipping_tax_amount=0,
        total_amount=10_000,
        rev_share_amount=1_500,
        stripe_fee_amount=320,
        charge=ChargeIds("ch_1"),
    )
    return imported_order_to_item(imported, AT)


@dataclass
class Bucket:
    """A bucket that keeps only the size of what it is given."""

    parts: list[int] = field(default_factory=list)
    lines: int = 0
    completed: bool = False
    marks: list[str] = field(default_factory=list)

    def put_object(self, *, Key: str, **_: object) -> None:  # noqa: N803  # S3's name
        self.marks.append(Key)

    def create_multipart_upload(self, **_: object) -> dict[str, str]:
        return {"UploadId": "u_1"}

    def upload_part(self, *, Body: bytes, **_: object) -> dict[str, str]:  # noqa: N803  # S3's name
        self.parts.append(len(Body))
        self.lines += Body.count(b"\r\n")
        return {"ETag": "e", "ChecksumCRC32": "c"}

    def complete_multipart_upload(self, **_: object) -> None:
        self.completed = True


def rows_of(tables: Any) -> RefundRows:  # noqa: ANN401  # a fake client
    return RefundRows(
        SettledRefunds(tables, "ledger"),
        RefundLists(tables, "orders"),
        OrderLists(tables, "orders"),
        OrdersTable(tables, "orders"),
        People(tables, "orders"),
    )


def find_patterns_in(tables: Any) -> FindPatterns:  # noqa: ANN401  # a fake client
    return FindPatterns(
        OrderLists(tables, "orders"),
        OrdersTable(tables, "orders"),
        SettledRefunds(tables, "ledger"),
        People(tables, "orders"),
    )


def selection(upto_seq: int) -> Selection:
    return Selection("st_1", ReportState.SETTLED, "2026-10-01", "2026-11-01", upto_seq)


def export(count: int) -> Bucket:
    bucket = Bucket()
    assert write_into(bucket, count, lambda: False) == count
    return bucket


def write_into(to_s3: Any, count: int, time_is_up: Callable[[], bool]) -> int:  # noqa: ANN401  # a fake client
    tables: Any = GeneratedTables(count)
    request = refund_request("st_1", start="2026-10-01", end="2026-11-01", upto_seq=count)
    write = WriteExport(
        Studios(tables, "orders"),
        rows_of(tables),
        LedgerRows(
            LedgerEntries(tables, "ledger"),
            PayoutsTable(tables, "orders"),
            OrderLists(tables, "orders"),
            People(tables, "orders"),
        ),
        PayoutsTable(tables, "orders"),
        StatementRows(LedgerEntries(tables, "ledger"), OrderLists(tables, "orders")),
        find_patterns_in(tables),
        ExportFiles(to_s3, "exports"),
    )
    return write(request, time_is_up=time_is_up)


def counted(rows: RefundRows, upto_seq: int, after: str | None) -> ReportTotals:
    """Return the totals of the rows after a place."""
    totals = rows.totals(selection(upto_seq), after, RowLimit(100_000))
    assert totals is not None
    return totals


@pytest.mark.slow
def test_a_page_of_a_hundred_thousand_rows_has_the_totals_of_all() -> None:
    rows = rows_of(GeneratedTables(100_000))
    page = list(islice(rows.rows(selection(100_000), None, 101), 100))
    totals = ReportTotals().plus(page).plus([counted(rows, 100_000, page[-1].place)])
    assert totals == ReportTotals(100_000, 10_100_000, 1_500_000, 300_000, -8_600_000, 0)


def test_refunds_that_settled_later_are_in_neither_rows_nor_totals() -> None:
    rows = rows_of(GeneratedTables(3_000))
    assert sum(1 for _ in rows.rows(selection(1_500), None)) == 1_500
    assert counted(rows, 1_500, None).count == 1_500


@pytest.mark.slow
def test_a_large_file_is_complete_and_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    # S3 takes no smaller part, except the last one.
    assert exports.PART_BYTES >= 5 * 1024 * 1024
    monkeypatch.setattr(exports, "PART_BYTES", 1024 * 1024)
    bucket = export(20_000)
    assert bucket.lines == 20_001
    assert all(size >= 1024 * 1024 for size in bucket.parts[:-1])
    assert len(bucket.parts) > 2


def test_a_file_that_takes_too_long_is_not_there_and_marked_as_failed() -> None:
    bucket, asked = Bucket(), iter([False, False, True])
    with pytest.raises(OutOfTimeError):
        write_into(bucket, 5_000, lambda: next(asked))
    assert not bucket.completed
    (mark,) = bucket.marks
    assert mark.endswith(".failed")


@pytest.fixture
def traced() -> Iterator[None]:
    export(100)  # what is made once and kept
    with traced_memory():
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("traced")
def test_twice_the_rows_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART_BYTES", 50_000)
    monkeypatch.setattr(write_export, "_ROWS_AT_ONCE", 100)
    peaks = []
    for count in (2_000, 4_000):
        tracemalloc.reset_peak()
        assert len(export(count).parts) > 1
        peaks.append(tracemalloc.get_traced_memory()[1])
    # The additional 2,000 rows would take 230 kilobytes as text, and more as rows.
    assert peaks[1] - peaks[0] < 150_000

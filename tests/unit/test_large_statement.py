"""The file of a payout with many lines: it is requested, complete, and takes no more memory."""

import csv
import gc
import io
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest

from functions.export_report import write_export
from functions.export_report.ledger_rows import LedgerRows
from functions.export_report.write_export import NothingToExportError, WriteExport
from functions.payouts.read_lines import ReadLines
from functions.payouts.show_payout import MOST_LINES_AT_ONCE, ShowPayout
from functions.payouts.statement_file import StatementFile
from functions.payouts.statement_html import statement_html
from shared.domain.errors import PayoutNotFoundError
from shared.domain.export import CsvFile, DecimalMark, Export, StatementSelection
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.domain.payout import Payout, PayoutStatus, PayoutStep
from shared.domain.running_sums import RunningSums
from shared.domain.sums import StatementError, Sum
from shared.gateways import exports
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.people import People
from shared.gateways.records.attributes import Item, marshal
from shared.gateways.records.keys import ENTRY_PREFIX, order_key_of, payout_sk, sums_sk
from shared.gateways.records.ledger import entry_place
from shared.gateways.records.payout import payout_to_item
from shared.gateways.records.running_sums import running_sums_to_item
from shared.gateways.records.studio import studio_to_item
from shared.gateways.running_sums import StoredSums
from shared.gateways.studios import Studios
from shared.workflow import statement_rows
from shared.workflow.start_export import StartExport
from shared.workflow.statement_rows import StatementRows
from tests.unit.traced_memory import traced_memory

from .studios import LAKESIDE
from .test_large_report import AT, ENTRIES_A_PAGE, Bucket, find_patterns_in, order_item, rows_of

PAYOUT_ID = "po_st_1_2026-10-18"
SALE = EntryAmounts(10_000, -320, -1_500, 8_180, 0)
REFUND = EntryAmounts(-2_500, 0, 375, -2_125, 0)
CARRIED = -500


def _is_refund(seq: int) -> bool:
    return seq % 10 == 0


def _entry_item(kind: EntryKind, amounts: EntryAmounts) -> Item:
    facts = EntryFacts(kind, "ord_1", AT, refund_id="rf_1" if kind is EntryKind.REFUND else None)
    entry, _ = append(LedgerHead("st_1", "usd"), facts, amounts)
    return marshal(entry.content())


_SALE, _REFUND = _entry_item(EntryKind.SALE, SALE), _entry_item(EntryKind.REFUND, REFUND)


def payout_of(entries: int) -> Payout:
    """Return a payout of so many entries: every tenth is a refund."""
    refunds = entries // 10
    total = CARRIED + (entries - refunds) * SALE.payable_amount + refunds * REFUND.payable_amount
    return Payout(
        payout_id=PAYOUT_ID,
        studio_id="st_1",
        currency="usd",
        period_started_at="2026-10-12T05:00:00.000Z",
        period_ended_at="2026-10-19T05:00:00.000Z",
        period_start="2026-10-12",
        period_end="2026-10-18",
        first_seq=1,
        last_seq=entries,
        entry_seq=entries + 1,
        carried_in_amount=CARRIED,
        total_amount=total,
        paid_amount=total,
        carried_amount=0,
        status=PayoutStatus.PAID,
        closed_at=AT,
        history=(PayoutStep(PayoutStatus.PAID, AT),),
    )


def sums_of(payout: Payout) -> RunningSums:
    """Return the running sums at the payout's last entry."""
    refunds = payout.last_seq // 10
    counts = (("sale", payout.last_seq - refunds, SALE), ("refund", refunds, REFUND))
    by_kind = {
        kind: Sum(
            count,
            gross_amount=count * each.gross_amount,
            stripe_fee_amount=count * each.stripe_fee_amount,
            rev_share_amount=count * each.rev_share_amount,
            net_amount=count * each.net_amount,
            payable_amount=count * each.payable_amount,
        )
        for kind, count, each in counts
    }
    return RunningSums("st_1", payout.last_seq, by_kind)


@dataclass
class Ledger:
    """DynamoDB's answers about a studio with one payout, generated on request."""

    payout: Payout
    gone: int = 0
    sums: RunningSums | None = None
    a_page: int = ENTRIES_A_PAGE
    queries: int = 0

    def query(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # a Query's parts
        self.queries += 1
        values = asked["ExpressionAttributeValues"]
        if values[":first"]["S"] == sums_sk(0):
            is_there = self.sums is not None and values[":last"]["S"] >= sums_sk(self.sums.seq)
            return {"Items": [running_sums_to_item(self.sums)] if self.sums and is_there else []}
        first, last = (
            int(values[name]["S"].removeprefix(ENTRY_PREFIX)) for name in (":first", ":last")
        )
        start = asked.get("ExclusiveStartKey")
        if start:
            first = int(start["SK"]["S"].removeprefix(ENTRY_PREFIX)) + 1
        until = min(last, first + self.a_page - 1)
        seqs = (seq for seq in range(first, until + 1) if seq != self.gone)
        answer: dict[str, Any] = {"Items": [_entry(seq) for seq in seqs]}
        if until < last:
            answer["LastEvaluatedKey"] = entry_place("st_1", AT, until)
        return dict(json.loads(json.dumps(answer)))

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # the same
        ((table, wanted),) = asked["RequestItems"].items()
        ids = [order_key_of(each["PK"]["S"]).order_id for each in wanted["Keys"]]
        return {"Responses": {table: [order_item(order_id) for order_id in ids]}}

    def get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # the same
        sk = asked["Key"]["SK"]["S"]
        if sk.startswith(payout_sk("")):
            return {"Item": payout_to_item(self.payout)} if sk == payout_sk(PAYOUT_ID) else {}
        return {"Item": studio_to_item(LAKESIDE)}


def _entry(seq: int) -> Item:
    kept = _REFUND if _is_refund(seq) else _SALE
    changed: Item = {"seq": {"N": str(seq)}, "order_id": {"S": f"ord_{seq % 700}"}}
    refund: Item = {"refund_id": {"S": f"rf_{seq}"}} if _is_refund(seq) else {}
    return kept | changed | refund


@dataclass
class KeptBucket(Bucket):
    """A bucket that keeps what it is given."""

    content: bytearray = field(default_factory=bytearray)

    def upload_part(self, *, Body: bytes, **_: object) -> dict[str, str]:  # noqa: N803  # S3's name
        self.content += Body
        return super().upload_part(Body=Body)


@dataclass
class SentMessages:
    """A queue."""

    bodies: list[str] = field(default_factory=list)

    def send_message(self, *, MessageBody: str, **_: object) -> None:  # noqa: N803  # SQS's name
        self.bodies.append(MessageBody)


def show_of(tables: Any) -> ShowPayout:  # noqa: ANN401  # a fake client
    lines = ReadLines(
        LedgerEntries(tables, "ledger"), OrderLists(tables, "orders"), StoredSums(tables, "orders")
    )
    return ShowPayout(PayoutsTable(tables, "orders"), Studios(tables, "orders"), lines)


def rows_of_statement(tables: Any) -> StatementRows:  # noqa: ANN401  # the same
    return StatementRows(LedgerEntries(tables, "ledger"), OrderLists(tables, "orders"))


def file_of(tables: Ledger, bucket: KeptBucket, sent: SentMessages) -> StatementFile:
    to_s3: Any = bucket
    to_sqs: Any = sent
    start = StartExport(ExportFiles(to_s3, "exports"), ExportQueue(to_sqs, "queue"))
    return StatementFile(show_of(tables), rows_of_statement(tables), start)


def write(tables: Any, bucket: Any, request: ExportRequest) -> int:  # noqa: ANN401  # fake clients
    orders, people = OrderLists(tables, "orders"), People(tables, "orders")
    entries, payouts = LedgerEntries(tables, "ledger"), PayoutsTable(tables, "orders")
    return WriteExport(
        Studios(tables, "orders"),
        rows_of(tables),
        LedgerRows(entries, payouts, orders, people),
        payouts,
        rows_of_statement(tables),
        find_patterns_in(tables),
        ExportFiles(bucket, "exports"),
    )(request, time_is_up=lambda: False)


def request_of(selection: StatementSelection) -> ExportRequest:
    return ExportRequest(
        export_id="e" * 32,
        studio_id="st_1",
        report="statement",
        form="csv",
        decimal_mark="point",
        selection=json.dumps(asdict(selection)),
        file_name="statement.csv",
        correlation_id="c",
    )


REQUEST = request_of(StatementSelection("st_1", PAYOUT_ID))


@pytest.fixture
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the limits of answers and of memory so low that tests need few lines."""
    assert statement_rows._MOST_KEPT == MOST_LINES_AT_ONCE == 10_000  # noqa: SLF001  # as documented
    monkeypatch.setattr("functions.payouts.statement_file.MOST_LINES_AT_ONCE", 300)
    monkeypatch.setattr(statement_rows, "_MOST_KEPT", 300)


@pytest.mark.usefixtures("_few_at_once")
def test_a_payout_up_to_the_limit_is_answered_and_one_line_more_is_an_export() -> None:
    for entries, kind in ((300, CsvFile), (301, Export)):
        bucket, sent = KeptBucket(), SentMessages()
        made = file_of(Ledger(payout_of(entries)), bucket, sent)("st_1", PAYOUT_ID, MARK, "corr")
        assert isinstance(made, kind)
        assert len(sent.bodies) == len(bucket.marks) == (kind is Export)


MARK = DecimalMark.COMMA


def test_the_requested_export_is_the_same_file_that_an_answer_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables, bucket, sent = Ledger(payout_of(2_345), a_page=400), KeptBucket(), SentMessages()
    make = file_of(tables, bucket, sent)
    answered = make("st_1", PAYOUT_ID, MARK, "corr")
    assert isinstance(answered, CsvFile)
    monkeypatch.setattr("functions.payouts.statement_file.MOST_LINES_AT_ONCE", 2_000)
    monkeypatch.setattr(statement_rows, "_MOST_KEPT", 2_000)
    exported = make("st_1", PAYOUT_ID, MARK, "corr")
    assert isinstance(exported, Export)
    (message,) = sent.bodies
    request = ExportRequest(**json.loads(message))
    assert bucket.marks == [f"exports/st_1/{exported.export_id}.requested"]
    assert (request.file_name, request.correlation_id) == (answered.name, "corr")
    assert write(tables, bucket, request) == 3 + 1 + 2_345  # the totals, and what was carried in
    assert bucket.content.decode() == answered.content


@pytest.mark.usefixtures("_few_at_once")
def test_the_file_has_each_line_once_by_section_and_adds_up() -> None:
    bucket = KeptBucket()
    payout = payout_of(1_203)
    write(Ledger(payout), bucket, REQUEST)
    rows = list(csv.DictReader(io.StringIO(bucket.content.decode("utf-8-sig"), newline="")))
    kinds = [row["kind"] for row in rows]
    assert Counter(kinds[3:]) == {"refund": 120, "carried": 1, "sale": 1_083}
    assert kinds[3:] == ["refund"] * 120 + ["carried"] + ["sale"] * 1_083
    numbers = [int(row["seq"]) for row in rows if row["seq"]]
    assert sorted(numbers) == list(range(1, 1_204))
    cents = sum(round(float(row["payable_amount"]) * 100) for row in rows[3:])
    assert cents == payout.total_amount
    assert rows[2]["total_amount"] == f"{payout.total_amount / 100:.2f}"
    assert {row["parent_name"] for row in rows if row["kind"] == "sale"} == {"Dana Parent"}


@pytest.mark.usefixtures("_few_at_once")
def test_a_damaged_ledger_makes_no_file() -> None:
    payout = payout_of(1_200)
    for damaged in (
        Ledger(payout, gone=1_199),
        Ledger(payout, gone=1_200),
        Ledger(replace(payout, total_amount=payout.total_amount + 1)),
    ):
        bucket = KeptBucket()
        with pytest.raises(StatementError):
            write(damaged, bucket, REQUEST)
        assert bucket.marks == [f"exports/st_1/{REQUEST.export_id}.failed"]
        assert not bucket.completed


@pytest.mark.parametrize(
    "selection",
    [StatementSelection("st_1", "po_st_1_1999-01-01"), StatementSelection("st_2", PAYOUT_ID)],
)
def test_no_payout_and_another_studio_s_payout_are_never_exported(
    selection: StatementSelection,
) -> None:
    with pytest.raises(NothingToExportError):
        write(Ledger(payout_of(10)), KeptBucket(), request_of(selection))


def test_a_statement_is_no_journal() -> None:
    with pytest.raises(NothingToExportError, match="journal"):
        write(Ledger(payout_of(10)), KeptBucket(), replace(REQUEST, form="xero"))


def test_an_unknown_payout_requests_nothing() -> None:
    bucket, sent = KeptBucket(), SentMessages()
    with pytest.raises(PayoutNotFoundError):
        file_of(Ledger(payout_of(10)), bucket, sent)("st_1", "po_nowhere", MARK, "corr")
    assert not sent.bodies
    assert not bucket.marks


def test_printing_a_payout_of_200_000_lines_reads_its_stored_sums_and_no_line() -> None:
    payout = payout_of(200_000)
    tables = Ledger(payout, sums=sums_of(payout))
    page = statement_html(show_of(tables).printed("st_1", PAYOUT_ID))
    assert "This payout has 200,001 lines, too many to print." in page
    assert "180,000" in page
    assert "ord_" not in page
    assert tables.queries == 2


@pytest.fixture
def traced() -> Iterator[None]:
    write(Ledger(payout_of(100)), Bucket(), REQUEST)  # what is made once and kept
    with traced_memory():
        yield


class CollectedLedger(Ledger):
    """A ledger whose reads collect garbage. Cycles that wait for that are not held memory."""

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # the same
        gc.collect()
        return super().batch_get_item(**asked)


@pytest.mark.usefixtures("_few_at_once", "traced")
def test_five_times_the_lines_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART_BYTES", 50_000)
    monkeypatch.setattr(write_export, "_ROWS_AT_ONCE", 100)
    peaks = []
    for count in (400, 2_000):
        tracemalloc.reset_peak()
        bucket = Bucket()
        assert write(CollectedLedger(payout_of(count), a_page=100), bucket, REQUEST) == count + 4
        assert len(bucket.parts) > 1
        peaks.append(tracemalloc.get_traced_memory()[1])
    # The additional 1,600 lines would take 400 kilobytes as text, and two megabytes as lines.
    assert peaks[1] - peaks[0] < 250_000

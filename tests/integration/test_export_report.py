"""The report as a file: in the answer, or exported into a real bucket."""

import csv
import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import batched
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import pytest

from functions.export_report import workbook
from functions.export_report.write_export import NothingToExportError
from functions.refund_report.export_refunds import (
    MAX_ROWS_ANSWERED,
    ExportRefunds,
    FindExport,
)
from functions.refund_report.report_refunds import ReportQuery, ReportRefunds, SelectRefunds
from infra.local.stack import Stack
from shared.clock import rfc3339
from shared.domain.errors import ExportNotFoundError
from shared.domain.export import CsvFile, Export, ExportStatus
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, append
from shared.domain.record_source import RecordSource
from shared.domain.report import ReportState
from shared.gateways.exports import (
    ExportedFile,
    ExportFiles,
    ExportQueue,
    ExportRequest,
)
from shared.gateways.queues import ParkedMessages
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from shared.workflow.refund_rows import RefundRows
from shared.workflow.start_export import StartExport
from tests.export_requests import refund_request
from tests.integration.backend import Backend
from tests.integration.bookkeeper import Bookkeeper
from tests.integration.poisoned import SETTINGS
from tests.integration.studio_payouts import ACCOUNT, StudioPayouts
from tests.lambda_context import LambdaContext
from tests.local_http import HTTP

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.stack

FIRST = datetime(2026, 10, 1, 12, tzinfo=UTC)
MONTH = ("2026-10-01", "2026-10-31")


@dataclass(frozen=True)
class Archive:
    """A studio's exports: its backend, a bucket and a queue."""

    backend: Backend
    s3: "S3Client"
    bucket: str
    queue_url: str

    @property
    def files(self) -> ExportFiles:
        return ExportFiles(self.s3, self.bucket)

    @property
    def rows(self) -> RefundRows:
        return Bookkeeper(self.backend).rows

    @property
    def select(self) -> SelectRefunds:
        return Bookkeeper(self.backend).select

    def write_export(self, request: ExportRequest) -> int:
        write = Bookkeeper(self.backend).exporter(self.files)
        return write(request, time_is_up=lambda: False)

    def query(self, state: str = "settled") -> ReportQuery:
        return ReportQuery(self.backend.studio_id, ReportState(state), *MONTH)

    def ask(self, query: ReportQuery | None = None) -> CsvFile | Export:
        queue = ExportQueue(self.backend.sqs, self.queue_url)
        export = ExportRefunds(self.select, self.rows, StartExport(self.files, queue))
        return export(query or self.query(), "corr")

    def requests(self) -> Iterator[ExportRequest]:
        """Yield the export requests on the queue."""
        sqs = self.backend.sqs
        while messages := sqs.receive_message(QueueUrl=self.queue_url).get("Messages", []):
            for message in messages:
                yield ExportRequest(**json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])

    def find(self, export_id: str, studio_id: str | None = None) -> Export:
        return FindExport(self.files)(studio_id or self.backend.studio_id, export_id)

    def fetch(self, export_id: str) -> httpx.Response:
        """Fetch the file as a browser does, with only its link."""
        url = self.find(export_id).url
        assert url is not None
        return HTTP.get(url).raise_for_status()

    def request(self, **changes: Any) -> ExportRequest:  # noqa: ANN401  # a request's fields
        """Return a request for all settled refunds, with changes of it or of its selection."""
        selection = {"studio_id", "state", "start", "end", "upto_seq"} & changes.keys()
        of_selection = {name: changes.pop(name) for name in selection}
        request = refund_request(
            of_selection.pop("studio_id", self.backend.studio_id), **of_selection
        )
        return replace(request, **changes)


@pytest.fixture
def archive(backend: Backend, stack: Stack) -> Archive:
    s3 = stack.aws.session.client("s3", endpoint_url=stack.aws.endpoint_url)
    bucket = f"exports-{backend.run}"
    s3.create_bucket(Bucket=bucket)
    queue_url = backend.sqs.create_queue(QueueName=f"exports-{backend.run}")["QueueUrl"]
    return Archive(backend, s3, bucket, queue_url)


def book_many(backend: Backend, count: int, order_ids: list[str]) -> None:
    """Write ledger entries of refunds ten seconds apart, of these orders in turn."""
    head = backend.head()
    puts: list[Any] = []
    for number in range(count):
        at = rfc3339(FIRST + timedelta(seconds=10 * number))
        facts = EntryFacts(
            kind=EntryKind.REFUND,
            order_id=order_ids[number % len(order_ids)],
            recorded_at=at,
            refund_id=f"rf_{head.seq}",
            refund_type="partial",
            reason="other",
            source=RecordSource.API,
            processed_by="tester",
            stripe_refund_id=f"re_{head.seq}",
            settled_at=at,
        )
        entry, head = append(head, facts, EntryAmounts(-101, 0, 15, -86, 0, 3))
        key = primary_key(studio_pk(entry.studio_id), entry_sk(entry.seq))
        puts.append({"PutRequest": {"Item": key | marshal(entry.content())}})
    for batch in batched(puts, 25, strict=False):
        answer = backend.dynamodb.batch_write_item(RequestItems={backend.ledger_table: list(batch)})
        assert not answer.get("UnprocessedItems")
    backend.dynamodb.put_item(TableName=backend.orders_table, Item=head_to_item(head))


def read(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline=""), strict=True))


def test_a_small_report_is_answered_as_a_file(archive: Archive) -> None:
    parent = {"name": "=Dana", "email": "dana@mail.example"}
    book_many(archive.backend, 150, [archive.backend.sell(parent=parent) for _ in range(3)])
    file = archive.ask()
    assert isinstance(file, CsvFile)
    assert file.name == "refunds_2026-10-01_2026-10-31.csv"
    assert file.content.startswith("\ufeffsettled_at,")
    rows = read(file.content.removeprefix("\ufeff"))
    assert len(rows) == 150
    assert {row["parent_name"] for row in rows} == {"'=Dana"}
    assert rows[0]["settled_at"] == "2026-10-01 07:00:00"
    assert (rows[0]["settled_at_utc"], rows[0]["utc_offset"]) == (
        "2026-10-01T12:00:00.000Z",
        "UTC-05:00",
    )
    assert (rows[0]["refunded_amount"], rows[0]["net_deduction_amount"]) == ("1.01", "-0.86")
    report = ReportRefunds(archive.select, archive.rows)(archive.query(), 1000, None)
    assert [row["refund_id"] for row in rows] == [row.refund_id for row in report.rows]
    assert list(archive.requests()) == []


def test_a_large_report_is_exported(archive: Archive) -> None:
    backend = archive.backend
    book_many(backend, 6_000, [backend.sell() for _ in range(5)])
    export = archive.ask()
    assert isinstance(export, Export)
    assert archive.find(export.export_id) == Export(export.export_id, ExportStatus.RUNNING)
    # Refunds that settle after the request are not in the file, however late it is written.
    book_many(backend, 1, ["ord_late"])
    (request,) = archive.requests()
    assert archive.write_export(request) == 6_000
    found = archive.fetch(export.export_id)
    assert found.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert found.headers["Content-Disposition"] == (
        'attachment; filename="refunds_2026-10-01_2026-10-31.csv"'
    )
    rows = read(found.content.decode("utf-8-sig"))
    assert len(rows) == len({row["refund_id"] for row in rows}) == 6_000
    assert sum(Decimal(row["refunded_amount"]) for row in rows) == Decimal("6060.00")
    # A repeated message writes the same file.
    archive.write_export(request)
    assert archive.fetch(export.export_id).content == found.content
    with pytest.raises(ExportNotFoundError):
        archive.find(export.export_id, "st_other")
    with pytest.raises(ExportNotFoundError):
        archive.find("f" * 32)


def test_an_answer_holds_a_limited_number_of_rows(archive: Archive) -> None:
    book_many(archive.backend, MAX_ROWS_ANSWERED, ["ord_gone"])
    assert isinstance(archive.ask(), CsvFile)
    book_many(archive.backend, 1, ["ord_gone"])
    assert isinstance(archive.ask(), Export)


@pytest.mark.parametrize(
    "changes",
    [
        {"studio_id": "st_gone"},
        {"state": "x"},
        {"selection": json.dumps({"state": "settled", "only": []})},
        {"selection": json.dumps({"state": "settled", "only": {"color": "red"}})},
        {"selection": "{}"},
        {"selection": "[]"},
        {"selection": "not JSON"},
        {"form": "xero"},  # the refund report is no journal
        {"form": "docx"},
        {"report": "orders"},
        {"decimal_mark": "space"},
    ],
)
def test_an_export_that_cannot_be_written_says_so(
    archive: Archive, changes: dict[str, Any]
) -> None:
    request = archive.request(**changes)
    with pytest.raises(NothingToExportError):
        archive.write_export(request)
    found = archive.find(request.export_id, request.studio_id)
    assert found == Export(request.export_id, ExportStatus.FAILED)


def test_a_retry_completes_a_failed_export(archive: Archive) -> None:
    request = archive.request()
    archive.files.mark_requested(request.studio_id, request.export_id)
    archive.files.mark_failed(request.studio_id, request.export_id)
    assert archive.write_export(request) == 0
    assert archive.find(request.export_id).status is ExportStatus.READY
    assert read(archive.fetch(request.export_id).content.decode("utf-8-sig")) == []


def test_an_export_that_runs_out_of_time_is_parked_at_its_first_try(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*SETTINGS, "EXPORT_BUCKET", "EXPORT_DLQ_URL"):
        monkeypatch.setenv(name, SETTINGS.get(name, "replaced"))
    handler = import_module("functions.export_report.handler")
    sqs = archive.backend.sqs
    dead = sqs.create_queue(QueueName=f"exports-{archive.backend.run}-dlq")["QueueUrl"]
    monkeypatch.setattr(
        handler, "write_export", Bookkeeper(archive.backend).exporter(archive.files)
    )
    monkeypatch.setattr(handler, "parked", ParkedMessages(sqs, dead))
    book_many(archive.backend, 1, ["ord_gone"])
    for left, status in ((59_999, ExportStatus.FAILED), (60_000, ExportStatus.READY)):
        monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _, ms=left: ms)
        request = archive.request()
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1796040000000"}
        body = json.dumps(asdict(request))
        message = {"messageId": request.export_id, "body": body, "attributes": attributes}
        handler.lambda_handler({"Records": [message]}, LambdaContext())
        assert archive.find(request.export_id).status is status
    found = sqs.receive_message(
        QueueUrl=dead, MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )
    (parked,) = found["Messages"]
    reason = parked["MessageAttributes"]["parked_reason"]["StringValue"]
    assert reason == "the time was up after 0 rows"


@pytest.mark.parametrize("state", ["open", "failed"])
def test_open_and_failed_refunds_are_exported_too(archive: Archive, state: str) -> None:
    backend = archive.backend
    refund = backend.refund(backend.sell(), 2_500)
    if state == "failed":
        stripe_refund_id = backend.current(refund).stripe_refund_id
        backend.control(f"refunds/{stripe_refund_id}", status="failed")
        backend.deliver()
    request = archive.request(state=state)
    assert archive.write_export(request) == 1
    (row,) = read(archive.fetch(request.export_id).content.decode("utf-8-sig"))
    assert (row["refund_id"], row["refunded_amount"]) == (refund.refund_id, "25.00")


def test_a_file_of_many_parts_takes_the_memory_of_one(archive: Archive) -> None:
    digest = hashlib.sha256()

    def chunks(count: int) -> Iterator[bytes]:
        for number in range(count):
            chunk = f"{number:09d},".encode() * 30_000
            digest.update(chunk)
            yield chunk

    archive.files.write(ExportedFile("st_1", "a" * 32, "warm.csv", "text/csv"), chunks(1))
    digest = hashlib.sha256()
    tracemalloc.start()
    try:
        archive.files.write(ExportedFile("st_1", "b" * 32, "large.csv", "text/csv"), chunks(120))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    url = archive.find("b" * 32, "st_1").url
    assert url is not None
    content = HTTP.get(url).content
    assert len(content) == 36_000_000
    assert hashlib.sha256(content).digest() == digest.digest()
    assert peak < 24_000_000


def ledger_request(backend: Backend, form: str = "csv", **changes: Any) -> ExportRequest:  # noqa: ANN401  # a selection's fields
    selection = {
        "studio_id": backend.studio_id,
        "start": "2026-01-01T00:00:00.000Z",
        "end": "2999-01-01T00:00:00.000Z",
        "upto_seq": backend.head().seq,
    }
    request = refund_request(backend.studio_id)
    return replace(request, report="ledger", form=form, selection=json.dumps(selection | changes))


def test_the_ledger_s_file_has_each_entry_with_its_order_charge_and_payout(
    archive: Archive,
) -> None:
    backend = archive.backend
    payouts = StudioPayouts(backend)
    backend.studio["payout_account_id"] = ACCOUNT
    backend.import_studio(update=True)
    order_id = backend.sell()
    refund = backend.refund_and_settle(order_id, 2_500)
    assert payouts.pay_day() == {"PayoutPaid": 1}
    payouts.take_back(1_000)
    payouts.run()
    later = backend.sell()
    request = ledger_request(backend)
    assert archive.write_export(request) == 5
    rows = read(archive.fetch(request.export_id).content.decode("utf-8-sig"))
    payout = payouts.last()
    kinds = ["sale", "refund", "payout_closed", "payout_reversed", "sale"]
    assert [row["kind"] for row in rows] == kinds
    sale, deduction, closing, reversal, open_sale = rows
    assert (sale["order_id"], open_sale["order_id"]) == (order_id, later)
    charge = archive.backend.stripe_call("GET", f"charges/{sale['charge_id']}")
    assert sale["balance_transaction_id"] == charge["balance_transaction"]
    assert sale["payment_intent_id"] == charge["payment_intent"]
    at_stripe = backend.stripe_call("GET", f"refunds/{deduction['stripe_refund_id']}")
    assert deduction["balance_transaction_id"] == at_stripe["balance_transaction"]
    assert deduction["refund_id"] == refund.refund_id
    transfer = backend.stripe_call("GET", f"transfers/{closing['transfer_id']}")
    assert closing["balance_transaction_id"] == transfer["balance_transaction"]
    assert closing["account_id"] == ACCOUNT
    (taken_back,) = transfer["reversals"]["data"]
    assert reversal["balance_transaction_id"] == taken_back["balance_transaction"]
    assert reversal["payout_id"] == payout.payout_id
    in_payouts = [row["in_payout_id"] for row in rows]
    assert in_payouts == [payout.payout_id] * 3 + ["", ""]
    payable = sum(Decimal(row["payable_amount"]) for row in rows)
    assert payable == Decimal(rows[-1]["payable_balance_amount"])


def test_a_ledger_file_covers_the_days_and_nothing_after_the_request(archive: Archive) -> None:
    backend = archive.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=40)
    middle = backend.sell()
    since = rfc3339(backend.clock() - timedelta(days=1))
    backend.clock.ahead += timedelta(days=40)
    backend.sell()
    until = rfc3339(backend.clock() - timedelta(days=1))
    request = ledger_request(backend, start=since, end=until)
    assert archive.write_export(request) == 1
    (row,) = read(archive.fetch(request.export_id).content.decode("utf-8-sig"))
    assert row["order_id"] == middle
    assert archive.write_export(ledger_request(backend, upto_seq=1)) == 1


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [
        ("xlsx", workbook.MEDIA_TYPE, b"PK"),
        ("hledger", "text/plain; charset=utf-8", b"decimal-mark ."),
        ("beancount", "text/plain; charset=utf-8", b'option "title"'),
        ("quickbooks", "text/csv; charset=utf-8", b"*JournalNo"),
        ("xero", "text/csv; charset=utf-8", b"*Narration"),
    ],
)
def test_the_ledger_is_written_in_each_form(
    archive: Archive, form: str, media_type: str, begins: bytes
) -> None:
    backend = archive.backend
    backend.studio["journal_accounts"] = {"xero": {"sales": "200"}}
    backend.import_studio(update=True)
    backend.refund_and_settle(backend.sell(), 2_500)
    request = ledger_request(backend, form, daily_totals=True, with_openings=True)
    assert archive.write_export(request) == 2
    answer = archive.fetch(request.export_id)
    assert answer.headers["Content-Type"] == media_type
    assert answer.content.removeprefix(b"\xef\xbb\xbf").startswith(begins)
    if form == "xero":
        assert b",200," in answer.content


def test_the_refund_report_is_written_as_a_workbook(archive: Archive) -> None:
    book_many(archive.backend, 3, [archive.backend.sell()])
    request = replace(archive.request(), form="xlsx")
    assert archive.write_export(request) == 3
    content = io.BytesIO(archive.fetch(request.export_id).content)
    rows = list(openpyxl.load_workbook(content)["Refunds"].iter_rows(values_only=True))
    assert len(rows) == 4
    assert rows[1][rows[0].index("refunded_amount")] == 1.01

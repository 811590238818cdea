"""Patterns of more orders than a request reads: an export counts them, on real tables."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from functions.export_report.write_export import NothingToExportError, OutOfTimeError
from functions.refund_report.answer_patterns import AnswerPatterns, ReadPatterns
from functions.refund_report.export_refunds import FindExport
from infra.local.stack import Stack
from shared.domain.attribution import By
from shared.domain.errors import ExportNotFoundError
from shared.domain.export import Export, ExportStatus
from shared.domain.patterns import Patterns
from shared.gateways.exports import ExportFiles, ExportQueue, ExportRequest
from shared.views.patterns import patterns_view
from shared.workflow.start_export import StartExport
from tests.export_requests import refund_request
from tests.integration.backend import MakeBackend
from tests.integration.bookkeeper import Bookkeeper
from tests.integration.test_patterns import PatternStudio, photo_day, two_children
from tests.local_http import HTTP

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.stack

# Orders and refunds of `busy`, as a count by photo day reads them.
READ = 5


@dataclass
class Counts:
    """A studio whose patterns are counted in the background, with a bucket and a queue."""

    studio: PatternStudio
    s3: "S3Client"
    bucket: str
    queue_url: str

    @property
    def files(self) -> ExportFiles:
        return ExportFiles(self.s3, self.bucket)

    @property
    def start(self) -> StartExport:
        return StartExport(self.files, ExportQueue(self.studio.backend.sqs, self.queue_url))

    def answer(
        self,
        by: By = By.PHOTO_DAY,
        days: tuple[str | None, str | None] = (None, None),
        most_read: int = READ - 1,
    ) -> Patterns | Export:
        backend = self.studio.backend
        find = Bookkeeper(backend).find_patterns
        answer = AnswerPatterns(backend.studios, find, self.start, backend.clock, most_read)
        return answer(backend.studio_id, by, *days, "corr")

    def started(self, **asked: Any) -> Export:  # noqa: ANN401  # the parameters of answer
        export = self.answer(**asked)
        assert isinstance(export, Export)
        assert export.status is ExportStatus.RUNNING
        return export

    def requests(self) -> list[ExportRequest]:
        """Return the messages that wait on the queue, and leave none there."""
        sqs, found = self.studio.backend.sqs, []
        while messages := sqs.receive_message(QueueUrl=self.queue_url).get("Messages", []):
            for message in messages:
                found.append(ExportRequest(**json.loads(message["Body"])))
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def write(self, request: ExportRequest, time_is_up: Callable[[], bool] = lambda: False) -> int:
        write = Bookkeeper(self.studio.backend).exporter(self.files)
        return write(request, time_is_up=time_is_up)

    def read(self, export_id: str, studio_id: str | None = None) -> str:
        return ReadPatterns(self.files)(studio_id or self.studio.backend.studio_id, export_id)

    def status(self, export_id: str) -> ExportStatus:
        return FindExport(self.files)(self.studio.backend.studio_id, export_id).status


@pytest.fixture
def counts(make_backend: MakeBackend, stack: Stack) -> Counts:
    studio = PatternStudio(make_backend())
    s3 = stack.aws.session.client("s3", endpoint_url=stack.aws.endpoint_url)
    bucket = f"patterns-{studio.backend.run}"
    s3.create_bucket(Bucket=bucket)
    queue_url = studio.backend.sqs.create_queue(QueueName=bucket)["QueueUrl"]
    return Counts(studio, s3, bucket, queue_url)


@pytest.fixture
def busy(counts: Counts) -> Counts:
    """Three orders with two refunds."""
    studio = counts.studio
    studio.refund(studio.sell(**two_children()), reason="wrong_print")
    studio.refund(studio.sell(**photo_day("Lincoln")), reason="quality_issue")
    studio.settle()
    studio.import_orders(studio.order(**photo_day("Lincoln")))
    return counts


def test_what_is_counted_in_the_background_is_the_answer_to_the_byte(busy: Counts) -> None:
    for by in By:
        at_once = busy.answer(by, most_read=1_000)
        assert isinstance(at_once, Patterns)
        export = busy.started(by=by)
        with pytest.raises(ExportNotFoundError):
            busy.read(export.export_id)
        (request,) = busy.requests()
        rows = busy.write(request)
        assert busy.status(export.export_id) is ExportStatus.READY
        # The worker reads what a request would read.
        assert isinstance(busy.answer(by, most_read=rows), Patterns)
        assert isinstance(busy.answer(by, most_read=rows - 1), Export)
        written = busy.read(export.export_id)
        assert written == patterns_view(at_once).model_dump_json(by_alias=True)
        assert json.loads(written)["refund_count"] == 2
        # A message that is delivered again writes the same file.
        busy.write(request)
        assert busy.read(export.export_id) == written


def test_the_file_of_a_count_is_json_under_a_name_that_says_what_it_is(busy: Counts) -> None:
    export = busy.started(days=(busy.studio.days_ago(3), busy.studio.days_ago(0)))
    (request,) = busy.requests()
    busy.write(request)
    url = FindExport(busy.files)(request.studio_id, export.export_id).url
    assert url is not None
    file = HTTP.get(url).raise_for_status()
    assert file.headers["Content-Type"] == "application/json"
    days = f"{busy.studio.days_ago(3)}_{busy.studio.days_ago(0)}"
    name = f"patterns_photo_day_{days}.json"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert file.text == busy.read(export.export_id)


def test_as_many_as_may_be_read_are_answered_at_once_and_one_more_is_not(busy: Counts) -> None:
    assert isinstance(busy.answer(most_read=READ), Patterns)
    assert isinstance(busy.answer(most_read=READ - 1), Export)
    # Line items need their refunds too, and a reason needs the time before.
    backend = busy.studio.backend
    backend.clock.ahead += timedelta(days=10)
    days = busy.studio.days_ago(-9), busy.studio.days_ago(-10)
    assert isinstance(busy.answer(By.REASON, days, most_read=0), Patterns)
    days = busy.studio.days_ago(-1), busy.studio.days_ago(-10)
    assert isinstance(busy.answer(By.REASON, days, most_read=READ - 1), Export)


def test_the_same_question_is_counted_once_in_an_hour(busy: Counts) -> None:
    clock = busy.studio.backend.clock
    # From the beginning of an hour, whenever the test runs.
    clock.ahead += timedelta(hours=1) - (clock() - clock().replace(minute=0, second=0))
    first = busy.started()
    assert len(busy.requests()) == 1
    clock.ahead += timedelta(minutes=30)
    again = partial(busy.started, days=(busy.studio.days_ago(89), busy.studio.days_ago(0)))
    assert {busy.started().export_id, again().export_id} == {first.export_id}
    assert busy.requests() == []
    others = {
        busy.started(by=By.PRODUCT).export_id,
        busy.started(days=(busy.studio.days_ago(1), None)).export_id,
    }
    clock.ahead += timedelta(minutes=40)
    others.add(busy.started().export_id)
    assert len(others - {first.export_id}) == 3
    assert len(busy.requests()) == 3


def test_a_count_that_runs_out_of_time_has_failed_and_says_so(busy: Counts) -> None:
    export = busy.started()
    (request,) = busy.requests()
    with pytest.raises(OutOfTimeError):
        busy.write(request, lambda: True)
    assert busy.status(export.export_id) is ExportStatus.FAILED
    # An operator sends the message back, and this time it is faster.
    busy.write(request)
    assert busy.status(export.export_id) is ExportStatus.READY


def test_a_finished_count_is_not_made_again_and_a_failed_one_is(busy: Counts) -> None:
    first = busy.started()
    (request,) = busy.requests()
    with pytest.raises(NothingToExportError):
        busy.write(replace(request, selection="{}"))
    assert busy.status(first.export_id) is ExportStatus.FAILED
    second = busy.started()
    assert second.export_id != first.export_id
    # Whoever asks while the second attempt runs gets that one.
    assert busy.started() == second
    (retried,) = busy.requests()
    assert retried.export_id == second.export_id
    with pytest.raises(OutOfTimeError):
        busy.write(retried, lambda: True)
    third = busy.started()
    assert third.export_id not in {first.export_id, second.export_id}
    assert len(busy.requests()) == 1
    # SQS delivers the first message again later. Its file counts, although a try had failed.
    busy.write(request)
    assert busy.started() == Export(first.export_id, ExportStatus.RUNNING)
    assert busy.status(first.export_id) is ExportStatus.READY
    assert busy.requests() == []


@pytest.mark.parametrize(("room", "step"), [(ExportQueue, "send"), (ExportFiles, "mark_requested")])
def test_a_request_that_dies_on_its_way_leaves_nothing_that_waits_forever(
    busy: Counts, monkeypatch: pytest.MonkeyPatch, room: type, step: str
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(room, step, _die)
        with pytest.raises(ConnectionError):
            busy.answer()
    export = busy.started()
    assert {each.export_id for each in busy.requests()} == {export.export_id}


def _die(*_: object) -> None:
    raise ConnectionError


def test_the_days_are_those_of_the_request_however_late_it_is_counted(busy: Counts) -> None:
    export = busy.started()
    (request,) = busy.requests()
    busy.studio.backend.clock.ahead += timedelta(days=3)
    busy.write(request)
    counted = json.loads(busy.read(export.export_id))
    assert (counted["from"], counted["to"]) == (busy.studio.days_ago(89), busy.studio.days_ago(0))


def test_nobody_reads_another_studio_s_count_or_another_report(
    busy: Counts, make_backend: MakeBackend
) -> None:
    export = busy.started()
    (request,) = busy.requests()
    busy.write(request)
    other = make_backend().studio_id
    with pytest.raises(ExportNotFoundError):
        busy.read(export.export_id, other)
    with pytest.raises(ExportNotFoundError):
        FindExport(busy.files)(other, export.export_id)
    # A message that names one studio and selects another's orders.
    with pytest.raises(NothingToExportError):
        busy.write(replace(request, studio_id="st_x", export_id="a" * 32))
    forged = json.dumps({**json.loads(request.selection), "studio_id": other})
    with pytest.raises(NothingToExportError):
        busy.write(replace(request, selection=forged))
    # The refunds as CSV are no patterns.
    refunds = refund_request(request.studio_id)
    busy.write(refunds)
    assert busy.status(refunds.export_id) is ExportStatus.READY
    with pytest.raises(ExportNotFoundError):
        busy.read(refunds.export_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"by": "parent"},
        {"by": None},
        {"first": "2026-02-30"},
        {"last": 20261130},
        {"studio_id": ["st_x"]},
    ],
)
def test_a_message_that_asks_for_no_patterns_is_refused(
    busy: Counts, changes: dict[str, object]
) -> None:
    export = busy.started()
    (request,) = busy.requests()
    broken = json.dumps({**json.loads(request.selection), **changes})
    with pytest.raises(NothingToExportError):
        busy.write(replace(request, selection=broken))
    assert busy.status(export.export_id) is ExportStatus.FAILED

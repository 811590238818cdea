"""An import of many orders: flat memory, a pace that people can plan with, and quick repeats."""

import gc
import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from functions.import_orders.import_lines import ImportReport
from infra.operate.importing import check
from infra.operate.importing import send as sending
from infra.operate.importing.pace import ImportPace, line_count
from infra.operate.importing.read import ImportFile
from infra.operate.importing.records import Problem, Record
from infra.operate.importing.send import Importer
from infra.progress import ConsoleProgress
from tests.own_thread import in_own_thread
from tests.records import order_record
from tests.unit.traced_memory import traced_memory

from .test_import_formats import order, put
from .test_import_records import InMemoryTables, importer_of


def write_orders(path: Path, count: int) -> Path:
    """Write a file of orders, one after the other."""
    record = order_record("1", "st_1")
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(record | {"order_id": f"ord_{number}"}) + "\n")
    return path


def refuse_all(event: dict[str, Any]) -> dict[str, Any]:
    """Answer as the function does if it refuses each line and could mail to none."""
    gc.collect()  # Cycles that wait for that are not held memory.
    lines = [{"line": n, "reason": "no " * 20} for n in range(1, len(event["orders"]) + 1)]
    return {"imported": 0, "updated": 0, "unchanged": 0, "refused": lines, "unmailable": lines}


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[None]:
    Importer("orders", refuse_all).send(
        ImportFile.at(write_orders(tmp_path / "a", 50), "orders").records()
    )
    with traced_memory():
        yield


@pytest.mark.usefixtures("traced")
def test_four_times_the_orders_take_no_more_memory_though_all_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_RECORDS_PER_CALL", 20)
    monkeypatch.setattr(sending, "MOST_LISTED", 100)
    peaks = []
    for count in (200, 800):
        path = write_orders(tmp_path / "orders.jsonl", count)
        tracemalloc.reset_peak()
        counts = Importer("orders", refuse_all).send(ImportFile.at(path, "orders").records())
        assert (counts.refused, counts.unmailable_count) == (count, count)
        assert len(counts.problems) == len(counts.unmailable) == 100
        peaks.append(tracemalloc.get_traced_memory()[1])
    # The additional 600 records would take most of a megabyte.
    assert peaks[1] - peaks[0] < 200_000


def test_records_before_the_line_to_continue_are_skipped_without_being_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[int] = []

    def count(record: Record, _: object) -> list[Problem]:
        checked.append(record.line)
        return []

    monkeypatch.setattr("infra.operate.importing.read.problems_of", count)
    source = ImportFile.at(write_orders(tmp_path / "orders.jsonl", 30), "orders")
    assert [record.line for record in source.records(28)] == [28, 29, 30] == checked
    assert check.problems_of is not count


def test_an_import_that_dies_goes_on_at_the_line_that_it_showed_last(tmp_path: Path) -> None:
    source = ImportFile.at(write_orders(tmp_path / "orders.jsonl", 1_000), "orders")
    stored: Counter[str] = Counter()
    shown: list[int] = []

    class KilledError(BaseException):
        """The process dies: nothing catches it."""

    def call(event: dict[str, Any]) -> dict[str, Any]:
        if len(stored) >= 600 and not shown[-1:] == [0]:
            raise KilledError
        stored.update(event["orders"])
        return {"imported": len(event["orders"]), **_NOTHING_ELSE}

    importer = Importer("orders", call, on_progress=lambda _, line: shown.append(line))
    with pytest.raises(KilledError):
        importer.send(source.records())
    assert 1 < shown[-1] <= 601
    before = len(stored)
    again = shown[-1]
    shown.append(0)
    counts = Importer("orders", call).send(source.records(again))
    assert len(stored) == 1_000
    assert counts.accepted == 1_000 - (again - 1)
    # Sent twice is at most what was under way: four calls of 200.
    assert sum(stored.values()) - 1_000 == before - (again - 1) <= 800


_NOTHING_ELSE: dict[str, Any] = {"updated": 0, "unchanged": 0, "refused": [], "unmailable": []}


class CountingTables(InMemoryTables):
    """Tables that count the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # boto3's own looseness
        self.calls["read"] += 1
        return super().batch_get_item(**asked)

    def transact_write_items(self, **asked: Any) -> None:  # noqa: ANN401  # the same
        self.calls["write"] += 1
        super().transact_write_items(**asked)


def test_a_repeat_reads_a_hundred_items_at_a_time_and_writes_nothing() -> None:
    tables = CountingTables()
    records = importer_of(tables)
    lines = [json.dumps(numbered(number)) for number in range(100)]
    tables.calls.clear()
    assert records.import_orders(lines) == ImportReport(imported=100)
    assert tables.calls["write"] >= 10
    # An order's item, its state, its charge and its payment intent.
    assert tables.calls["read"] == 4
    tables.calls.clear()
    assert records.import_orders(lines) == ImportReport(unchanged=100)
    assert tables.calls == {"read": 4}


def test_two_lines_with_one_charge_far_apart_in_a_call_are_told_apart() -> None:
    tables = CountingTables()
    records = importer_of(tables)
    twice = put(numbered(99), ("stripe", "charge_id"), "ch_0")
    lines = [json.dumps(each) for each in (*map(numbered, range(60)), twice)]
    report = records.import_orders(lines)
    assert (report.imported, len(report.refused)) == (60, 1)
    assert "ch_0 is used already" in report.refused[0]["reason"]


def numbered(number: int) -> dict[str, Any]:
    record = put(order(), ("order_id",), f"ord_{number}")
    record = put(record, ("stripe", "charge_id"), f"ch_{number}")
    return put(record, ("stripe", "payment_intent_id"), f"pi_{number}")


def test_the_pace_names_the_rate_the_time_left_and_the_line_to_continue_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pace = ImportPace("orders", 1, 1_000_001, started=0.0)
    now = 0.0
    monkeypatch.setattr("time.monotonic", in_own_thread(lambda: now, time.monotonic))
    for seconds, words in (
        (250.0, "100,000 orders, 400 a second, about 38 min left, all before line 100001 is done"),
        (2_500.0, "100,000 orders, 40 a second, about 6.2 h left, all before line 100001 is done"),
        (2.5, "100,000 orders, 40,000 a second, about 22 s left, all before line 100001 is done"),
    ):
        now = seconds
        assert pace.words(100_000, 100_001) == words
    assert pace.words(0, 1) == "0 orders, 0 a second"


def test_lines_are_counted_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\nthree")
    assert line_count(path) == 3


def test_a_log_gets_a_line_about_a_long_stage_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", in_own_thread(lambda: now, time.monotonic))
    out = StringIO()
    with ConsoleProgress(Console(file=out)).stage("import orders") as stage:
        for second in range(100):
            now = float(second)
            stage.progress(f"{second} done")
    lines = out.getvalue().splitlines()
    assert [line for line in lines if "..." in line] == [
        f"import orders ... {second} done" for second in (30, 60, 90)
    ]

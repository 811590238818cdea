"""``operate import``: the dry run, the refused records, and an import that was interrupted."""

import json
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from typer.testing import Result

from infra.failure import Failure
from infra.local.options import DEMO_ORDERS
from infra.operate.importing import commands
from infra.operate.importing.records import Record
from infra.operate.importing.send import Counts, Importer
from tests.operate import failure_of, operate
from tests.records import line_record, order_record
from tests.unit.import_files import csv_text, read, template_rows, write_file

_CALL_LIMIT = 200


def orders(count: int) -> list[dict[str, Any]]:
    return [order_record(str(number), "st_1") for number in range(count)]


def json_lines(records: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@dataclass
class ImportFunction:
    """Imports each order once, like the function, and keeps what it was called with."""

    refuse: Callable[[str], str | None] = lambda _: None
    fail_at: str | None = None
    unmailable: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    running: int = 0
    most_running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.events.append(event)
        try:
            return self._answer(event)
        finally:
            with self.lock:
                self.running -= 1

    def _answer(self, event: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "imported": 0,
            "updated": 0,
            "unchanged": 0,
            "refused": [],
            "unmailable": [],
        }
        lines = event.get("orders") or event.get("studios") or []
        if any(f'"{self.fail_at}"' in line for line in lines):
            raise Failure("ImportOrders failed with TimeoutError. Its log has the reason.")
        for number, line in enumerate(lines, event["first_line"]):
            reason = self.refuse(line)
            if reason is not None:
                answer["refused"].append({"line": number, "reason": reason})
                continue
            with self.lock:
                answer["unchanged" if line in self.known else "imported"] += 1
                self.known.add(line)
            if self.unmailable:
                answer["unmailable"].append({"line": number, "reason": self.unmailable})
        return answer


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> ImportFunction:
    made = ImportFunction()
    monkeypatch.setattr(commands, "_caller", lambda _: made)
    return made


def the_json(result: Result) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


# A dry run.


@pytest.mark.parametrize("kind", ["studios", "orders"])
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_template_passes_its_own_dry_run(
    tmp_path: Path, kind: str, file_format: Literal["csv", "jsonl"]
) -> None:
    made = operate("import", "template", kind, "--format", file_format)
    path = write_file(tmp_path, made.stdout)
    result = operate("import", kind, str(path), "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert (the_json(result)["fine"], the_json(result)["problems"]) == (1, [])


def test_a_dry_run_sends_nothing_and_shows_the_first_twenty_problems(
    tmp_path: Path, function: ImportFunction
) -> None:
    bad = [each | {"total_amount": 1} for each in orders(25)]
    path = write_file(tmp_path, json_lines([order_record("good", "st_1"), *bad]))
    result = operate("import", "orders", str(path), "--dry-run")
    assert result.exit_code == 1
    assert result.stdout.count("Lines and shipping do not add up") == 20
    assert "... and 5 more problems; --json shows all." in result.stdout
    assert "1 orders are fine. Nothing was sent." in result.stdout
    assert "25 of 26 orders would be refused. First: line 2 (total_amount)" in result.stderr
    as_json = the_json(operate("import", "orders", str(path), "--dry-run", "--json"))
    assert len(as_json["problems"]) == 25
    assert as_json["problems"][0] == {
        "line": 2,
        "column": "",
        "header": "total_amount",
        "reason": "Lines and shipping do not add up to total_amount.",
    }
    assert function.events == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_order_whose_parent_cannot_get_mail_is_imported_and_named(
    tmp_path: Path, function: ImportFunction, *, dry_run: bool
) -> None:
    parent = {"name": "Anna Ek", "email": "änna@mail.example"}
    function.unmailable = "parent.email: letters before the @ must be ASCII"
    path = write_file(tmp_path, json_lines([order_record("1", "st_1", parent=parent)]))
    command = ["import", "orders", str(path), *(["--dry-run"] if dry_run else [])]
    result = operate(*command)
    assert result.exit_code == 0
    assert "Mail cannot be sent to the parents of 1 orders. First: line 1" in result.stdout
    assert "änna" not in result.stdout
    (named,) = the_json(operate(*command, "--json"))["unmailable"]
    assert named["line"] == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{not json", "Not JSON"), ('{"order_id": 1}', "It must be text."), ("[1]", "one JSON array")],
)
def test_a_dry_run_names_a_line_that_is_no_order(tmp_path: Path, line: str, reason: str) -> None:
    path = write_file(tmp_path, line + "\n")
    result = operate("import", "orders", str(path), "--dry-run")
    assert result.exit_code == 1
    assert reason in result.stdout + result.stderr


def test_an_empty_rest_of_a_file_is_a_failure(tmp_path: Path) -> None:
    path = write_file(tmp_path, json_lines(orders(2)))
    result = operate("import", "orders", str(path), "--dry-run", "--from-line", "3")
    assert "has no orders from line 3 on" in failure_of(result)


def test_wrong_settings_print_one_line(tmp_path: Path) -> None:
    path = str(write_file(tmp_path, json_lines(orders(1))))
    assert "write --set FIELD=VALUE" in failure_of(
        operate("import", "orders", path, "--dry-run", "--set", "studio_id")
    )
    assert "are for CSV" in failure_of(
        operate("import", "orders", path, "--dry-run", "--set", "studio_id=st_1")
    )


# An import.


def test_an_import_says_what_it_did_and_again_changes_nothing(
    tmp_path: Path, function: ImportFunction
) -> None:
    path = str(write_file(tmp_path, json_lines(orders(3))))
    first = operate("import", "orders", path)
    assert (first.exit_code, first.stdout) == (0, "3 imported.\n")
    assert "a second" in first.stderr
    again = the_json(operate("import", "orders", path, "--json"))
    assert (again["imported"], again["unchanged"], again["refused"]) == (0, 3, 0)
    assert [event["first_line"] for event in function.events] == [1, 1]


def test_what_the_function_refuses_is_reported_by_its_line_in_the_file(
    tmp_path: Path, function: ImportFunction
) -> None:
    function.refuse = lambda line: "studio st_1 does not exist" if '"ord_2"' in line else None
    rows = [row for each in orders(4) for row in template_rows(each)]
    path = str(write_file(tmp_path, csv_text(rows)))
    result = operate("import", "orders", path)
    assert result.exit_code == 1
    assert "1 of 4 orders were refused. First: line 4: studio st_1 does not exist." in result.stderr
    assert "3 imported, 1 refused." in result.stdout


def test_studios_are_updated_only_on_request(tmp_path: Path, function: ImportFunction) -> None:
    path = str(write_file(tmp_path, operate("import", "template", "studios").stdout))
    operate("import", "studios", path)
    operate("import", "studios", path, "--update")
    assert ["update" in event for event in function.events] == [False, True]


# Refused records.


def test_refused_rows_are_written_with_their_reason_and_can_be_sent_once_corrected(
    tmp_path: Path, function: ImportFunction
) -> None:
    two_lines = order_record("2", "st_1", line_record("a", 2, 2500), line_record("b", 1, 5000))
    rows = [row for each in (orders(1)[0], two_lines) for row in template_rows(each)]
    rows[1]["quantity"] = "two"
    path = write_file(tmp_path, csv_text(rows, ";"))
    refused = tmp_path / "refused.csv"
    assert operate("import", "orders", str(path), "--refused", str(refused)).exit_code == 1
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600
    text = refused.read_text(encoding="utf-8-sig")
    assert text.startswith("refused_because;order_id;")
    assert text.count("It must be a whole number, of digits alone.;ord_2;") == 2

    corrected = write_file(tmp_path, text.replace(";two;", ";2;"), "corrected.csv")
    assert the_json(operate("import", "orders", str(corrected), "--json"))["imported"] == 1
    assert len(function.known) == 2


def test_refused_lines_are_written_with_their_reason_and_can_be_sent_once_corrected(
    tmp_path: Path, function: ImportFunction
) -> None:
    bad = order_record("1", "st_1", total_amount=1)
    path = write_file(tmp_path, json_lines([orders(1)[0], bad]) + "{not json\n")
    refused = tmp_path / "refused.jsonl"
    operate("import", "orders", str(path), "--refused", str(refused))
    first, second = refused.read_text().splitlines()
    assert json.loads(first)["refused_because"].startswith("Lines and shipping")
    assert second == "{not json"

    corrected = write_file(tmp_path, first.replace('"total_amount": 1,', '"total_amount": 10000,'))
    assert the_json(operate("import", "orders", str(corrected), "--json"))["imported"] == 1
    assert len(function.known) == 2


def test_no_refusal_writes_no_file_and_the_imported_file_is_not_overwritten(
    tmp_path: Path, function: ImportFunction
) -> None:
    path, refused = write_file(tmp_path, json_lines(orders(1))), tmp_path / "refused.jsonl"
    assert operate("import", "orders", str(path), "--refused", str(refused)).exit_code == 0
    assert not refused.exists()
    assert "Name another one" in failure_of(
        operate("import", "orders", str(path), "--refused", str(path))
    )
    assert len(function.events) == 1


# Sending.


def test_an_import_that_fails_says_where_to_continue_and_nothing_is_lost(
    tmp_path: Path, function: ImportFunction
) -> None:
    count = 5 * _CALL_LIMIT
    path = str(write_file(tmp_path, json_lines(orders(count))))
    function.fail_at = f"ord_{2 * _CALL_LIMIT + 7}"
    line = failure_of(operate("import", "orders", path))
    assert "failed with TimeoutError" in line
    assert f"--from-line {2 * _CALL_LIMIT + 1}." in line
    function.fail_at = None
    result = operate("import", "orders", path, "--from-line", str(2 * _CALL_LIMIT + 1))
    assert result.exit_code == 0
    assert len(function.known) == count


def test_ctrl_c_says_where_to_continue() -> None:
    def interrupted(_: dict[str, Any]) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(Failure, match=r"Interrupted\. Everything before line 1 .*--from-line 1\."):
        Importer("orders", interrupted).send([Record(1, json.dumps(orders(1)[0]))])


def test_a_refused_call_is_a_failure() -> None:
    importer = Importer("orders", lambda _: {"error": "The event has 1 faults."})
    with pytest.raises(Failure, match="refused the call: The event has 1 faults"):
        importer.send([Record(1, json.dumps(orders(1)[0]))])


def test_at_most_four_calls_run_at_a_time_and_studios_go_one_by_one() -> None:
    function = ImportFunction()
    lines = [Record(n, json.dumps(each)) for n, each in enumerate(orders(9 * _CALL_LIMIT), 1)]
    assert Importer("orders", function).send(lines).imported == 9 * _CALL_LIMIT
    assert len(function.events) == 9
    assert function.most_running <= 4

    studios = ImportFunction()
    same = [Record(n, json.dumps({"studio_id": f"st_{n}"})) for n in range(3 * _CALL_LIMIT)]
    Importer("studios", studios).send(same)
    assert (len(studios.events), studios.most_running) == (3, 1)


def test_two_lines_of_one_order_are_sent_one_after_the_other() -> None:
    sent: list[str] = []
    function = ImportFunction(refuse=sent.append)
    unpaid = order_record("1", "st_1")
    unpaid["stripe"] = {**unpaid["stripe"], "charge_id": None}
    filled = [order_record(f"f{n}", "st_1") for n in range(_CALL_LIMIT)]
    listed = [unpaid, *filled, order_record("1", "st_1")]
    Importer("orders", function).send(Record(n, json.dumps(each)) for n, each in enumerate(listed))
    of_order = [line for line in sent if '"ord_1"' in line]
    assert ['"charge_id": null' in line for line in of_order] == [True, False]


def test_a_call_holds_at_most_four_megabytes() -> None:
    function = ImportFunction()
    large = order_record("1", "st_1") | {"parent": {"name": "é" * 500_000, "email": None}}
    lines = [Record(n, json.dumps(large | {"order_id": f"ord_{n}"})) for n in range(3)]
    Importer("orders", function).send(lines)
    assert len(function.events) == 3
    assert all(len(json.dumps(event)) < 6_000_000 for event in function.events)


def test_a_file_is_read_as_it_is_sent(tmp_path: Path) -> None:
    function, read_so_far = ImportFunction(), 0

    def records() -> Any:  # noqa: ANN401  # an iterator that counts
        nonlocal read_so_far
        for record in read(write_file(tmp_path, json_lines(orders(20 * _CALL_LIMIT)))):
            read_so_far += 1
            if read_so_far == 10 * _CALL_LIMIT:
                assert len(function.events) >= 4
            yield record

    assert Importer("orders", function).send(records()).imported == 20 * _CALL_LIMIT


def test_counts_that_are_zero_are_left_out() -> None:
    assert str(Counts(imported=2)) == "2 imported"
    assert str(Counts(imported=0, updated=1, unchanged=2, refused=3)) == (
        "0 imported, 1 updated, 2 unchanged, 3 refused"
    )


def test_the_demos_orders_pass_the_dry_run() -> None:
    assert operate("import", "orders", str(DEMO_ORDERS), "--dry-run").exit_code == 0

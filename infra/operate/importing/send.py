"""Sends records to the import function, several calls at a time, and can be continued."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.failure import Failure
from infra.operate.importing.fields import ImportKind
from infra.operate.importing.records import Place, Problem, Record

_RECORDS_PER_CALL = 200
_BYTES_PER_CALL = 4_000_000  # Lambda accepts 6 MB
# Enough to hide the waits for DynamoDB. The charges are read more slowly in any case.
_CALLS_AT_A_TIME = 4

# A file may have a million bad records. The first ones say what is wrong, and `--refused` has all.
MOST_LISTED = 1_000

type Call = Callable[[dict[str, Any]], dict[str, Any]]
type Answer = dict[str, Any]


@dataclass
class Counts:
    """What an import did.

    Attributes:
        imported: How many records are new.
        updated: How many stored records have changed.
        unchanged: How many were stored already.
        refused: How many were refused.
        problems: Why, one or more for each refused record. Only the first ``MOST_LISTED``.
        unmailable_count: Of how many orders, not refused, the parent cannot get mail.
        unmailable: Why. Only the first ``MOST_LISTED``.
    """

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    problems: list[Problem] = field(default_factory=list)
    unmailable_count: int = 0
    unmailable: list[Problem] = field(default_factory=list)

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Count a refused record."""
        self.refused += 1
        self.problems += islice(problems, max(0, MOST_LISTED - len(self.problems)))

    def note_unmailable(self, problem: Problem) -> None:
        """Count an order whose parent cannot get mail."""
        self.unmailable_count += 1
        if len(self.unmailable) < MOST_LISTED:
            self.unmailable.append(problem)

    @property
    def accepted(self) -> int:
        """How many records were not refused."""
        return self.imported + self.updated + self.unchanged

    def __str__(self) -> str:
        """Return the counts that are not zero, in words."""
        parts = [f"{self.imported} imported"]
        parts += [f"{self.updated} updated"] if self.updated else []
        parts += [f"{self.unchanged} unchanged"] if self.unchanged else []
        parts += [f"{self.refused} refused"] if self.refused else []
        return ", ".join(parts)


@dataclass
class _Batch:
    records: list[Record] = field(default_factory=list)
    keys: set[object] = field(default_factory=set)
    size: int = 0


def _no_progress(_: int, __: int) -> None:
    return None


def _nothing(_: Record) -> None:
    return None


def _nothing_refused(_: Record, __: list[Problem]) -> None:
    return None


@dataclass
class Importer:
    """Sends the records of one file.

    Attributes:
        kind: What the records are.
        call: Calls the import function with an event and returns its answer.
        update: Whether stored studios take the settings of their lines.
        on_progress: Receives how many records are done, and the line with which to continue.
        on_accepted: Receives each record that was not refused.
        on_refused: Receives each refused record with its problems.
    """

    kind: ImportKind
    call: Call
    update: bool = False
    on_progress: Callable[[int, int], None] = _no_progress
    on_accepted: Callable[[Record], None] = _nothing
    on_refused: Callable[[Record, list[Problem]], None] = _nothing_refused
    counts: Counts = field(default_factory=Counts)

    def send(self, records: Iterable[Record]) -> Counts:
        """Send the records that have no problems, and return how many were imported or refused.

        Records with the same id are sent one after the other. Studios are sent one call at a time.

        Raises:
            Failure: A call failed, or the operator interrupted it. The message says with which
                line to continue. What was sent before is imported.
        """
        at_a_time = 1 if self.kind == "studios" else _CALLS_AT_A_TIME
        running: deque[tuple[_Batch, Future[Answer]]] = deque()
        with ThreadPoolExecutor(at_a_time) as pool:
            try:
                for batch in self._batches(records):
                    while len(running) == at_a_time or _shares_keys(batch, running):
                        self._finish_first(running)
                    running.append((batch, pool.submit(self.call, self._event(batch))))
                while running:
                    self._finish_first(running)
            except (Failure, ClientError, BotoCoreError, KeyboardInterrupt) as error:
                pool.shutdown(wait=False, cancel_futures=True)
                if not running:
                    raise
                raise _interrupted(error, running[0][0].records[0].line) from error
        return self.counts

    def _event(self, batch: _Batch) -> dict[str, Any]:
        event: dict[str, Any] = {self.kind: [record.text for record in batch.records]}
        return event | {"first_line": 1} | ({"update": True} if self.update else {})

    def _batches(self, records: Iterable[Record]) -> Iterator[_Batch]:
        """Yield as many records as fit into one call. Those with problems are reported."""
        batch = _Batch()
        for record in records:
            if record.problems:
                self._refuse(record, record.problems)
                continue
            size = len(json.dumps(record.text)) + 2
            full = len(batch.records) == _RECORDS_PER_CALL or batch.size + size > _BYTES_PER_CALL
            if batch.records and full:
                yield batch
                batch = _Batch()
            batch.records.append(record)
            batch.keys.add(_key(record, self.kind))
            batch.size += size
        if batch.records:
            yield batch

    def _finish_first(self, running: deque[tuple[_Batch, Future[Answer]]]) -> None:
        """Wait for the oldest call. It stays in the queue if it fails."""
        batch, future = running[0]
        answer = future.result()
        if "error" in answer:
            raise Failure(f"The import function refused the call: {answer['error']}")
        self.counts.imported += answer["imported"]
        self.counts.updated += answer["updated"]
        self.counts.unchanged += answer["unchanged"]
        # The answer counts lines from 1 in each call, not in the file.
        reasons = {each["line"]: each["reason"] for each in answer["refused"]}
        unmailable = {each["line"]: each["reason"] for each in answer["unmailable"]}
        for position, record in enumerate(batch.records, 1):
            if position in reasons:
                self._refuse(record, [Problem(Place(record.line), f"{reasons[position]}.")])
            else:
                self.on_accepted(record)
            if position in unmailable:
                self.counts.note_unmailable(Problem(Place(record.line), f"{unmailable[position]}."))
        running.popleft()
        next_line = running[0][0].records[0].line if running else batch.records[-1].line + 1
        self.on_progress(self.counts.accepted + self.counts.refused, next_line)

    def _refuse(self, record: Record, problems: list[Problem]) -> None:
        self.counts.refuse(problems)
        self.on_refused(record, problems)


def _key(record: Record, kind: ImportKind) -> object:
    content = json.loads(record.text)
    return content["studio_id"], content.get("order_id") if kind == "orders" else None


def _shares_keys(batch: _Batch, running: Iterable[tuple[_Batch, Future[Answer]]]) -> bool:
    return any(not batch.keys.isdisjoint(other.keys) for other, _ in running)


def _interrupted(error: BaseException, line: int) -> Failure:
    reason = "Interrupted." if isinstance(error, KeyboardInterrupt) else f"{error}"
    return Failure(
        f"{reason.rstrip('.')}. Everything before line {line} was sent. To continue, run the same "
        f"command with --from-line {line}."
    )

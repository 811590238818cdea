"""Patterns among refunds: answered at once, or counted in the background if the orders are many."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.clock import Clock
from shared.domain.attribution import By
from shared.domain.errors import ExportNotFoundError, StudioNotFoundError
from shared.domain.export import (
    ANSWER_TYPE,
    SUFFIXES,
    AnswerForm,
    Export,
    ExportedReport,
    PatternsSelection,
)
from shared.domain.local_days import local_days
from shared.domain.patterns import Patterns
from shared.gateways.exports import ExportFiles
from shared.gateways.studios import Studios
from shared.workflow.find_patterns import FindPatterns, ReadGuard
from shared.workflow.refund_rows import RowLimit
from shared.workflow.start_export import StartExport, WantedFile

DEFAULT_DAYS = 90

# Orders and refunds that a request reads: that takes some seconds. More are counted by an export.
MOST_READ = 20_000


class TooManyToCountError(Exception):
    """There are more orders and refunds than somebody should wait for."""


def up_to(most: int) -> ReadGuard:
    """Return a guard that lets so many through, and raises ``TooManyToCountError`` at one more."""
    limit = RowLimit(most)

    def guard[Read](found: Iterable[Read]) -> Iterator[Read]:
        yield from limit.each(found)
        if limit.is_reached:
            raise TooManyToCountError

    return guard


@dataclass(frozen=True, slots=True)
class AnswerPatterns:
    """Finds patterns while somebody waits, or has them found in the background."""

    studios: Studios
    find: FindPatterns
    start: StartExport
    clock: Clock
    most_read: int = MOST_READ

    def __call__(
        self, studio_id: str, by: By, first: str | None, last: str | None, correlation_id: str
    ) -> Patterns | Export:
        """Return the patterns of a studio's refunds, or the export that finds them.

        Args:
            studio_id: The studio's id.
            by: What to count by.
            first: The first day, ``YYYY-MM-DD`` in the studio's time zone, or None.
            last: The last day, or None for today.
            correlation_id: The request's, for the logs of the export.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
        """
        studio = self.studios.get(studio_id)
        if studio is None:
            raise StudioNotFoundError("There is no such studio.")
        now = self.clock()
        days = local_days(first, last, studio.zone, now, DEFAULT_DAYS)
        try:
            return self.find(studio, by, days, up_to(self.most_read))
        except TooManyToCountError:
            chosen = PatternsSelection(studio_id, by, days.first.isoformat(), days.last.isoformat())
            name = f"patterns_{by}_{chosen.first}_{chosen.last}{SUFFIXES[AnswerForm.JSON]}"
            wanted = WantedFile(ExportedReport.PATTERNS, AnswerForm.JSON, name)
            return self.start.once_an_hour(chosen, wanted, now, correlation_id)


@dataclass(frozen=True, slots=True)
class ReadPatterns:
    """Reads the patterns that an export found."""

    files: ExportFiles

    def __call__(self, studio_id: str, export_id: str) -> str:
        """Return the studio's patterns as the worker wrote them: the JSON of a ``PatternsView``.

        Raises:
            ExportNotFoundError: This studio has no such patterns, or they are older than a week.
        """
        found = self.files.read(studio_id, export_id, ANSWER_TYPE)
        if found is None:
            raise ExportNotFoundError(
                "Your studio has no such patterns, or they are not counted yet. They are kept for "
                "a week. Request them again."
            )
        return found

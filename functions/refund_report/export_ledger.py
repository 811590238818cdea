"""A studio's ledger as a file: a table for a bookkeeper, or a journal for a general ledger."""

from dataclasses import dataclass
from typing import NamedTuple

from shared.clock import Clock, rfc3339
from shared.domain.export import (
    SUFFIXES,
    DecimalMark,
    Export,
    ExportedReport,
    ExportForm,
    LedgerSelection,
)
from shared.domain.local_days import local_days
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.studios import Studios
from shared.workflow.start_export import StartExport, WantedFile
from shared.workflow.studio_and_head import studio_and_head

# Bookkeepers close a month.
_DEFAULT_DAYS = 31


class LedgerQuery(NamedTuple):
    """Which days of a studio's ledger, ``YYYY-MM-DD`` or None, and as what file.

    The last two are those of ``LedgerSelection``.
    """

    studio_id: str
    first: str | None
    last: str | None
    form: ExportForm
    decimal_mark: DecimalMark = DecimalMark.POINT
    daily_totals: bool = False
    with_openings: bool = False


@dataclass(frozen=True, slots=True)
class ExportLedger:
    """Requests a file of the entries that were recorded on some days."""

    studios: Studios
    ledger: LedgerStore
    start: StartExport
    clock: Clock

    def __call__(self, query: LedgerQuery, correlation_id: str) -> Export:
        """Request the file, of entries up to the ledger's present end.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
        """
        studio, head = studio_and_head(self.studios, self.ledger, query.studio_id)
        days = local_days(query.first, query.last, studio.zone, self.clock(), _DEFAULT_DAYS)
        selection = LedgerSelection(
            query.studio_id,
            rfc3339(days.start),
            rfc3339(days.end),
            head.seq,
            query.daily_totals,
            query.with_openings,
        )
        name = f"ledger_{query.studio_id}_{days.first}_{days.last}{SUFFIXES[query.form]}"
        wanted = WantedFile(ExportedReport.LEDGER, query.form, name, query.decimal_mark)
        return self.start(selection, wanted, correlation_id)

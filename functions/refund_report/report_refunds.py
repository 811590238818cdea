"""The refund report: a page of rows, with the totals of all rows."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import islice

from shared.clock import Clock, rfc3339
from shared.domain.attribution import By
from shared.domain.errors import CursorError, RangeTooLargeError
from shared.domain.local_days import LocalDays, local_days
from shared.domain.report import ReportRow, ReportState, ReportTotals, Selection
from shared.domain.report_filter import ALL_REFUNDS, ReportFilter
from shared.edge.cursor import cursor_for, invalid_cursor, position_of
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.studios import Studios
from shared.workflow.refund_rows import RefundRows, RowLimit
from shared.workflow.studio_and_head import studio_and_head

DEFAULT_DAYS = 31

# One request reads so many refunds at most: that takes some seconds. So a first page of more
# refunds has no totals, and a filter that finds few of many rows takes several pages.
MOST_ROWS_READ = 50_000
# A filter by what was ordered reads each refund's order too.
MOST_ORDERS_READ = 10_000

_ROWS_AT_ONCE = 1_000

# A refund may be on its way for a long time. Without `from`, open refunds of all days are listed.
_FIRST_DAY = "2000-01-01"


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Which refunds a report covers, and in which order.

    ``first`` and ``last`` are days, ``YYYY-MM-DD``, or None. The refunds must have
    what ``only`` names.
    """

    studio_id: str
    state: ReportState
    first: str | None
    last: str | None
    newest_first: bool = False
    only: ReportFilter = ALL_REFUNDS

    @property
    def scope(self) -> tuple[str | None, ...]:
        """What a cursor is valid for."""
        order = "newest" if self.newest_first else "oldest"
        only = (None if each is None else str(each) for each in astuple(self.only))
        return ("report", self.studio_id, self.state, self.first, self.last, order, *only)


@dataclass(frozen=True, slots=True)
class ReportSelection:
    """The selected refunds, with their days in the studio's time zone and their currency."""

    selection: Selection
    days: LocalDays
    currency: str

    def continued(self, selection: Selection) -> "ReportSelection":
        """Return it with an earlier page's selection and the days of that selection.

        Raises:
            ValueError: The selection's times are malformed.
        """
        zone = self.days.zone
        start, end = map(datetime.fromisoformat, (selection.start, selection.end))
        last = (end.astimezone(zone) - timedelta(milliseconds=1)).date()
        days = LocalDays(start.astimezone(zone).date(), last, zone)
        return replace(self, selection=selection, days=days)


@dataclass(frozen=True, slots=True)
class Report:
    """A page of the report, with the totals of all pages, or None if the rows are too many.

    ``filter_names`` are the names of what it is filtered by, as far as they are known.
    """

    chosen: ReportSelection
    rows: list[ReportRow]
    totals: ReportTotals | None
    next_cursor: str | None
    filter_names: dict[By, str | None]


@dataclass(frozen=True, slots=True)
class SelectRefunds:
    """Fixes which refunds a report covers."""

    studios: Studios
    ledger: LedgerStore
    clock: Clock

    def __call__(self, query: ReportQuery) -> ReportSelection:
        """Return what a query selects now: days in the studio's time zone, up to the ledger's end.

        Refunds that settle later come after the ledger's present last entry. They are left out, so
        they neither shift pages nor change totals.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
        """
        studio, head = studio_and_head(self.studios, self.ledger, query.studio_id)
        first = query.first
        if first is None and query.state is ReportState.OPEN:
            first = _FIRST_DAY
        days = local_days(first, query.last, studio.zone, self.clock(), DEFAULT_DAYS)
        selection = Selection(
            query.studio_id,
            query.state,
            rfc3339(days.start),
            rfc3339(days.end),
            head.seq,
            query.newest_first,
            query.only,
        )
        return ReportSelection(selection, days, studio.currency)


def all_rows(rows: RefundRows, selection: Selection) -> Iterator[ReportRow]:
    """Yield all rows of a selection, to add them up while somebody waits.

    Raises:
        RangeTooLargeError: They are too many, filtered out or not.
    """
    reading = _row_limit(selection)
    most = reading.left
    yield from rows.rows(selection, None, _ROWS_AT_ONCE, reading)
    if reading.is_reached:
        raise RangeTooLargeError(
            f"There are more than {most:,} refunds in these days, too many to add up while you "
            "wait. Ask for fewer days, or export the report: its file has every refund."
        )


def _row_limit(selection: Selection) -> RowLimit:
    return RowLimit(MOST_ORDERS_READ if any(selection.only.of_order()) else MOST_ROWS_READ)


@dataclass(frozen=True, slots=True)
class ReportRefunds:
    """Returns the report page by page."""

    select: SelectRefunds
    rows: RefundRows

    def __call__(self, query: ReportQuery, limit: int, cursor: str | None) -> Report:
        """Return a page of the report, and the totals of the whole selection.

        The first page reads the selection for its totals, up to ``MOST_ROWS_READ`` rows. The cursor
        carries the totals and the selection on, so all pages show the same moment. If a filter
        leaves few rows, a page may have fewer than ``limit`` and the next one still some.

        Raises:
            DateRangeError: The days are not a range.
            StudioNotFoundError: There is no such studio.
            CursorError: The cursor is not of this report, or entries appeared since its first page.
        """
        chosen, so_far = self.select(query), None
        if cursor is not None:
            chosen, so_far = _continued(query, chosen, cursor)
        selection, after = chosen.selection, so_far.place if so_far else None
        reading = _row_limit(selection)
        rows = self.rows.rows(selection, after, limit + 1, reading)
        found = list(islice(rows, limit + 1))
        page, more = found[:limit], len(found) > limit
        until = page[-1].place if more else reading.stopped_at
        if so_far is not None:
            totals = so_far.totals
        elif reading.stopped_at is not None:
            totals = None
        else:
            totals = self._totals(selection, found, more=more)
        shown = (so_far.shown if so_far else ReportTotals()).plus(page)
        is_settled = selection.state is ReportState.SETTLED
        # Open and failed refunds move on while they are read. Entries never do.
        if until is None and is_settled and totals is not None and shown != totals:
            raise CursorError(
                "Refunds that settled just before the first page appeared only after it, so the "
                "totals do not fit the rows. Read the report again from its first page."
            )
        return Report(
            chosen=chosen,
            rows=list(self.rows.with_names(selection.studio_id, page)),
            totals=totals,
            next_cursor=_cursor(query, selection, _SoFar(until, totals, shown)) if until else None,
            filter_names={}
            if selection.only.is_empty or not page
            else self.rows.filter_names(selection, page[0]),
        )

    def _totals(
        self, selection: Selection, found: list[ReportRow], *, more: bool
    ) -> ReportTotals | None:
        """Return the totals of all rows, of which the first ones were found, or None.

        The others are read from there on. Each row is read once, because a second read of an
        eventually consistent index may show others.
        """
        totals = ReportTotals().plus(found)
        if not more:
            return totals
        others = self.rows.totals(selection, found[-1].place, _row_limit(selection))
        return None if others is None else totals.plus([others])


@dataclass(frozen=True, slots=True)
class _SoFar:
    """Where a page ends: its last row's place, all totals, and the sums of the rows shown."""

    place: str
    totals: ReportTotals | None
    shown: ReportTotals


# The numbers in a cursor for each totals.
_FIGURES = len(fields(ReportTotals))
# In place of each figure of totals that were too many rows to add up.
_UNKNOWN = "-"


def _cursor(query: ReportQuery, selection: Selection, so_far: _SoFar) -> str:
    pinned = [selection.start, selection.end, str(selection.upto_seq), so_far.place]
    totals = [_UNKNOWN] * _FIGURES if so_far.totals is None else map(str, astuple(so_far.totals))
    return cursor_for([*pinned, *totals, *map(str, astuple(so_far.shown))], *query.scope)


def _continued(
    query: ReportQuery, chosen: ReportSelection, cursor: str
) -> tuple[ReportSelection, _SoFar]:
    position = position_of(cursor, 4 + 2 * _FIGURES, *query.scope)
    start, end, upto_seq, place, *texts = position
    try:
        pinned = replace(chosen.selection, start=start, end=end, upto_seq=int(upto_seq))
        shown = ReportTotals(*map(int, texts[_FIGURES:]))
        known = texts[:_FIGURES]
        totals = None if known == [_UNKNOWN] * _FIGURES else ReportTotals(*map(int, known))
        return chosen.continued(pinned), _SoFar(place, totals, shown)
    except (ValueError, OverflowError) as error:  # OverflowError: a time outside the calendar
        raise invalid_cursor() from error

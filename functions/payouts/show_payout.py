"""A payout with its lines: the next one as it is now, or one that was made."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from functions.payouts.read_lines import LinesPage, LinesQuery, ReadLines
from shared.domain.errors import PayoutNotFoundError
from shared.domain.ledger import LedgerHead
from shared.domain.payout import ON_HOLD, STUDIO_CLOSED, Payout, expected_payout, held_of
from shared.domain.statement import Statement, StatementRange
from shared.domain.statement_file import range_of
from shared.domain.studio import Studio
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios
from shared.workflow.studio_and_head import studio_and_head

# An answer has the lines of a payout up to so many. A line takes a few hundred bytes, and a Lambda
# answer at most 6 MB.
MOST_LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class NextPayout:
    """What the next payout would be now. Amounts in minor units, times RFC 3339 in UTC.

    ``period_started_at`` is None before the first payout.
    """

    head: LedgerHead
    period_started_at: str | None
    due_at: str | None
    paid_amount: int
    disputed_held_amount: int
    reason: str | None
    page: LinesPage

    @property
    def carried_amount(self) -> int:
        """What would not be paid, but carried into the payout after it."""
        return self.head.payable_balance_amount - self.paid_amount


@dataclass(frozen=True, slots=True)
class ShowNextPayout:
    """Shows the open entries of a studio's ledger as the payout that they would make.

    Attributes:
        held_amount: Returns what a studio's open disputes may still take, by its id.
    """

    ledger: LedgerStore
    studios: Studios
    payouts: PayoutsTable
    holds: PayoutHolds
    held_amount: Callable[[str], int]
    lines: ReadLines

    def __call__(self, studio_id: str, wanted: LinesQuery) -> NextPayout:
        """Return the next payout as it is now, with a page of its lines.

        All of it shows one moment: the ledger head names the last entry, and entries never change.

        Raises:
            StudioNotFoundError: There is no such studio.
            CursorError: The cursor is not of these lines, or the payout was made in the meantime.
            StatementError: The ledger is damaged.
        """
        studio, head = studio_and_head(self.studios, self.ledger, studio_id)
        total, account_id = head.payable_balance_amount, studio.payout_account_id
        disputed = self.held_amount(studio_id) if studio.hold_disputed else 0
        paid, reason = expected_payout(total, account_id, disputed)
        if paid and self.holds.active(studio_id):
            paid, reason = 0, ON_HOLD
        if studio.is_closed:
            paid, reason = 0, STUDIO_CLOSED
        previous = self.payouts.last(studio_id)
        return NextPayout(
            head,
            previous.period_ended_at if previous else None,
            self.payouts.due_at(studio_id),
            paid,
            held_of(total, disputed),
            reason,
            self.lines.page(_open_range(head), wanted),
        )


@dataclass(frozen=True, slots=True)
class PrintedStatement:
    """A payout to print, with the studio's name and time zone.

    The statement has all lines of the payout, or none if there are too many to print.
    """

    payout: Payout
    statement: Statement
    studio_name: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class ShowPayout:
    """Shows a payout that was made."""

    payouts: PayoutsTable
    studios: Studios
    lines: ReadLines

    def page(self, studio_id: str, payout_id: str, wanted: LinesQuery) -> tuple[Payout, LinesPage]:
        """Return a payout with a page of its lines.

        Raises:
            PayoutNotFoundError: The studio has no such payout.
            CursorError: The cursor is not of these lines.
            StatementError: The ledger is damaged.
        """
        payout = self.find(studio_id, payout_id)
        return payout, self.lines.page(range_of(payout), wanted)

    def printed(self, studio_id: str, payout_id: str) -> PrintedStatement:
        """Return a payout to print: with all its lines, or with their sums if they are too many.

        Raises:
            PayoutNotFoundError: The studio has no such payout.
            StatementError: The ledger is damaged.
        """
        payout = self.find(studio_id, payout_id)
        studio = stored_studio(self.studios, payout)
        of = range_of(payout)
        is_short = payout.entry_count <= MOST_LINES_AT_ONCE
        statement = self.lines.all(of) if is_short else self.lines.only_sums(of)
        return PrintedStatement(payout, statement, studio.name, studio.zone)

    def find(self, studio_id: str, payout_id: str) -> Payout:
        """Return a payout of a studio.

        Raises:
            PayoutNotFoundError: The studio has no such payout.
        """
        payout = self.payouts.get(studio_id, payout_id)
        if payout is None:
            raise PayoutNotFoundError("Your studio has no such payout.")
        return payout


def _open_range(head: LedgerHead) -> StatementRange:
    return StatementRange(
        head.studio_id,
        head.closed_seq + 1,
        head.seq,
        head.carried_amount,
        head.payable_balance_amount,
    )


def stored_studio(studios: Studios, payout: Payout) -> Studio:
    """Return the studio of a payout, with its name and time zone."""
    studio = studios.get(payout.studio_id)
    if studio is None:
        raise LookupError(f"studio {payout.studio_id} has a payout but is not stored")
    return studio

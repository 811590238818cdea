"""A payout with its lines: the next one as it is now, or one that was made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zoneinfo import ZoneInfo

from functions.payouts.read_lines import LinesPage, LinesQuery, ReadLines
from shared.domain.errors import PayoutNotFoundError, StatementTooLargeError
from shared.domain.imported_order import ImportedOrder
from shared.domain.ledger import LedgerHead
from shared.domain.payout import ON_HOLD, STUDIO_CLOSED, Payout, expected_payout, held_of
from shared.domain.statement import LineKinds, Statement, StatementRange
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios
from shared.workflow.studio_and_head import studio_and_head

# A line takes a few hundred bytes of HTML, and a Lambda answer at most 6 MB.
MAX_FILE_LINES = 10_000


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
class WholeStatement:
    """A payout with all its lines, and the studio's name and time zone.

    ``orders`` are those that were read, by order id.
    """

    payout: Payout
    statement: Statement
    studio_name: str
    zone: ZoneInfo
    orders: Mapping[str, ImportedOrder] = MappingProxyType({})


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
        payout = self._payout(studio_id, payout_id)
        return payout, self.lines.page(_range(payout), wanted)

    def whole(
        self, studio_id: str, payout_id: str, orders_of: LineKinds = LineKinds.DEDUCTIONS
    ) -> WholeStatement:
        """Return a payout with all its lines, for a file.

        Args:
            studio_id: The studio's id.
            payout_id: The payout's id.
            orders_of: The lines whose orders are read. Few lines are deductions.

        Raises:
            PayoutNotFoundError: The studio has no such payout.
            StatementTooLargeError: There are more lines than a file can have.
            StatementError: The ledger is damaged.
        """
        payout = self._payout(studio_id, payout_id)
        if payout.last_seq - payout.first_seq >= MAX_FILE_LINES:
            raise StatementTooLargeError(
                f"This payout has more than {MAX_FILE_LINES} lines, too many for one file. Read it "
                "with `format=json`, page by page."
            )
        studio = self.studios.get(studio_id)
        if studio is None:
            raise LookupError(f"studio {studio_id} has a payout but is not stored")
        statement, orders = self.lines.all(_range(payout), orders_of)
        return WholeStatement(payout, statement, studio.name, studio.zone, orders)

    def _payout(self, studio_id: str, payout_id: str) -> Payout:
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


def _range(payout: Payout) -> StatementRange:
    return StatementRange(
        payout.studio_id,
        payout.first_seq,
        payout.last_seq,
        payout.carried_in_amount,
        payout.total_amount,
    )

"""A ledger's entries as double-entry transactions, for the studio's own general ledger.

The books are the studio's. A line's amount is positive for a debit and negative for a credit, and
the lines of a transaction add up to zero.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from shared.domain.ledger import OPENING_KINDS, EntryKind, LedgerEntry
from shared.domain.refund_reason import reason_name


class JournalRole(StrEnum):
    """What an account is for. The lines of a transaction come in this order."""

    # What PPS owes the studio: the ledger's payable balance.
    RECEIVABLE = "receivable"
    # The studio's own Stripe account: the ledger's direct balance.
    STRIPE_BALANCE = "stripe_balance"
    # Payouts between PPS and the studio's bank.
    PAYOUT_CLEARING = "payout_clearing"
    SALES_TAX = "sales_tax"
    SALES = "sales"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    ADJUSTMENTS = "adjustments"
    STRIPE_FEES = "stripe_fees"
    DISPUTE_FEES = "dispute_fees"
    REV_SHARE = "rev_share"
    # What was paid out before the ledger started.
    OPENING_EQUITY = "opening_equity"


@dataclass(frozen=True, slots=True)
class KindRule:
    """How entries of a kind are booked: the accounts of gross and Stripe's fee, and the words.

    ``words`` is a format of the ``entry``.
    """

    gross: JournalRole
    fee: JournalRole
    words: str


_FEES, _DISPUTE_FEES = JournalRole.STRIPE_FEES, JournalRole.DISPUTE_FEES
_SALES, _REFUNDS, _DISPUTES = JournalRole.SALES, JournalRole.REFUNDS, JournalRole.DISPUTES
_CLEARING = JournalRole.PAYOUT_CLEARING

_ORDER = "order {entry.order_id}"
_REFUND = f"refund {{entry.refund_id}} of {_ORDER}"
_DISPUTE = f"dispute {{entry.dispute_id}} of {_ORDER}"
_PAYOUT = "Payout {entry.payout_id}"
_EARLIER = "before the ledger started"

RULES: Mapping[EntryKind, KindRule] = MappingProxyType(
    {
        EntryKind.SALE: KindRule(_SALES, _FEES, f"Sale of {_ORDER}"),
        EntryKind.REFUND: KindRule(_REFUNDS, _FEES, f"Settled {_REFUND}"),
        EntryKind.REFUND_FAILED: KindRule(_REFUNDS, _FEES, f"Failed {_REFUND}"),
        EntryKind.OPENING_SALE: KindRule(_SALES, _FEES, f"Sale of {_ORDER}, {_EARLIER}"),
        EntryKind.OPENING_REFUND: KindRule(_REFUNDS, _FEES, f"Settled {_REFUND}, {_EARLIER}"),
        EntryKind.DISPUTE: KindRule(_DISPUTES, _DISPUTE_FEES, f"Money taken by {_DISPUTE}"),
        EntryKind.DISPUTE_REVERSED: KindRule(
            _DISPUTES, _DISPUTE_FEES, f"Money back from {_DISPUTE}"
        ),
        EntryKind.PAYOUT_CLOSED: KindRule(_CLEARING, _FEES, _PAYOUT),
        EntryKind.PAYOUT_FAILED: KindRule(_CLEARING, _FEES, f"{_PAYOUT}, not transferred"),
        EntryKind.PAYOUT_REVERSED: KindRule(_CLEARING, _FEES, f"{_PAYOUT}, money taken back"),
        EntryKind.ADJUSTMENT: KindRule(
            JournalRole.ADJUSTMENTS, _FEES, "Adjustment {entry.adjustment_id}"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of a transaction, in minor units: positive is a debit, negative a credit."""

    role: JournalRole
    amount: int


@dataclass(frozen=True, slots=True)
class JournalTransaction:
    """A balanced transaction of a studio's general ledger.

    ``number`` is the ledger entry's ``seq``, or the day of which this is the total. With the studio
    it identifies the transaction, and it never changes. ``day`` is in the studio's time zone.

    Raises:
        ValueError: There is no line, or the lines do not add up to zero.
    """

    studio_id: str
    number: str
    day: date
    description: str
    currency: str
    lines: tuple[JournalLine, ...]

    def __post_init__(self) -> None:
        """Check that it has lines and balances."""
        if not self.lines:
            raise ValueError(f"transaction {self.reference} has no line")
        difference = sum(line.amount for line in self.lines)
        if difference:
            raise ValueError(f"transaction {self.reference} is off by {difference}")

    @property
    def reference(self) -> str:
        """The transaction's id in any general ledger: the studio and the number."""
        return f"{self.studio_id}-{self.number}"


def journal_of(
    entries: Iterable[LedgerEntry], zone: ZoneInfo, *, with_openings: bool = False
) -> Iterator[JournalTransaction]:
    """Yield a transaction for each entry that moves money, in the order of the entries.

    Some payouts pay nothing and carry the balance forward. They have no transaction.

    Args:
        entries: Entries of one studio. They are read one at a time.
        zone: The studio's time zone.
        with_openings: Whether to book what was paid out before the ledger started, against opening
            equity. The studio's earlier books usually have it, and twice would be wrong.

    Raises:
        ValueError: The amounts of an entry do not add up.
    """
    for entry in entries:
        if _was_paid_before(entry) and not with_openings:
            continue
        lines = _lines(entry)
        if lines:
            yield JournalTransaction(
                studio_id=entry.studio_id,
                number=str(entry.seq),
                day=datetime.fromisoformat(entry.recorded_at).astimezone(zone).date(),
                description=_description(entry),
                currency=entry.currency,
                lines=lines,
            )


def _was_paid_before(entry: LedgerEntry) -> bool:
    """Return whether its money was paid out before the ledger started."""
    return entry.kind in OPENING_KINDS or bool(entry.elsewhere_amount)


def _lines(entry: LedgerEntry) -> tuple[JournalLine, ...]:
    """Return the lines of an entry that are not zero, in the order of the roles."""
    rule = RULES[entry.kind]
    amounts = {
        JournalRole.RECEIVABLE: entry.payable_amount,
        JournalRole.STRIPE_BALANCE: entry.direct_amount,
        JournalRole.OPENING_EQUITY: entry.elsewhere_amount or 0,
        JournalRole.REV_SHARE: -entry.rev_share_amount,
        JournalRole.SALES_TAX: -entry.tax_amount,
        rule.fee: -entry.stripe_fee_amount,
        rule.gross: entry.tax_amount - entry.gross_amount,
    }
    return lines_of(amounts)


def lines_of(amounts: Mapping[JournalRole, int]) -> tuple[JournalLine, ...]:
    """Return the amounts that are not zero as lines, in the order of the roles."""
    return tuple(JournalLine(role, amounts[role]) for role in JournalRole if amounts.get(role))


def _description(entry: LedgerEntry) -> str:
    """Return what happened, with the ids that a person searches for, and the reason."""
    text = RULES[entry.kind].words.format(entry=entry)
    if entry.reason:
        # A person wrote an adjustment's reason. The other reasons are codes.
        free_text = entry.kind is EntryKind.ADJUSTMENT
        text += f": {entry.reason if free_text else reason_name(entry.reason)}"
    return _one_line(text)


def _one_line(text: str) -> str:
    """Return a text without line breaks and characters that nobody sees."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(visible.split())

"""A payout line by line, with the sums: each line is a ledger entry.

Entries that close payouts are no lines: they pay for lines.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from itertools import islice

from shared.domain.ledger import DISPUTE_KINDS, EntryKind, LedgerEntry
from shared.domain.refund_reason import reason_name
from shared.domain.sums import StatementError, Sum, total_of

CARRIED = "carried"

_SALES = frozenset({EntryKind.SALE, EntryKind.OPENING_SALE})
_REFUNDS = frozenset({EntryKind.REFUND, EntryKind.REFUND_FAILED, EntryKind.OPENING_REFUND})
_TRANSFERS = frozenset({EntryKind.PAYOUT_FAILED, EntryKind.PAYOUT_REVERSED})


class StatementSection(Enum):
    """The sections of a statement, in order, with their titles."""

    DEDUCTIONS = "Deductions"
    OTHER = "Other entries"
    SALES = "Sales"


def section_of(kind: str) -> StatementSection:
    """Return the section in which lines of a kind stand."""
    if kind in _REFUNDS or kind in DISPUTE_KINDS:
        return StatementSection.DEDUCTIONS
    return StatementSection.SALES if kind in _SALES else StatementSection.OTHER


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line. Amounts in minor units; what the studio gains is positive, as in the ledger.

    Every line has ``gross + stripe_fee + rev_share = net = payable + direct + elsewhere``. The
    line for the balance carried in from the previous payout has neither number nor ids. ``reason``
    says why a refund or an adjustment was made. ``tax_amount`` is the tax in the gross,
    ``tax_parts`` its parts as the ledger writes them, and ``balance_transaction_id`` the movement
    of Stripe's balance. The ledger has no names:
    ``parent_name`` is read from the order when somebody looks, and is None if it was erased.
    """

    kind: str
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int
    elsewhere_amount: int = 0
    seq: int | None = None
    recorded_at: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    payout_id: str | None = None
    stripe_refund_id: str | None = None
    dispute_id: str | None = None
    adjustment_id: str | None = None
    reason: str | None = None
    refund_type: str | None = None
    parent_name: str | None = None
    tax_amount: int = 0
    balance_transaction_id: str | None = None
    tax_parts: str | None = None

    @property
    def reason_name(self) -> str | None:
        """What its reason is called. An adjustment has a sentence, which stays as it is."""
        if self.reason is None or self.adjustment_id is not None:
            return self.reason
        return reason_name(self.reason)

    @property
    def is_deduction(self) -> bool:
        """Whether a refund or a dispute took money, or gave it back."""
        return section_of(self.kind) is StatementSection.DEDUCTIONS


@dataclass(frozen=True, slots=True)
class Statement:
    """The wanted lines of a payout, and the sums of all its lines, by kind and in total."""

    lines: list[StatementLine]
    by_kind: dict[str, Sum]
    total: Sum

    @property
    def total_amount(self) -> int:
        """What PPS owes for all lines, in minor units. Negative if the studio owes."""
        return self.total.payable_amount


@dataclass(frozen=True, slots=True)
class PayableParts:
    """What a payout's payable amount is made of, in minor units. They add up to it.

    ``transfers`` are earlier payouts whose transfer failed or came back. ``carried_in`` is what the
    payout before left.
    """

    sales_amount: int
    refunds_amount: int
    disputes_amount: int
    adjustments_amount: int
    transfers_amount: int
    carried_in_amount: int


def payable_parts(statement: Statement) -> PayableParts:
    """Return what a statement's payable amount is made of."""

    def payable(kinds: Collection[str]) -> int:
        return sum(each.payable_amount for kind, each in statement.by_kind.items() if kind in kinds)

    return PayableParts(
        sales_amount=payable(_SALES),
        refunds_amount=payable(_REFUNDS),
        disputes_amount=payable(DISPUTE_KINDS),
        adjustments_amount=payable({EntryKind.ADJUSTMENT}),
        transfers_amount=payable(_TRANSFERS),
        carried_in_amount=payable({CARRIED}),
    )


class LineKinds(StrEnum):
    """Which lines of a payout to list: all, or those where a refund or dispute moved money."""

    ALL = "all"
    DEDUCTIONS = "deductions"


@dataclass(frozen=True, slots=True)
class LineRange:
    """Which lines to return: those after an entry's number, up to ``limit``, or all for None.

    If ``after_seq`` is None, the line carried in comes first, if all kinds are wanted.
    """

    after_seq: int | None = None
    limit: int | None = None
    kinds: LineKinds = LineKinds.ALL


@dataclass(frozen=True, slots=True)
class StatementRange:
    """The ledger entries of a payout, both ends included, and its amounts in minor units.

    ``carried_in_amount`` is what the payout before left. With the lines it makes up
    ``total_amount``.
    """

    studio_id: str
    first_seq: int
    last_seq: int
    carried_in_amount: int
    total_amount: int


def statement_of(
    entries: Iterable[LedgerEntry], of: StatementRange, wanted: LineRange
) -> Statement:
    """Return a payout's statement.

    Args:
        entries: The ledger's entries of that range, in order.
        of: The payout's entries and amounts.
        wanted: The lines to return. The sums cover all lines.

    Raises:
        StatementError: An entry is missing, or the lines do not add up to the payout's total.
    """
    by_kind: dict[str, Sum] = {}
    lines: list[StatementLine] = []
    for line in all_lines(entries, of):
        by_kind[line.kind] = by_kind.get(line.kind, Sum()).plus(line)
        has_room = wanted.limit is None or len(lines) < wanted.limit
        if has_room and _is_in_range(line, wanted):
            lines.append(line)
    return _checked(Statement(lines, by_kind, total_of(by_kind.values())), of)


def statement_page(
    entries: Iterable[LedgerEntry], sums: Mapping[str, Sum], of: StatementRange, wanted: LineRange
) -> Statement:
    """Return a page of a payout's lines, with sums that are known already.

    Args:
        entries: Some of the ledger's entries, in order, from the one after ``wanted.after_seq``.
        sums: The sums of all entries of the payout by kind, those that close payouts included.
        of: The payout's entries and amounts.
        wanted: The lines to return.

    Raises:
        StatementError: An entry is missing, or the sums are not the payout's total.
    """
    by_kind = {kind: each for kind, each in sums.items() if kind != EntryKind.PAYOUT_CLOSED}
    lines: list[StatementLine] = []
    if of.carried_in_amount:
        carried = carried_line(of.carried_in_amount)
        by_kind[CARRIED] = Sum().plus(carried)
        lines += [carried] if _is_in_range(carried, wanted) else []
    first = of.first_seq if wanted.after_seq is None else max(of.first_seq, wanted.after_seq + 1)
    found = (line for line in _lines_from(entries, first) if _is_in_range(line, wanted))
    lines += islice(found, None if wanted.limit is None else wanted.limit - len(lines))
    return _checked(Statement(lines, by_kind, total_of(by_kind.values())), of)


def _checked(statement: Statement, of: StatementRange) -> Statement:
    check_total(statement.total_amount, of)
    return statement


def check_total(total_amount: int, of: StatementRange) -> None:
    """Check that what all lines add up to is the payout's total, in minor units.

    Raises:
        StatementError: It is not.
    """
    if total_amount != of.total_amount:
        raise StatementError(
            f"the lines add up to {total_amount}, but the total is {of.total_amount}"
        )


def _is_in_range(line: StatementLine, wanted: LineRange) -> bool:
    if wanted.kinds is LineKinds.DEDUCTIONS and not line.is_deduction:
        return False
    if wanted.after_seq is None:
        return True
    return line.seq is not None and line.seq > wanted.after_seq


def all_lines(entries: Iterable[LedgerEntry], of: StatementRange) -> Iterator[StatementLine]:
    """Yield the lines of a payout in the ledger's order, the line carried in first.

    Args:
        entries: The ledger's entries of that range, in order.
        of: The payout's entries and amounts.

    Raises:
        StatementError: An entry is missing.
    """
    if of.carried_in_amount:
        yield carried_line(of.carried_in_amount)
    last_seq = yield from _lines_from(entries, of.first_seq)
    if last_seq != of.last_seq:
        raise StatementError(f"entries {last_seq + 1} to {of.last_seq} are missing")


def _lines_from(
    entries: Iterable[LedgerEntry], first_seq: int
) -> Generator[StatementLine, None, int]:
    """Yield the lines of entries without a gap, and return the number of the last entry."""
    seq = first_seq
    for entry in entries:
        if entry.seq != seq:
            raise StatementError(f"entry {seq} is missing")
        if entry.kind is not EntryKind.PAYOUT_CLOSED:
            yield line_of(entry)
        seq += 1
    return seq - 1


def line_of(entry: LedgerEntry) -> StatementLine:
    """Return the line of a ledger entry."""
    fields_of_line = {name: getattr(entry, name) for name in _LINE_FIELDS}
    return StatementLine(**fields_of_line | {"elsewhere_amount": entry.elsewhere_amount or 0})


def carried_line(amount: int) -> StatementLine:
    """Return the line of the balance that the previous payout left."""
    return StatementLine(
        kind=CARRIED,
        gross_amount=amount,
        stripe_fee_amount=0,
        rev_share_amount=0,
        net_amount=amount,
        payable_amount=amount,
        direct_amount=0,
    )


# What a line has of its entry. The parent's name is not in the ledger.
_LINE_FIELDS = tuple(field.name for field in fields(StatementLine) if field.name != "parent_name")

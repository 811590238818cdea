"""A payout line by line, with the sums: each line is a ledger entry."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from shared.domain.ledger import LedgerEntry

CARRIED = "carried"


class StatementError(Exception):
    """The entries do not make up the payout: an entry or an amount is missing."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line. Amounts in minor units; what the studio gains is positive, as in the ledger.

    Every line has ``gross + stripe_fee + rev_share = net = payable + direct``. The line for the
    balance carried in from the previous payout has neither number nor ids. ``reason`` says why a
    refund or an adjustment was made.
    """

    kind: str
    gross_amount: int
    stripe_fee_amount: int
    rev_share_amount: int
    net_amount: int
    payable_amount: int
    direct_amount: int
    seq: int | None = None
    recorded_at: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    payout_id: str | None = None
    stripe_refund_id: str | None = None
    adjustment_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The number of lines and the sums of their amounts, in minor units."""

    count: int = 0
    gross_amount: int = 0
    stripe_fee_amount: int = 0
    rev_share_amount: int = 0
    net_amount: int = 0
    payable_amount: int = 0
    direct_amount: int = 0

    def plus(self, line: StatementLine) -> "Sum":
        """Return the sum with one more line."""
        return Sum(
            self.count + 1,
            *(getattr(self, name) + getattr(line, name) for name in _SUMMED),
        )


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
class LineRange:
    """Which lines to return: those after an entry's number, up to ``limit``, or all for None.

    If ``after_seq`` is None, the line carried in comes first.
    """

    after_seq: int | None = None
    limit: int | None = None


def statement_of(
    entries: Iterable[LedgerEntry], first_seq: int, last_seq: int, wanted: LineRange
) -> Statement:
    """Return a payout's statement.

    Args:
        entries: The ledger's entries from the one before ``first_seq``, if there is one, to
            ``last_seq``. The balance of the one before is carried in.
        first_seq: The number of the payout's first entry.
        last_seq: The number of its last entry.
        wanted: The lines to return. The sums cover all lines.

    Raises:
        StatementError: An entry is missing, or the lines do not add up to the ledger's balance.
    """
    by_kind: dict[str, Sum] = {}
    total = Sum()
    lines: list[StatementLine] = []
    for line in _checked(entries, first_seq, last_seq):
        total = total.plus(line)
        by_kind[line.kind] = by_kind.get(line.kind, Sum()).plus(line)
        has_room = wanted.limit is None or len(lines) < wanted.limit
        if has_room and _is_in_range(line, wanted):
            lines.append(line)
    return Statement(lines, by_kind, total)


def _is_in_range(line: StatementLine, wanted: LineRange) -> bool:
    if wanted.after_seq is None:
        return True
    return line.seq is not None and line.seq > wanted.after_seq


def _checked(
    entries: Iterable[LedgerEntry], first_seq: int, last_seq: int
) -> Iterator[StatementLine]:
    """Yield the lines, the line carried in first. At the end, compare them with the ledger."""
    balance = sum_of_lines = 0
    seq = max(1, first_seq - 1)
    for entry in entries:
        if entry.seq != seq:
            raise StatementError(f"entry {seq} of {first_seq} to {last_seq} is missing")
        balance = entry.payable_balance_amount
        line = line_of(entry) if seq >= first_seq else carried_line(balance)
        if seq >= first_seq or balance:
            sum_of_lines += line.payable_amount
            yield line
        seq += 1
    if seq != last_seq + 1:
        raise StatementError(f"entries {seq} to {last_seq} are missing")
    if sum_of_lines != balance:
        raise StatementError(
            f"the lines add up to {sum_of_lines}, but the ledger's balance is {balance}"
        )


def line_of(entry: LedgerEntry) -> StatementLine:
    """Return the line of a ledger entry."""
    return StatementLine(**{name: getattr(entry, name) for name in _LINE_FIELDS})


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


_LINE_FIELDS = tuple(field.name for field in fields(StatementLine))
_SUMMED = tuple(field.name for field in fields(Sum) if field.name != "count")

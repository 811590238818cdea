"""A payout statement in sections: deductions together, other entries, then sales."""

from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.statement import Statement, StatementLine
from shared.domain.sums import Sum


class Column(NamedTuple):
    """An amount of each line, and its heading."""

    name: str
    heading: str


_GROSS = Column("gross_amount", "Gross")
_STRIPE_FEE = Column("stripe_fee_amount", "Stripe fee")
_REV_SHARE = Column("rev_share_amount", "Rev share")
_NET = Column("net_amount", "Net")
_ELSEWHERE = Column("elsewhere_amount", "Paid out before")
_DIRECT = Column("direct_amount", "Settled by Stripe")
_PAYABLE = Column("payable_amount", "Payable")


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of one sort, the columns that they need, and their sums by kind and together."""

    title: str
    lines: list[StatementLine]
    columns: list[Column]
    by_kind: dict[str, Sum]
    total: Sum

    @property
    def is_deductions(self) -> bool:
        """Whether its lines have a parent and a reason."""
        return any(line.is_deduction for line in self.lines)

    @property
    def has_kinds(self) -> bool:
        """Whether its lines differ in kind."""
        return len(self.by_kind) > 1

    @property
    def has_orders(self) -> bool:
        """Whether its lines are about orders."""
        return any(line.order_id for line in self.lines)


def sections_of(statement: Statement) -> list[Section]:
    """Return the sections that have lines."""
    deductions: list[StatementLine] = []
    other: list[StatementLine] = []
    sales: list[StatementLine] = []
    for line in statement.lines:
        place = deductions if line.is_deduction else sales if line.is_sale else other
        place.append(line)
    found = (("Deductions", deductions), ("Other entries", other), ("Sales", sales))
    return [_section(title, lines) for title, lines in found if lines]


def _section(title: str, lines: list[StatementLine]) -> Section:
    by_kind: dict[str, Sum] = {}
    total = Sum()
    for line in lines:
        by_kind[line.kind] = by_kind.get(line.kind, Sum()).plus(line)
        total = total.plus(line)
    return Section(title, lines, _columns(lines), by_kind, total)


def _columns(lines: list[StatementLine]) -> list[Column]:
    """Return the columns with an amount in some line. Payable is always there."""
    if not any(line.order_id for line in lines):
        return [_PAYABLE]

    def has_some(column: Column) -> bool:
        return any(getattr(line, column.name) for line in lines)

    shown = [column for column in (_GROSS, _STRIPE_FEE, _REV_SHARE) if has_some(column)]
    settled_otherwise = [column for column in (_ELSEWHERE, _DIRECT) if has_some(column)]
    # Without these two, net is the same as payable.
    return [*shown, *([_NET, *settled_otherwise] if settled_otherwise else []), _PAYABLE]

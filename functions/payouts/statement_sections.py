"""A payout statement in sections: deductions together, other entries, then sales."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.statement import Statement, StatementLine, StatementSection, section_of
from shared.domain.sums import Sum, total_of


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
    """The lines of one section, the columns that they need, and their sums by kind and together.

    A payout with too many lines to print has the sums alone.
    """

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
    """Return the sections that have lines, or sums of them."""
    found = (_section(statement, section) for section in StatementSection)
    return [section for section in found if section.by_kind]


def _section(statement: Statement, section: StatementSection) -> Section:
    lines = [line for line in statement.lines if section_of(line.kind) is section]
    by_kind = {
        kind: each for kind, each in statement.by_kind.items() if section_of(kind) is section
    }
    columns = _columns(lines) if lines else _columns_of_amounts(by_kind.values())
    return Section(section.value, lines, columns, by_kind, total_of(by_kind.values()))


def _columns(lines: list[StatementLine]) -> list[Column]:
    """Return the columns with an amount in some line. Payable is always there."""
    if not any(line.order_id for line in lines):
        return [_PAYABLE]
    return _columns_of_amounts(lines)


def _columns_of_amounts(those: Iterable[StatementLine | Sum]) -> list[Column]:
    amounts = list(those)

    def has_some(column: Column) -> bool:
        return any(getattr(each, column.name) for each in amounts)

    shown = [column for column in (_GROSS, _STRIPE_FEE, _REV_SHARE) if has_some(column)]
    settled_otherwise = [column for column in (_ELSEWHERE, _DIRECT) if has_some(column)]
    # Without these two, net is the same as payable.
    return [*shown, *([_NET, *settled_otherwise] if settled_otherwise else []), _PAYABLE]

"""Sums of ledger entries, and of a payout's lines, which have the same amounts."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.domain.ledger import LedgerEntry
    from shared.domain.statement import StatementLine


class StatementError(Exception):
    """The entries do not make up the payout: an entry or an amount is missing."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A number of entries or lines, and the sums of their amounts, in minor units."""

    count: int = 0
    gross_amount: int = 0
    stripe_fee_amount: int = 0
    rev_share_amount: int = 0
    net_amount: int = 0
    payable_amount: int = 0
    direct_amount: int = 0
    elsewhere_amount: int = 0

    def plus(self, one: "LedgerEntry | StatementLine") -> "Sum":
        """Return the sum with one more entry or line."""
        added = (getattr(self, name) + (getattr(one, name) or 0) for name in _SUMMED)
        return Sum(self.count + 1, *added)

    def minus(self, other: "Sum") -> "Sum":
        """Return the sum without what another one has."""
        return Sum(*(mine - its for mine, its in zip(astuple(self), astuple(other), strict=True)))


def total_of(sums: Iterable[Sum]) -> Sum:
    """Return the sum of sums."""
    return Sum(*map(sum, zip(*map(astuple, [Sum(), *sums]), strict=True)))


_SUMMED = tuple(field.name for field in fields(Sum) if field.name != "count")

"""The refunded tax of a report's rows, by jurisdiction and rate."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.report import ReportRow
from shared.domain.tax import parts_of_text


@dataclass(frozen=True, slots=True)
class TaxTotals:
    """The refunded tax of one jurisdiction at one rate, in minor units.

    ``rate`` is in percent. ``count`` is the number of rows with that tax. Both names are None for
    tax whose order was imported without its parts.
    """

    jurisdiction: str | None
    rate: str | None
    count: int
    amount: int


def refunded_taxes(rows: Iterable[ReportRow]) -> list[TaxTotals]:
    """Return the tax of a report's rows, by jurisdiction and rate. It adds up to their tax.

    Tax without a jurisdiction comes last.
    """
    sums: dict[tuple[str | None, str | None], tuple[int, int]] = {}
    for row in rows:
        parts = [(part[:2], part.amount) for part in parts_of_text(row.tax_parts)]
        rest = row.tax_refunded_amount - sum(amount for _, amount in parts)
        found: list[tuple[tuple[str | None, str | None], int]] = [*parts]
        if rest:
            found.append(((None, None), rest))
        for tax, amount in found:
            count, total = sums.get(tax, (0, 0))
            sums[tax] = count + 1, total + amount
    return [
        TaxTotals(*tax, count, amount)
        for tax, (count, amount) in sorted(sums.items(), key=lambda it: _order(*it[0]))
    ]


def _order(jurisdiction: str | None, rate: str | None) -> tuple[bool, str, int, str]:
    """Return the key by which taxes sort: by name, and by the rate as a number."""
    whole, _, _ = (rate or "").partition(".")
    return jurisdiction is None, jurisdiction or "", len(whole), rate or ""

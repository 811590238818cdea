"""Which refunds of a report to list: those behind one bar of the patterns."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shared.domain.attribution import OF_LINES, By, Key, keys_of, parts_of
from shared.domain.imported_order import OrderContents

# The value that selects what belongs to no key, such as refunds without a reason.
NO_KEY = ""

# An order has these three on itself or its lines. A refund has the others.
OF_ORDERS = OF_LINES | {By.PHOTO_DAY}


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a listed refund must have. None allows any value; ``NO_KEY`` asks for those without.

    ``effective`` leaves out disputes, late failures and the refunds that failed, as patterns do.
    """

    subject: str | None = None
    product: str | None = None
    photo_day: str | None = None
    reason: str | None = None
    processed_by: str | None = None
    effective: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether every refund passes."""
        return self == ALL_REFUNDS

    def wanted(self) -> Iterator[tuple[By, str]]:
        """Yield each wanted key."""
        for by in By:
            key = getattr(self, by.value)
            if key is not None:
                yield by, key

    def of_order(self) -> Iterator[tuple[By, str]]:
        """Yield each wanted key that only the refund's order knows."""
        return ((by, key) for by, key in self.wanted() if by in OF_ORDERS)

    def allows_decision(self, reason: str | None, processed_by: str | None) -> bool:
        """Return whether a refund has the wanted reason and operator."""
        return _fits(self.reason, {reason}) and _fits(self.processed_by, {processed_by})

    def allows_order(
        self, contents: OrderContents | None, returned: Collection[str] | None
    ) -> bool:
        """Return whether a refund has the wanted subject, product and photo day.

        Args:
            contents: Its order, or None if it was erased.
            returned: The ids of the lines of a line-item refund. None for other refunds.
        """
        return all(
            _fits(wanted, _keys_of_refund(by, contents, returned)) for by, wanted in self.of_order()
        )


ALL_REFUNDS = ReportFilter()


def _fits(wanted: str | None, keys: Collection[Key]) -> bool:
    return wanted is None or (None if wanted == NO_KEY else wanted) in keys


def _keys_of_refund(
    by: By, contents: OrderContents | None, returned: Collection[str] | None
) -> set[Key]:
    """Return the keys that a refund's money is attributed to."""
    parts = parts_of(by, contents) if contents else []
    if returned is not None and by in OF_LINES:
        parts = [part for part in parts if part.line_id in returned]
    return keys_of(parts) or {None}

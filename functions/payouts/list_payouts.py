"""The payouts that were made, the newest first."""

from dataclasses import dataclass

from shared.domain.payout import Payout
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.payouts_table import PayoutsTable


@dataclass(frozen=True, slots=True)
class PayoutsPage:
    """A page of payouts. ``next_cursor`` is None on the last page."""

    payouts: list[Payout]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ListPayouts:
    """Lists a studio's payouts."""

    payouts: PayoutsTable

    def __call__(self, studio_id: str, limit: int, cursor: str | None) -> PayoutsPage:
        """Return a page of payouts.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("payouts", studio_id)
        after = None if cursor is None else position_of(cursor, 1, *scope)[0]
        found = self.payouts.newest(studio_id, limit + 1, after)
        shown = found[:limit]
        if len(found) == len(shown):
            return PayoutsPage(shown, None)
        return PayoutsPage(shown, cursor_for([shown[-1].payout_id], *scope))

"""The payouts that were made, the newest first."""

from dataclasses import dataclass

from shared.domain.payout import Payout
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.payouts_table import PayoutsTable


@dataclass(frozen=True, slots=True)
class ListPayouts:
    """Lists a studio's payouts."""

    payouts: PayoutsTable

    def __call__(
        self, studio_id: str, limit: int, cursor: str | None
    ) -> tuple[list[Payout], str | None]:
        """Return a page of payouts, and the cursor of the next page, or None.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("payouts", studio_id)
        after = None if cursor is None else position_of(cursor, 1, *scope)[0]
        found = self.payouts.newest(studio_id, limit + 1, after)
        shown = found[:limit]
        if len(found) == len(shown):
            return shown, None
        return shown, cursor_for([shown[-1].payout_id], *scope)

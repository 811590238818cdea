"""A studio's adjustments, the newest first."""

from dataclasses import dataclass

from shared.domain.adjustment import Adjustment
from shared.edge.cursor import cursor_for, position_of
from shared.gateways.adjustments import Adjustments, place_of


@dataclass(frozen=True, slots=True)
class AdjustmentsPage:
    """A page of adjustments. ``next_cursor`` is None on the last page."""

    adjustments: list[Adjustment]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ListAdjustments:
    """Lists a studio's adjustments: all of them, or the approved ones alone."""

    adjustments: Adjustments

    def __call__(
        self, studio_id: str, limit: int, cursor: str | None, *, approved_only: bool
    ) -> AdjustmentsPage:
        """Return a page of adjustments.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("adjustments", studio_id)
        before = None if cursor is None else position_of(cursor, 1, *scope)[0]
        found: list[Adjustment] = []
        while len(found) <= limit:
            batch = self.adjustments.newest(studio_id, limit + 1, before)
            found += [each for each in batch if each.is_approved or not approved_only]
            if len(batch) <= limit:
                break
            before = place_of(batch[-1])
        shown = found[:limit]
        if len(found) == len(shown):
            return AdjustmentsPage(shown, None)
        return AdjustmentsPage(shown, cursor_for([place_of(shown[-1])], *scope))

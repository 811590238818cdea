"""Listing all studios, for PPS."""

import re
from dataclasses import dataclass

from shared.domain.studio import Studio
from shared.edge.cursor import cursor_for, invalid_cursor, position_of
from shared.gateways.records.keys import folded_studio_name
from shared.gateways.studio_directory import StudioDirectory, studio_id_at

_STUDIO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class StudioPage:
    """A page of studios. ``next_cursor`` is None on the last page."""

    studios: list[Studio]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ListStudios:
    """Lists studios by name, page by page."""

    directory: StudioDirectory

    def __call__(self, name: str, limit: int, cursor: str | None) -> StudioPage:
        """Return a page of the studios whose name begins so, regardless of case.

        Raises:
            CursorError: The cursor is not of this list.
        """
        scope = ("studios", name)
        after = None if cursor is None else position_of(cursor, 1, *scope)[0]
        if after is not None and not _is_place(after, name):
            raise invalid_cursor()
        page = self.directory.page(name, limit, after)
        last = page.last_place
        return StudioPage(page.studios, None if last is None else cursor_for([last], *scope))


def _is_place(after: str, name: str) -> bool:
    begins_so = after.startswith(folded_studio_name(name))
    return begins_so and _STUDIO_ID.fullmatch(studio_id_at(after)) is not None

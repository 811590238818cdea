"""The list of all studios, for PPS."""

from dataclasses import dataclass

from shared.domain.studio import Studio
from shared.gateways.records.keys import (
    STUDIO_INDEX,
    STUDIO_SK,
    STUDIOS,
    folded_studio_name,
    primary_key,
    studio_pk,
)
from shared.gateways.records.studio import studio_from_values
from shared.gateways.table import TableGateway


@dataclass(frozen=True, slots=True)
class StudiosPage:
    """Studios in order of name. ``last_place`` is where the next page begins, None at the end."""

    studios: list[Studio]
    last_place: str | None


class StudioDirectory(TableGateway):
    """All studios by name. A page costs what it shows."""

    def page(self, prefix: str, limit: int, after: str | None) -> StudiosPage:
        """Return a page of the studios whose name begins so, regardless of case.

        Args:
            prefix: The beginning of the name. "" for all studios.
            limit: How many at most.
            after: The place to continue after, which begins with the prefix too; None for the
                first page.
        """
        condition, values = "studios_pk = :pk", {":pk": STUDIOS}
        if prefix:
            condition += " AND begins_with(name_sk, :prefix)"
            values[":prefix"] = folded_studio_name(prefix)
        start = {"ExclusiveStartKey": _index_key(after)} if after else {}
        found, last = self._table.page(
            condition, values, IndexName=STUDIO_INDEX, Limit=limit, **start
        )
        places = [each["name_sk"] for each in found]
        keys = {studio_id_at(place): place for place in places}
        read = self._table.batch_get(
            [primary_key(studio_pk(studio_id), STUDIO_SK) for studio_id in keys], consistent=False
        )
        by_id = {studio.studio_id: studio for studio in map(studio_from_values, read)}
        studios = [by_id[studio_id] for studio_id in keys if studio_id in by_id]
        return StudiosPage(studios, places[-1] if last is not None and places else None)


def studio_id_at(place: str) -> str:
    """Return the id of the studio at a place in the list."""
    return place.rpartition("#")[2]


def _index_key(place: str) -> dict[str, dict[str, str]]:
    key = dict(primary_key(studio_pk(studio_id_at(place)), STUDIO_SK))
    return key | {"studios_pk": {"S": STUDIOS}, "name_sk": {"S": place}}  # type: ignore[return-value]  # the client's own type is as loose

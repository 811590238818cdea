"""What a studio's users are called, in OrdersTable."""

from collections.abc import Iterable

from shared.gateways.conflict import StaleStateError
from shared.gateways.records.keys import primary_key, studio_pk, user_sk
from shared.gateways.records.person import is_name_erased, name_from_values, person_to_item
from shared.gateways.table import NAME_UNCHANGED, TableGateway


class People(TableGateway):
    """The names of users, by the ids that refunds, prints and the ledger keep.

    A name is in one item for each user, so that it can change and be erased. Every other record
    has the id.
    """

    def names(self, studio_id: str, users: Iterable[str | None]) -> dict[str, str]:
        """Read what users are called, by id. Users without a known name are left out."""
        wanted = {user for user in users if user}
        if not wanted:
            return {}
        keys = [primary_key(studio_pk(studio_id), user_sk(user)) for user in sorted(wanted)]
        return dict(map(name_from_values, self._table.batch_get(keys, consistent=False)))

    def record_name(self, studio_id: str, user: str, name: str) -> None:
        """Record what a user is called now. If another sign-in is faster, its name stays.

        An erased user stays nameless: a token of before names them until it expires.
        """
        stored = self._table.get(studio_pk(studio_id), user_sk(user))
        item = person_to_item(studio_id, user, name)
        try:
            if stored is None:
                self._table.write(self._table.new(item))
            elif stored["display_name"] != name and not is_name_erased(stored):
                seen = stored["display_name"]
                self._table.write(self._table.when(NAME_UNCHANGED, seen, item))
        except StaleStateError:
            return

"""Stripe accounts that left, in OrdersTable."""

from dataclasses import replace

from shared.domain.account_access import AccountAccess
from shared.gateways.records.account_access import access_from_values, access_to_item
from shared.gateways.records.keys import ACCESS_SK, account_pk
from shared.gateways.table import TableGateway


class AccountAccesses(TableGateway):
    """The accounts' items: one for each account that ever left."""

    def get(self, account_id: str, *, consistent: bool = True) -> AccountAccess | None:
        """Read an account's access, or None if it never left."""
        values = self._table.get(account_pk(account_id), ACCESS_SK, consistent=consistent)
        return access_from_values(values) if values else None

    def record(self, access: AccountAccess) -> None:
        """Write an account's access, the first one or the one as read.

        Raises:
            StaleStateError: The access has changed.
        """
        item = access_to_item(replace(access, version=access.version + 1))
        if access.version:
            self._table.write(self._table.replacing(item, access.version))
        else:
            self._table.write(self._table.new(item))

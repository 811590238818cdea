"""The Stripe accounts that studios are charged on, as the import makes them known."""

from contextlib import suppress

from shared.domain.reconciliation import Reconciliation
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.attributes import Item
from shared.gateways.records.reconciliation import account_studio_item, reconciliation_to_item
from shared.gateways.table import TableGateway


class ConnectedAccounts(TableGateway):
    """Makes accounts known, so that they are compared with the books."""

    def connect(self, account_id: str, studio_id: str, at: str) -> None:
        """Make a studio's account known. Repeating does no harm.

        It comes before the studio is added: an account without a studio costs a look a day, and a
        studio whose account is never compared would cost more.

        Args:
            account_id: The account. Several studios may share it.
            studio_id: The studio's id.
            at: When it is due for its first comparison, RFC 3339 in UTC.
        """
        self._put_once(account_studio_item(account_id, studio_id))
        self.begin(account_id, at)

    def begin(self, account_id: str | None, at: str) -> None:
        """Make an account known to the schedule. None is the platform's own."""
        self._put_once(reconciliation_to_item(Reconciliation(account_id, at)))

    def _put_once(self, item: Item) -> None:
        with suppress(StaleStateError):  # it is there
            self._table.write(self._table.new(item))

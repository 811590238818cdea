"""How far each Stripe account is compared with the books, in OrdersTable."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from shared.domain.account_access import AccountAccess
from shared.domain.reconciliation import Reconciliation
from shared.gateways.connected_accounts import ConnectedAccounts
from shared.gateways.records.account_access import access_from_values
from shared.gateways.records.keys import (
    ACCESS_SK,
    OPEN_INDEX,
    RECONCILIATION_SK,
    OpenWork,
    account_id_of,
    account_pk,
    open_work_query,
    primary_key,
)
from shared.gateways.records.reconciliation import (
    reconciliation_from_values,
    reconciliation_to_item,
    studio_id_of_item,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.gateways.records.attributes import Values


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """All that is stored about an account.

    Attributes:
        reconciliation: How far it is compared.
        studio_ids: The studios whose charges are on it; none for the platform's own.
        access: What Stripe last said about it, if it ever left.
    """

    reconciliation: Reconciliation
    studio_ids: tuple[str, ...]
    access: AccountAccess | None


@dataclass(frozen=True, slots=True)
class DueAccount:
    """An account in the index, and when it is due (RFC 3339, UTC). None is the platform's own."""

    account_id: str | None
    due_at: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """Accounts in the order in which they are due, and the place of the last one.

    ``last_place`` is None on the last page.
    """

    accounts: list[DueAccount]
    last_place: str | None


class Reconciliations(ConnectedAccounts):
    """The accounts' items, one partition an account.

    The index of what is due is one partition for all accounts. An account is written once or twice
    a day, so that it would be hot only with tens of millions of accounts.
    """

    def load(self, account_id: str | None) -> KnownAccount | None:
        """Read all that is stored about an account, consistently, or None. It costs one read."""
        found = list(
            self._table.query("PK = :pk", {":pk": account_pk(account_id)}, ConsistentRead=True)
        )
        by_sk = {values["SK"]: values for values in found}
        known = by_sk.pop(RECONCILIATION_SK, None)
        if known is None:
            return None
        access = by_sk.pop(ACCESS_SK, None)
        return KnownAccount(
            reconciliation_from_values(known),
            tuple(map(studio_id_of_item, by_sk.values())),
            access_from_values(access) if access else None,
        )

    def save(self, reconciliation: Reconciliation) -> Reconciliation:
        """Replace what was read, and return it as stored.

        Raises:
            StaleStateError: Another worker has changed it.
        """
        stored = replace(reconciliation, version=reconciliation.version + 1)
        item = reconciliation_to_item(stored)
        self._table.write(self._table.replacing(item, reconciliation.version))
        return stored

    def due(self, now: str) -> Iterator[DueAccount]:
        """List the accounts that are due, the longest overdue first; eventually consistent."""
        query = open_work_query(OpenWork.RECONCILIATION, now)
        return map(_due_account, self._table.query(*query, IndexName=OPEN_INDEX))

    def page(self, limit: int, after: str | None) -> AccountsPage:
        """Return a page of all accounts.

        Args:
            limit: How many at most.
            after: The ``last_place`` of the page before, or None.
        """
        start: Any = {"ExclusiveStartKey": _place_key(after)} if after else {}
        found, last = self._table.page(
            *open_work_query(OpenWork.RECONCILIATION),
            IndexName=OPEN_INDEX,
            Limit=limit,
            **start,
        )
        accounts = list(map(_due_account, found))
        if last is None or not accounts:
            return AccountsPage(accounts, None)
        return AccountsPage(accounts, _place(accounts[-1]))

    def get_many(self, account_ids: "Iterable[str | None]") -> Iterator[Reconciliation]:
        """Read how far some accounts are compared, consistently, in any order."""
        keys = (primary_key(account_pk(each), RECONCILIATION_SK) for each in account_ids)
        return map(reconciliation_from_values, self._table.batch_get(keys, consistent=True))


def _due_account(values: "Values") -> DueAccount:
    return DueAccount(account_id_of(values["PK"]), values["open_due"])


def _place(account: DueAccount) -> str:
    return f"{account.due_at}#{account.account_id or ''}"


def _place_key(place: str) -> Any:  # noqa: ANN401  # the client's own type is as loose
    due_at, _, account_id = place.partition("#")
    key = primary_key(account_pk(account_id or None), RECONCILIATION_SK)
    return key | {"open_pk": {"S": OpenWork.RECONCILIATION.value}, "open_due": {"S": due_at}}

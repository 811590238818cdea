"""How far an account is compared, and its studios, in OrdersTable in the account's partition."""

from dataclasses import asdict, fields

from shared.domain.reconciliation import Pass, Reconciliation
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    ACCOUNT_STUDIO_PREFIX,
    RECONCILIATION_SK,
    OpenWork,
    account_id_of,
    account_pk,
    open_work,
    primary_key,
)

_FIELDS = tuple(field.name for field in fields(Reconciliation))


def reconciliation_to_item(reconciliation: Reconciliation) -> Item:
    """Return the item, in OpenIndex by the time when the account is due."""
    values: Values = {name: getattr(reconciliation, name) for name in _FIELDS}
    del values["account_id"], values["due_at"]
    if reconciliation.under_way is not None:
        values["under_way"] = asdict(reconciliation.under_way)
    values["findings"] = list(reconciliation.findings) or None
    values |= open_work(OpenWork.RECONCILIATION, reconciliation.due_at)
    return primary_key(account_pk(reconciliation.account_id), RECONCILIATION_SK) | marshal(values)


def reconciliation_from_values(values: Values) -> Reconciliation:
    """Return how far the account of an item's values is compared."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["account_id"] = account_id_of(values["PK"])
    known["due_at"] = values["open_due"]
    known["findings"] = tuple(values.get("findings", ()))
    if "under_way" in values:
        known["under_way"] = Pass(**values["under_way"])
    return Reconciliation(**known)


def account_studio_item(account_id: str, studio_id: str) -> Item:
    """Return the item that says that a studio's charges are on an account."""
    return primary_key(account_pk(account_id), f"{ACCOUNT_STUDIO_PREFIX}{studio_id}")


def studio_id_of_item(values: Values) -> str:
    """Return the studio's id, from the values of ``account_studio_item``."""
    return str(values["SK"]).removeprefix(ACCOUNT_STUDIO_PREFIX)

"""The version of how items are stored.

Each item carries it as ``schema``, and one without it is from before, when it was 1. A ledger's
entry has none: its hash is over all of its fields, and other teams compute it.

Readers bridge most changes by themselves, because a new field has a default. Raise ``SCHEMA`` for a
change that they cannot bridge: code of before would read the item wrong, or lose a field when it
stores the item again. That code then refuses the item, and whoever called it tries again until the
newer code is back. A migration brings the stored items up to date, see ``infra/operate/migrate``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.gateways.records.attributes import Item, Values

SCHEMA = 1
SCHEMA_ATTRIBUTE = "schema"
_FIRST = 1


class NewerItemError(RuntimeError):
    """An item was stored by newer code, which this code would damage."""


def with_schema(item: "Item") -> "Item":
    """Return an item as it is stored, with the version of today."""
    return item | {SCHEMA_ATTRIBUTE: {"N": str(SCHEMA)}}


def without_schema(values: "Values") -> "Values":
    """Return an item's values without its version.

    Raises:
        NewerItemError: The version is newer than this code.
    """
    version = values.pop(SCHEMA_ATTRIBUTE, _FIRST)
    if version > SCHEMA:
        raise NewerItemError(
            f"{values.get('PK')} {values.get('SK')} has schema {version}, and this code knows "
            f"{SCHEMA}. Deploy the newer code again."
        )
    return values

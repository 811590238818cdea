"""A parked message in OrdersTable, in its studio's partition."""

from dataclasses import fields

from shared.domain.parked import ParkedMessage
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    PARKED_PREFIX,
    AttentionPartition,
    attention,
    parked_sk,
    primary_key,
    studio_id_of,
    studio_pk,
)

_FIELDS = tuple(field.name for field in fields(ParkedMessage))


def parked_to_item(parked: ParkedMessage) -> Item:
    """Return the item of a parked message, on the attention list until it is resolved."""
    values = {name: getattr(parked, name) for name in _FIELDS}
    del values["parked_id"], values["studio_id"]
    if parked.resolved_at is None:
        values |= attention(
            parked.studio_id, AttentionPartition.PARKED, parked.parked_at, parked.parked_id
        )
    return primary_key(studio_pk(parked.studio_id), parked_sk(parked.parked_id)) | marshal(values)


def parked_from_values(values: Values) -> ParkedMessage:
    """Return the parked message of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["parked_id"] = values["SK"].removeprefix(PARKED_PREFIX)
    known["studio_id"] = studio_id_of(values["PK"])
    return ParkedMessage(**known)

"""Ledger entries in LedgerTable, and the ledger's head in OrdersTable."""

from dataclasses import fields

from shared.domain.ledger import EntryKind, LedgerEntry, LedgerHead
from shared.domain.record_source import RecordSource
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    HEAD_SK,
    OpenWork,
    PlatformPartition,
    entry_sk,
    open_work,
    platform_list,
    primary_key,
    studio_id_of,
    studio_pk,
)

_ENTRY_FIELDS = tuple(field.name for field in fields(LedgerEntry))
# The time of the next anchor is the item's place in OpenIndex.
_HEAD_FIELDS = tuple(field.name for field in fields(LedgerHead) if field.name != "anchor_due_at")


def entry_to_item(entry: LedgerEntry) -> Item:
    """Return the item of a ledger entry."""
    key = primary_key(studio_pk(entry.studio_id), entry_sk(entry.seq))
    return key | marshal(entry.content())


def entry_from_values(values: Values) -> LedgerEntry:
    """Return the ledger entry of an item's values."""
    known = {name: values[name] for name in _ENTRY_FIELDS if name in values}
    known["kind"] = EntryKind(values["kind"])
    if "source" in values:
        known["source"] = RecordSource(values["source"])
    return LedgerEntry(**known)


def entry_place(studio_id: str, settled_at: str, seq: int) -> Item:
    """Return the key of an entry in SettledIndex: the index's key and the table's."""
    return primary_key(studio_pk(studio_id), entry_sk(seq)) | marshal(
        {"studio_id": studio_id, "settled_at": settled_at}
    )


def head_to_item(head: LedgerHead) -> Item:
    """Return the item of a studio's ledger head, on PPS's list while the studio owes PPS."""
    values: Values = {name: getattr(head, name) for name in _HEAD_FIELDS if name != "studio_id"}
    if head.anchor_due_at is not None:
        values |= open_work(OpenWork.ANCHOR, head.anchor_due_at)
    if head.payable_balance_amount < 0:
        values |= platform_list(PlatformPartition.OWING, head.studio_id)
    return primary_key(studio_pk(head.studio_id), HEAD_SK) | marshal(values)


def head_from_values(values: Values) -> LedgerHead:
    """Return the ledger head of an item's values."""
    known = {name: values[name] for name in _HEAD_FIELDS if name in values}
    known["anchor_due_at"] = values.get("open_due")
    return LedgerHead(studio_id=studio_id_of(values["PK"]), **known)

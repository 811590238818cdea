"""A payout in OrdersTable, in its studio's partition."""

from dataclasses import fields

from shared.domain.payout import Payout, PayoutStatus, PayoutStep
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    PAYOUT_PREFIX,
    OpenWork,
    PlatformPartition,
    open_work,
    payout_sk,
    platform_list,
    primary_key,
    studio_id_of,
    studio_pk,
)

_FIELDS = tuple(field.name for field in fields(Payout))


def payout_to_item(payout: Payout) -> Item:
    """Return the item of a payout.

    It is in OpenIndex while the payout run must look at its transfer, and on PPS's list once paid.
    """
    values: Values = {name: getattr(payout, name) for name in _FIELDS}
    del values["payout_id"], values["studio_id"], values["next_poll_at"]
    values["history"] = [{"status": step.status, "at": step.at} for step in payout.history]
    if payout.is_open or payout.next_poll_at is not None:
        values |= open_work(OpenWork.PAYOUT, payout.next_poll_at)
    if payout.status is PayoutStatus.PAID:
        values |= platform_list(PlatformPartition.PAID_PAYOUT, payout.history[-1].at)
    return primary_key(studio_pk(payout.studio_id), payout_sk(payout.payout_id)) | marshal(values)


def payout_from_values(values: Values) -> Payout:
    """Return the payout of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["payout_id"] = values["SK"].removeprefix(PAYOUT_PREFIX)
    known["studio_id"] = studio_id_of(values["PK"])
    known["next_poll_at"] = values.get("open_due")
    known["status"] = PayoutStatus(values["status"])
    known["history"] = tuple(
        PayoutStep(PayoutStatus(step["status"]), step["at"]) for step in values["history"]
    )
    return Payout(**known)

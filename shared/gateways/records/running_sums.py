"""Running sums of a ledger in OrdersTable."""

from dataclasses import astuple

from shared.domain.running_sums import RunningSums
from shared.domain.sums import Sum
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import primary_key, studio_id_of, studio_pk, sums_sk


def running_sums_to_item(sums: RunningSums) -> Item:
    """Return the item of running sums. Each kind has the numbers of its ``Sum``, in order."""
    by_kind = {kind: astuple(total) for kind, total in sums.by_kind.items()}
    key = primary_key(studio_pk(sums.studio_id), sums_sk(sums.seq))
    return key | marshal({"seq": sums.seq, "by_kind": by_kind})


def running_sums_from_values(values: Values) -> RunningSums:
    """Return the running sums of an item's values."""
    by_kind = {kind: Sum(*numbers) for kind, numbers in values["by_kind"].items()}
    return RunningSums(studio_id_of(values["PK"]), values["seq"], by_kind)

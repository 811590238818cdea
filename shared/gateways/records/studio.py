"""A studio in OrdersTable."""

from dataclasses import fields

from shared.domain.payout_schedule import Interval
from shared.domain.studio import OnNegativeLimit, Studio, StudioStatus
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import STUDIO_SK, in_studio_list, primary_key, studio_pk

_FIELDS = tuple(field.name for field in fields(Studio))


def studio_to_item(studio: Studio) -> Item:
    """Return the item of a studio, in the list of all studios."""
    values = {name: getattr(studio, name) for name in _FIELDS}
    values["journal_accounts"] = studio.journal_accounts or None
    values |= in_studio_list(studio.studio_id, studio.name)
    return primary_key(studio_pk(studio.studio_id), STUDIO_SK) | marshal(values)


def studio_from_values(values: Values) -> Studio:
    """Return the studio of an item's values."""
    known = {name: values[name] for name in _FIELDS if name in values}
    known["payout_interval"] = Interval(values["payout_interval"])
    known["on_negative_limit"] = OnNegativeLimit(values["on_negative_limit"])
    if "status" in known:
        known["status"] = StudioStatus(known["status"])
    return Studio(**known)

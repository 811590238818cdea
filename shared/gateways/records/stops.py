"""What operators have stopped, in OrdersTable: one item with all stops, and one for each change."""

from dataclasses import asdict

from shared.domain.stops import Activity, Stop, StopChange, Stops
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import PLATFORM_PK, STOPS_SK, primary_key, stop_change_sk


def stops_to_item(stops: Stops) -> Item:
    """Return the item of all stops."""
    listed = [_known(asdict(stop)) for stop in stops.stops]
    values: Values = {"stops": listed, "version": stops.version}
    return primary_key(PLATFORM_PK, STOPS_SK) | marshal(values)


def stops_from_values(values: Values) -> Stops:
    """Return the stops of an item's values."""
    return Stops(tuple(map(_stop, values["stops"])), values["version"])


def stop_change_to_item(change: StopChange, version: int) -> Item:
    """Return the item of a change. It is named by the version of the stops that it made."""
    return primary_key(PLATFORM_PK, stop_change_sk(version)) | marshal(asdict(change))


def stop_change_from_values(values: Values) -> StopChange:
    """Return the change of an item's values."""
    return StopChange(
        activity=Activity(values["activity"]),
        studio_id=values.get("studio_id"),
        stopped=values["stopped"],
        by=values["by"],
        why=values["why"],
        at=values["at"],
    )


def _known(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def _stop(values: Values) -> Stop:
    return Stop(
        activity=Activity(values["activity"]),
        studio_id=values.get("studio_id"),
        by=values["by"],
        why=values["why"],
        notice=values["notice"],
        stopped_at=values["stopped_at"],
    )

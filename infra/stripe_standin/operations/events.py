"""Events, see https://stripe.com/docs/api/events."""

from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Boolean, Text
from infra.stripe_standin.protocol.params import Params, TimedListParams
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.webhooks import EventRecord
from infra.stripe_standin.rendering.webhooks import render_event
from infra.stripe_standin.store import Store


class ListEvents(TimedListParams):
    """Parameters of GET /v1/events."""

    filters = frozenset({"type"})

    delivery_success: Boolean | None = None
    type: Text | None = None
    types: list[Text] | None = None


def _list(call: ApiCall[ListEvents]) -> JsonObject:
    params, store = call.params, call.standin.store

    def keep(event: EventRecord) -> bool:
        is_wanted_type = params.types is None or event.type in params.types
        return is_wanted_type and params.delivery_success in {None, _is_delivered(store, event)}

    return list_page(call, store.events, lambda event: render_event(store, event), keep=keep)


def _is_delivered(store: Store, event: EventRecord) -> bool:
    deliveries = store.deliveries.get(event.id, [])
    return all(delivery.state == "delivered" for delivery in deliveries)


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    store = call.standin.store
    return render_event(store, call.find(store.events, "id"))


OPERATIONS = [
    Operation("GET", "/v1/events", ListEvents, "list of event", _list),
    Operation("GET", "/v1/events/{id}", Params, "event", _retrieve),
]

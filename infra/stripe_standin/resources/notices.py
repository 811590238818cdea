"""Events and webhook endpoints: https://stripe.com/docs/api/webhook_endpoints."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.listing import list_page
from infra.stripe_standin.params import (
    Boolean,
    ListParams,
    MetadataChange,
    Params,
    Text,
    TimedListParams,
    merge_metadata,
)
from infra.stripe_standin.records import Event, Json, WebhookEndpoint
from infra.stripe_standin.rendering.notices import render_event, render_webhook_endpoint
from infra.stripe_standin.standin import Standin

_EVENT_TYPE = re.compile(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)+")


def _event_type(value: str) -> str:
    if _EVENT_TYPE.fullmatch(value) is None:
        raise PydanticCustomError("invalid", "Invalid event type: {value}", {"value": value})
    return value


def _url(value: str) -> str:
    try:
        url = urlsplit(value)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise PydanticCustomError(
            "invalid", "Invalid URL: An explicit scheme (such as https) must be provided."
        )
    return value


type EventType = Annotated[str, AfterValidator(_event_type)]
type Url = Annotated[Text, AfterValidator(_url)]


class ListEvents(TimedListParams):
    """Parameters of GET /v1/events."""

    delivery_success: Boolean | None = None
    type: Text | None = None
    types: list[Text] | None = None


def _list_events(call: Call[ListEvents]) -> Json:
    params, standin = call.params, call.standin

    def keep(event: Event) -> bool:
        return (
            params.type in {None, event.type}
            and (params.types is None or event.type in params.types)
            and params.created.holds(event.created)
            and params.delivery_success in {None, _all_delivered(standin, event)}
        )

    return list_page(
        standin.store.events,
        standin.store.events.of_account(call.account),
        params,
        account=call.account,
        url="/v1/events",
        keep=keep,
        render=lambda event: render_event(standin.store, event),
    )


def _all_delivered(standin: Standin, event: Event) -> bool:
    deliveries = standin.store.deliveries.get(event.id, [])
    return all(delivery.state == "delivered" for delivery in deliveries)


def _retrieve_event(call: Call[Params]) -> Json:
    store = call.standin.store
    return render_event(store, store.events.find(call.ids["id"], call.account, param="id"))


class CreateWebhookEndpoint(Params):
    """Parameters of POST /v1/webhook_endpoints."""

    url: Url
    enabled_events: Annotated[list[EventType], Field(min_length=1)]
    api_version: Text | None = None
    connect: Boolean = False
    description: Text | None = None
    metadata: MetadataChange | None = None


def _create_endpoint(call: Call[CreateWebhookEndpoint]) -> Json:
    params, standin = call.params, call.standin
    endpoint = WebhookEndpoint(
        id=new_id("we"),
        account=call.account,
        created=standin.clock.now(),
        url=params.url,
        enabled_events=params.enabled_events,
        secret=new_id("whsec"),
        connect=params.connect,
        api_version=params.api_version,
        description=params.description,
        metadata=merge_metadata({}, params.metadata),
    )
    standin.store.webhook_endpoints.add(endpoint)
    return render_webhook_endpoint(endpoint) | {"secret": endpoint.secret}


def _find[P: Params](call: Call[P]) -> WebhookEndpoint:
    endpoints = call.standin.store.webhook_endpoints
    return endpoints.find(call.ids["webhook_endpoint"], call.account, param="webhook_endpoint")


def _list_endpoints(call: Call[ListParams]) -> Json:
    endpoints = call.standin.store.webhook_endpoints
    return list_page(
        endpoints,
        endpoints.of_account(call.account),
        call.params,
        account=call.account,
        url="/v1/webhook_endpoints",
        keep=lambda _: True,
        render=render_webhook_endpoint,
    )


def _retrieve_endpoint(call: Call[Params]) -> Json:
    return render_webhook_endpoint(_find(call))


class UpdateWebhookEndpoint(Params):
    """Parameters of POST /v1/webhook_endpoints/{webhook_endpoint}."""

    unsettable = frozenset({"description", "metadata"})

    url: Url | None = None
    enabled_events: Annotated[list[EventType], Field(min_length=1)] | None = None
    description: Text | None = None
    disabled: Boolean | None = None
    metadata: MetadataChange | None = None


def _update_endpoint(call: Call[UpdateWebhookEndpoint]) -> Json:
    params, endpoint = call.params, _find(call)
    endpoint.metadata = merge_metadata(endpoint.metadata, params.metadata)
    if params.url is not None:
        endpoint.url = params.url
    if params.enabled_events is not None:
        endpoint.enabled_events = params.enabled_events
    if params.description is not None:
        endpoint.description = params.description or None
    if params.disabled is not None:
        endpoint.disabled = params.disabled
    return render_webhook_endpoint(endpoint)


def _delete_endpoint(call: Call[Params]) -> Json:
    endpoint = _find(call)
    call.standin.store.webhook_endpoints.remove(endpoint)
    return {"id": endpoint.id, "object": "webhook_endpoint", "deleted": True}


_ONE_ENDPOINT = "/v1/webhook_endpoints/{webhook_endpoint}"
OPERATIONS = [
    Operation("GET", "/v1/events", ListEvents, "list of event", _list_events),
    Operation("GET", "/v1/events/{id}", Params, "event", _retrieve_event),
    Operation(
        "GET",
        "/v1/webhook_endpoints",
        ListParams,
        "list of webhook_endpoint",
        _list_endpoints,
    ),
    Operation(
        "POST",
        "/v1/webhook_endpoints",
        CreateWebhookEndpoint,
        "webhook_endpoint",
        _create_endpoint,
    ),
    Operation("GET", _ONE_ENDPOINT, Params, "webhook_endpoint", _retrieve_endpoint),
    Operation("POST", _ONE_ENDPOINT, UpdateWebhookEndpoint, "webhook_endpoint", _update_endpoint),
    Operation("DELETE", _ONE_ENDPOINT, Params, "webhook_endpoint", _delete_endpoint),
]

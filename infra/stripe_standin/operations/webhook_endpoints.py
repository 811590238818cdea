"""Webhook endpoints, see https://stripe.com/docs/api/webhook_endpoints."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.protocol.metadata import MetadataChange, merge_metadata
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Boolean, Text
from infra.stripe_standin.protocol.params import ListParams, Params
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.webhooks import WebhookEndpointRecord
from infra.stripe_standin.rendering.webhooks import render_webhook_endpoint

_EVENT_PATTERN = re.compile(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)+")


def _event_pattern(value: str) -> str:
    if _EVENT_PATTERN.fullmatch(value) is None:
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


type EventPattern = Annotated[str, AfterValidator(_event_pattern)]
type EnabledEvents = Annotated[list[EventPattern], Field(min_length=1)]
type Url = Annotated[Text, AfterValidator(_url)]


class CreateWebhookEndpoint(Params):
    """Parameters of POST /v1/webhook_endpoints."""

    url: Url
    enabled_events: EnabledEvents
    api_version: Text | None = None
    connect: Boolean = False
    description: Text | None = None
    metadata: MetadataChange | None = None


def _create(call: ApiCall[CreateWebhookEndpoint]) -> JsonObject:
    params, standin = call.params, call.standin
    endpoint = WebhookEndpointRecord(
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


def _find[P: Params](call: ApiCall[P]) -> WebhookEndpointRecord:
    return call.find(call.standin.store.webhook_endpoints, "webhook_endpoint")


def _list(call: ApiCall[ListParams]) -> JsonObject:
    return list_page(call, call.standin.store.webhook_endpoints, render_webhook_endpoint)


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    return render_webhook_endpoint(_find(call))


class UpdateWebhookEndpoint(Params):
    """Parameters of POST /v1/webhook_endpoints/{webhook_endpoint}."""

    unsettable = frozenset({"description", "metadata"})

    url: Url | None = None
    enabled_events: EnabledEvents | None = None
    description: Text | None = None
    disabled: Boolean | None = None
    metadata: MetadataChange | None = None


def _update(call: ApiCall[UpdateWebhookEndpoint]) -> JsonObject:
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


def _delete(call: ApiCall[Params]) -> JsonObject:
    endpoint = _find(call)
    call.standin.store.webhook_endpoints.remove(endpoint)
    return {"id": endpoint.id, "object": "webhook_endpoint", "deleted": True}


_PATH = "/v1/webhook_endpoints"
_ITEM_PATH = "/v1/webhook_endpoints/{webhook_endpoint}"
OPERATIONS = [
    Operation("GET", _PATH, ListParams, "list of webhook_endpoint", _list),
    Operation("POST", _PATH, CreateWebhookEndpoint, "webhook_endpoint", _create),
    Operation("GET", _ITEM_PATH, Params, "webhook_endpoint", _retrieve),
    Operation("POST", _ITEM_PATH, UpdateWebhookEndpoint, "webhook_endpoint", _update),
    Operation("DELETE", _ITEM_PATH, Params, "webhook_endpoint", _delete),
]

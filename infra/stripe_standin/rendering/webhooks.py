"""Events and webhook endpoints as Stripe's JSON."""

from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.webhooks import EventRecord, WebhookEndpointRecord
from infra.stripe_standin.rendering.embedded import APPLICATION
from infra.stripe_standin.store import Store


def render_event(store: Store, event: EventRecord) -> JsonObject:
    """Render an event. `pending_webhooks` counts the endpoints that do not have it yet."""
    data: JsonObject = {"object": event.object}
    if event.previous_attributes is not None:
        data["previous_attributes"] = event.previous_attributes
    account = {} if event.account is None else {"account": event.account}
    return {
        "id": event.id,
        "object": "event",
        **account,
        "api_version": event.api_version,
        "created": event.created,
        "data": data,
        "livemode": False,
        "pending_webhooks": store.count_pending_webhooks(event.id),
        "request": {"id": event.request_id, "idempotency_key": event.idempotency_key},
        "type": event.type,
    }


def render_webhook_endpoint(endpoint: WebhookEndpointRecord) -> JsonObject:
    """Render an endpoint without its secret, which Stripe shows only on creation."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "api_version": endpoint.api_version,
        "application": APPLICATION if endpoint.connect else None,
        "created": endpoint.created,
        "description": endpoint.description,
        "enabled_events": endpoint.enabled_events,
        "livemode": False,
        "metadata": endpoint.metadata,
        "status": "disabled" if endpoint.disabled else "enabled",
        "url": endpoint.url,
    }

"""Commands on webhooks: settings, deliveries and signing secrets."""

from typing import Annotated

from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import (
    CommandBody,
    Commands,
    find_named,
    find_record,
    read_body,
)
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.webhooks import WebhookDelivery
from infra.stripe_standin.webhooks.settings import Copies, DeliveryOrder, WebhookSettings


class WebhooksBody(WebhookSettings):
    """Body of POST /_standin/webhooks. A setting that is left out does not change.

    Attributes:
        drop: How many of the next events are not delivered at all.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    drop: Annotated[int, Field(ge=0)] = 0


class DeliverBody(CommandBody):
    """Body of POST /_standin/webhooks/deliver.

    Attributes:
        event_ids: The events to deliver, even if they were delivered before; None delivers the
            queue.
    """

    event_ids: list[str] | None = None
    copies: Copies = 1
    order: DeliveryOrder = "fifo"
    seed: int | None = None


class RollSecretBody(CommandBody):
    """Body of POST /_standin/webhook_endpoints/{id}/roll_secret.

    Attributes:
        expire_s: How long the old secret still signs, in simulated time.
    """

    expire_s: Annotated[int, Field(ge=0)] = 24 * 3600


class WebhookCommands(Commands):
    """Commands on webhooks."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/webhooks", self.configure, methods=["POST"]),
            Route("/webhooks", self.show, methods=["GET"]),
            Route("/webhooks/deliver", self.deliver, methods=["POST"]),
            Route("/webhook_endpoints/{id}/roll_secret", self.roll_secret, methods=["POST"]),
        ]

    async def configure(self, request: Request) -> Response:
        """Change how events are delivered."""
        body = await read_body(request, WebhooksBody)
        webhooks = self._standin.webhooks
        if "drop" in body.model_fields_set:
            webhooks.drop_next = body.drop
        given = body.model_dump(exclude_unset=True, exclude={"drop"})
        webhooks.configure(webhooks.settings.model_copy(update=given))
        return await self.show(request)

    async def show(self, _: Request) -> Response:
        """Show the settings, the queue and all deliveries."""
        webhooks = self._standin.webhooks
        return JSONResponse(
            {
                "settings": webhooks.settings.model_dump(),
                "drop_next": webhooks.drop_next,
                "dropped": webhooks.dropped,
                "queue": [self._delivery_json(each) for each in webhooks.queued()],
                "deliveries": [self._delivery_json(each) for each in webhooks.all_deliveries()],
            }
        )

    async def deliver(self, request: Request) -> Response:
        """Deliver the queue or the given events, and respond when that is done."""
        body = await read_body(request, DeliverBody)
        events = None
        if body.event_ids is not None:
            events = [find_record(self._standin.store.events, id_) for id_ in body.event_ids]
        deliveries = await self._standin.webhooks.deliver_now(
            events, copies=body.copies, order=body.order, seed=body.seed
        )
        return JSONResponse(
            {
                "deliveries": [
                    self._delivery_json(delivery) | attempt.model_dump()
                    for delivery, attempt in deliveries
                ]
            }
        )

    async def roll_secret(self, request: Request) -> Response:
        """Give an endpoint a new secret. Both secrets sign until the old one expires."""
        body = await read_body(request, RollSecretBody)
        endpoint = find_named(self._standin.store.webhook_endpoints, request)
        endpoint.old_secret = endpoint.secret
        endpoint.old_secret_until = self._standin.clock.now() + body.expire_s
        endpoint.secret = new_id("whsec")
        return JSONResponse(
            {"secret": endpoint.secret, "old_secret_until": endpoint.old_secret_until}
        )

    def _delivery_json(self, delivery: WebhookDelivery) -> JsonObject:
        event = self._standin.store.events[delivery.event]
        is_refund = event.object["object"] == "refund"
        return {
            "event_id": event.id,
            "type": event.type,
            "account": event.account,
            "object_id": event.object["id"],
            "refund_id": event.object["id"] if is_refund else None,
            "endpoint_id": delivery.endpoint,
            "state": delivery.state,
            "status_code": delivery.attempts[-1].status_code if delivery.attempts else None,
            "attempts": [attempt.model_dump() for attempt in delivery.attempts],
        }

"""The queue of deliveries.

It runs on real time and never blocks the request that caused an event. It retries a delivery
without a 2xx response with exponential backoff, like Stripe but faster.
"""

import asyncio
import time
from random import Random

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.webhooks import (
    DeliveryAttempt,
    EventRecord,
    WebhookDelivery,
    WebhookEndpointRecord,
)
from infra.stripe_standin.store import Store
from infra.stripe_standin.webhooks.sender import WebhookSender
from infra.stripe_standin.webhooks.settings import DeliveryOrder, WebhookSettings

_MAX_BACKOFF_S = 30.0
# Each concurrent attempt starts a worker of its own: more would start all at once, and time out.
_MAX_CONCURRENT_ATTEMPTS = 4
_MIN_JITTER_S = 0.2


class DeliveryQueue:
    """The deliveries of all events, and the tasks that make them.

    Attributes:
        settings: How events are delivered.
        drop_next: How many of the next events are not delivered at all.
        dropped: The ids of the events that were not delivered.
    """

    def __init__(self, store: Store, clock: SimulatedClock) -> None:
        self._store = store
        self._sender = WebhookSender(store, clock)
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT_ATTEMPTS)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._random = Random()  # noqa: S311 - shuffles deliveries, protects nothing
        self.settings = WebhookSettings()
        self.drop_next = 0
        self.dropped: list[str] = []

    async def start(self) -> None:
        """Start to deliver, first the deliveries that an earlier run left in the queue."""
        await self._sender.start()
        self._schedule_queued()

    async def stop(self) -> None:
        """Stop delivering. Queued deliveries stay queued."""
        self._cancel_tasks()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._sender.stop()

    def configure(self, settings: WebhookSettings) -> None:
        """Use new settings. `auto` also schedules the deliveries that were held."""
        self.settings = settings
        self._random = Random(settings.seed)  # noqa: S311 - shuffles deliveries, protects nothing
        self._schedule_queued()

    def reset(self) -> None:
        """Restore the default settings and cancel the running deliveries."""
        self._cancel_tasks()
        self.drop_next = 0
        self.dropped.clear()
        self.configure(WebhookSettings())

    def publish(self, event: EventRecord) -> None:
        """Queue an event for every endpoint that subscribes to it."""
        if self.drop_next > 0:
            self.drop_next -= 1
            self.dropped.append(event.id)
            return
        for endpoint in self._subscribers(event):
            for _ in range(self.settings.copies):
                self._schedule(self._add_delivery(event, endpoint))

    def queued(self) -> list[WebhookDelivery]:
        """Return the deliveries still to make, oldest event first."""
        return [delivery for delivery in self.all_deliveries() if delivery.state == "queued"]

    def all_deliveries(self) -> list[WebhookDelivery]:
        """Return every delivery, oldest event first."""
        return [delivery for copies in self._store.deliveries.values() for delivery in copies]

    async def deliver_now(
        self,
        events: list[EventRecord] | None,
        *,
        copies: int,
        order: DeliveryOrder,
        seed: int | None,
    ) -> list[tuple[WebhookDelivery, DeliveryAttempt]]:
        """Make deliveries one after the other, and return each with how its attempt ended.

        Args:
            events: The events to deliver, even if they were delivered before; None delivers the
                queue.
            copies: How often to deliver each.
            order: The order of the given events, or of the queue for None.
            seed: Makes `random` repeatable.
        """
        chosen = self.queued() if events is None else self._deliveries_of(events)
        deliveries = [delivery for delivery in chosen for _ in range(copies)]
        if order == "reverse":
            deliveries.reverse()
        elif order == "random":
            Random(seed).shuffle(deliveries)  # noqa: S311 - shuffles deliveries, protects nothing
        return [(delivery, await self._attempt(delivery)) for delivery in deliveries]

    def _deliveries_of(self, events: list[EventRecord]) -> list[WebhookDelivery]:
        return [
            self._queued_delivery(event, endpoint)
            or self._add_delivery(event, endpoint, retries=False)
            for event in events
            for endpoint in self._subscribers(event)
        ]

    def _queued_delivery(
        self, event: EventRecord, endpoint: WebhookEndpointRecord
    ) -> WebhookDelivery | None:
        for delivery in self._store.deliveries.get(event.id, []):
            if delivery.endpoint == endpoint.id and delivery.state == "queued":
                return delivery
        return None

    def _subscribers(self, event: EventRecord) -> list[WebhookEndpointRecord]:
        return [
            endpoint for endpoint in self._store.webhook_endpoints if _subscribes(endpoint, event)
        ]

    def _add_delivery(
        self, event: EventRecord, endpoint: WebhookEndpointRecord, *, retries: bool = True
    ) -> WebhookDelivery:
        delivery = WebhookDelivery(
            id=new_id("whd"),
            event=event.id,
            endpoint=endpoint.id,
            state="queued" if retries else "gave_up",
        )
        self._store.deliveries[event.id].append(delivery)
        return delivery

    def _schedule_queued(self) -> None:
        for delivery in self.queued():
            self._schedule(delivery)

    def _schedule(self, delivery: WebhookDelivery) -> None:
        is_scheduled = delivery.id in self._tasks
        if self.settings.mode == "hold" or is_scheduled or not self._sender.is_running:
            return
        delay_s = self.settings.delay_s
        if self.settings.order == "random":
            delay_s += self._random.uniform(0, max(delay_s, _MIN_JITTER_S))
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, delay_s))
        self._tasks[delivery.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(delivery.id, None))

    def _cancel_tasks(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _deliver(self, delivery: WebhookDelivery, delay_s: float) -> None:
        """Attempt a delivery until the endpoint accepts it or the attempts are used up."""
        await asyncio.sleep(delay_s)
        while self._is_due(delivery):
            async with self._slots:
                await self._attempt(delivery)
            attempt_count = len(delivery.attempts)
            if self._is_due(delivery) and attempt_count >= self.settings.max_attempts:
                delivery.state = "gave_up"
            elif self._is_due(delivery):
                pause_s = self.settings.retry_base_s * 2 ** (attempt_count - 1)
                await asyncio.sleep(min(pause_s, _MAX_BACKOFF_S))

    def _is_due(self, delivery: WebhookDelivery) -> bool:
        return delivery.state == "queued" and self.settings.mode == "auto"

    async def _attempt(self, delivery: WebhookDelivery) -> DeliveryAttempt:
        endpoints = self._store.webhook_endpoints
        if delivery.endpoint not in endpoints or endpoints[delivery.endpoint].disabled:
            delivery.state = "gave_up"
            error = "the endpoint is disabled or deleted"
            attempt = DeliveryAttempt(at=int(time.time()), error=error)
        else:
            event, endpoint = self._store.events[delivery.event], endpoints[delivery.endpoint]
            timeout_s = self.settings.timeout_s
            attempt = await self._sender.send(event, endpoint, timeout_s=timeout_s)
        if attempt.accepted:
            delivery.state = "delivered"
        delivery.attempts.append(attempt)
        return attempt


def _subscribes(endpoint: WebhookEndpointRecord, event: EventRecord) -> bool:
    if endpoint.connect:
        receives_account = event.account is not None
    else:
        receives_account = endpoint.account == event.account
    receives_type = not {"*", event.type}.isdisjoint(endpoint.enabled_events)
    return receives_account and receives_type and not endpoint.disabled

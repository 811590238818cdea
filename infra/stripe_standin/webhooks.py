"""Delivery of events to webhook endpoints, see https://stripe.com/docs/webhooks.

Delivery runs on wall time and never blocks the request that caused an event. An event that was
not answered with 2xx is tried again with exponential backoff, as Stripe does, only quicker.
"""

import asyncio
import json
import time
from random import Random
from typing import Annotated, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field

from infra.stripe_standin.clock import Clock
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records import Attempt, Delivery, Event, WebhookEndpoint
from infra.stripe_standin.rendering.notices import render_event
from infra.stripe_standin.signatures import signature_header, signing_secrets
from infra.stripe_standin.store import Store

_MAX_BACKOFF_S = 30.0
_CONCURRENT = 16
_LEAST_JITTER_S = 0.2

type Seconds = Annotated[float, Field(ge=0, le=3600)]
type Order = Literal["fifo", "random", "reverse"]


class WebhookSettings(BaseModel):
    """How events are delivered.

    Attributes:
        mode: `auto` delivers by itself, `hold` queues until told to deliver.
        delay_s: Pause between a change and the delivery of its events.
        copies: How often each event is delivered.
        order: `random` lets automatic deliveries overtake each other.
        seed: Makes `random` repeatable.
        retry_base_s: Pause before the second try; it doubles with each further one.
        max_attempts: Tries before a delivery is given up.
        timeout_s: How long an endpoint may take to answer.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["auto", "hold"] = "auto"
    delay_s: Seconds = 0.3
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    order: Literal["fifo", "random"] = "fifo"
    seed: int | None = None
    retry_base_s: Seconds = 0.5
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 10.0


class Webhooks:
    """The queue of deliveries and what empties it.

    Attributes:
        drop_next: How many of the next events will not be delivered at all.
        dropped: Ids of the events that were not.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._slots = asyncio.Semaphore(_CONCURRENT)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.settings = WebhookSettings()
        self._random = Random()  # noqa: S311 - shuffles deliveries, guards nothing
        self.drop_next = 0
        self.dropped: list[str] = []

    async def start(self) -> None:
        """Begin to deliver, first what an earlier run left in the queue."""
        self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False)
        self._schedule_queued()

    async def stop(self) -> None:
        """Stop delivering; what is queued stays queued."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def configure(self, settings: WebhookSettings) -> None:
        """Take new settings; `auto` also sends off what was held."""
        self.settings = settings
        self._random = Random(settings.seed)  # noqa: S311 - shuffles deliveries, guards nothing
        self._schedule_queued()

    def reset(self) -> None:
        """Forget settings and deliveries under way."""
        for task in self._tasks.values():
            task.cancel()
        self.drop_next = 0
        self.dropped.clear()
        self.configure(WebhookSettings())

    def publish(self, event: Event) -> None:
        """Queue an event for every endpoint that listens to it."""
        if self.drop_next > 0:
            self.drop_next -= 1
            self.dropped.append(event.id)
            return
        for endpoint in self._listeners(event):
            for _ in range(self.settings.copies):
                self._schedule(self._enqueue(event, endpoint))

    def queued(self) -> list[Delivery]:
        """Return what has still to be delivered, oldest event first."""
        return [delivery for delivery in self.all_deliveries() if delivery.state == "queued"]

    def all_deliveries(self) -> list[Delivery]:
        """Return every delivery, oldest event first."""
        return [delivery for copies in self._store.deliveries.values() for delivery in copies]

    async def deliver_now(
        self, events: list[Event] | None, *, copies: int, order: Order, seed: int | None
    ) -> list[tuple[Delivery, Attempt]]:
        """Deliver one after the other, and return what was delivered and how each try ended.

        Args:
            events: What to deliver, again if need be; None means everything queued.
            copies: How often to deliver each.
            order: Of the events given or, for None, of the queue.
            seed: Makes `random` repeatable.
        """
        chosen = self.queued() if events is None else self._deliveries_of(events)
        deliveries = [delivery for delivery in chosen for _ in range(copies)]
        if order == "reverse":
            deliveries.reverse()
        elif order == "random":
            Random(seed).shuffle(deliveries)  # noqa: S311 - shuffles deliveries, guards nothing
        return [(delivery, await self._attempt(delivery)) for delivery in deliveries]

    def _deliveries_of(self, events: list[Event]) -> list[Delivery]:
        return [
            self._queued_delivery(event, endpoint) or self._enqueue(event, endpoint, once=True)
            for event in events
            for endpoint in self._listeners(event)
        ]

    def _queued_delivery(self, event: Event, endpoint: WebhookEndpoint) -> Delivery | None:
        for delivery in self._store.deliveries.get(event.id, []):
            if delivery.endpoint == endpoint.id and delivery.state == "queued":
                return delivery
        return None

    def _listeners(self, event: Event) -> list[WebhookEndpoint]:
        return [
            endpoint
            for endpoint in self._store.webhook_endpoints
            if not endpoint.disabled
            and _hears_account(endpoint, event.account)
            and ("*" in endpoint.enabled_events or event.type in endpoint.enabled_events)
        ]

    def _enqueue(self, event: Event, endpoint: WebhookEndpoint, *, once: bool = False) -> Delivery:
        delivery = Delivery(
            id=new_id("whd"),
            event=event.id,
            endpoint=endpoint.id,
            state="gave_up" if once else "queued",
        )
        self._store.deliveries[event.id].append(delivery)
        return delivery

    def _schedule_queued(self) -> None:
        for delivery in self.queued():
            self._schedule(delivery)

    def _schedule(self, delivery: Delivery) -> None:
        if self.settings.mode == "hold" or delivery.id in self._tasks or self._client is None:
            return
        delay = self.settings.delay_s
        if self.settings.order == "random":
            delay += self._random.uniform(0, max(delay, _LEAST_JITTER_S))
        task = asyncio.get_running_loop().create_task(self._deliver_until_taken(delivery, delay))
        self._tasks[delivery.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(delivery.id, None))

    async def _deliver_until_taken(self, delivery: Delivery, delay: float) -> None:
        await asyncio.sleep(delay)
        while self._is_due(delivery):
            async with self._slots:
                await self._attempt(delivery)
            tries = len(delivery.attempts)
            if self._is_due(delivery) and tries >= self.settings.max_attempts:
                delivery.state = "gave_up"
            elif self._is_due(delivery):
                pause = self.settings.retry_base_s * 2 ** (tries - 1)
                await asyncio.sleep(min(pause, _MAX_BACKOFF_S))

    def _is_due(self, delivery: Delivery) -> bool:
        return delivery.state == "queued" and self.settings.mode == "auto"

    async def _attempt(self, delivery: Delivery) -> Attempt:
        endpoints = self._store.webhook_endpoints
        if delivery.endpoint not in endpoints or endpoints[delivery.endpoint].disabled:
            delivery.state = "gave_up"
            attempt = Attempt(at=int(time.time()), error="the endpoint is disabled or deleted")
        else:
            event = self._store.events[delivery.event]
            attempt = await self._send(event, endpoints[delivery.endpoint])
        if attempt.accepted:
            delivery.state = "delivered"
        delivery.attempts.append(attempt)
        return attempt

    async def _send(self, event: Event, endpoint: WebhookEndpoint) -> Attempt:
        at = int(time.time())
        body = render_event(self._store, event)
        if endpoint.api_version is not None:
            body["api_version"] = endpoint.api_version
        payload = json.dumps(body, indent=2).encode()
        secrets = signing_secrets(endpoint, self._clock.now())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature_header(payload, secrets, at),
        }
        if self._client is None:
            return Attempt(at=at, error="the stand-in is not running")
        try:
            answer = await self._client.post(
                endpoint.url, content=payload, headers=headers, timeout=self.settings.timeout_s
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Attempt(at=at, error=f"{type(error).__name__}: {error}")
        return Attempt(at=at, status_code=answer.status_code)


def _hears_account(endpoint: WebhookEndpoint, account: str | None) -> bool:
    """Tell whether an endpoint hears of an account: connect endpoints of all connected ones."""
    if endpoint.connect:
        return account is not None
    return endpoint.account == account

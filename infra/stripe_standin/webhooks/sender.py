"""Sends one event to one endpoint."""

import json
import time

import httpx

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.records.webhooks import (
    DeliveryAttempt,
    EventRecord,
    WebhookEndpointRecord,
)
from infra.stripe_standin.rendering.webhooks import render_event
from infra.stripe_standin.store import Store
from infra.stripe_standin.webhooks.signatures import signature_header, signing_secrets


class WebhookSender:
    """The HTTP client that sends signed events."""

    def __init__(self, store: Store, clock: SimulatedClock) -> None:
        self._store = store
        self._clock = clock
        self._client: httpx.AsyncClient | None = None

    @property
    def is_running(self) -> bool:
        """True between `start` and `stop`."""
        return self._client is not None and not self._client.is_closed

    async def start(self) -> None:
        """Open the client."""
        self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False)

    async def stop(self) -> None:
        """Close the client."""
        if self._client is not None:
            await self._client.aclose()

    async def send(
        self, event: EventRecord, endpoint: WebhookEndpointRecord, *, timeout_s: float
    ) -> DeliveryAttempt:
        """Send an event signed with real time, and return how the attempt ended."""
        at = int(time.time())
        if self._client is None:
            return DeliveryAttempt(at=at, error="the stand-in is not running")
        payload = self._payload(event, endpoint)
        secrets = signing_secrets(endpoint, self._clock.now())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature_header(payload, secrets, at),
        }
        try:
            response = await self._client.post(
                endpoint.url, content=payload, headers=headers, timeout=timeout_s
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return DeliveryAttempt(at=at, error=f"{type(error).__name__}: {error}")
        return DeliveryAttempt(at=at, status_code=response.status_code)

    def _payload(self, event: EventRecord, endpoint: WebhookEndpointRecord) -> bytes:
        body = render_event(self._store, event)
        if endpoint.api_version is not None:
            body["api_version"] = endpoint.api_version
        return json.dumps(body, indent=2).encode()

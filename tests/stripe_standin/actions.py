"""What several tests do and look at."""

import time
from typing import Any, Literal

import httpx
import stripe

from tests.stripe_standin.webhook_receiver import Received

type EventName = Literal[
    "*", "account.updated", "charge.refunded", "refund.created", "refund.failed"
]


def request_refund(api: httpx.Client, **params: str) -> httpx.Response:
    """Send a refund request and return the response, even an error."""
    return api.post("/v1/refunds", data=params)


def refund_platform_charge(client: stripe.StripeClient, amount: int = 100) -> stripe.Refund:
    return client.v1.refunds.create({"charge": "ch_platform", "amount": amount})


def event_types(client: stripe.StripeClient) -> list[str]:
    """Return the types of the platform's events, oldest first."""
    return [str(event.type) for event in client.v1.events.list({"limit": 100})][::-1]


def previous_attributes(event: stripe.Event) -> object:
    return event.to_dict()["data"]["previous_attributes"]


def balance_movements(client: stripe.StripeClient, account: str | None) -> list[tuple[str, int]]:
    """Return type and net of an account's balance transactions, oldest first."""
    options: stripe.RequestOptions = {} if account is None else {"stripe_account": account}
    transactions = client.v1.balance_transactions.list({"limit": 100}, options)
    return [(str(transaction.type), transaction.net) for transaction in transactions][::-1]


def create_endpoint(
    client: stripe.StripeClient, url: str, *types: EventName, connect: bool = False
) -> stripe.WebhookEndpoint:
    """Create a webhook endpoint that receives these events, or all if none is given."""
    # The SDK wants a list of its 250 event names. A list of four names is another type.
    enabled: list[Any] = [*types] or ["*"]
    return client.v1.webhook_endpoints.create(
        {"url": url, "enabled_events": enabled, "connect": connect}
    )


def has_valid_signature(delivery: Received, secret: str | None) -> bool:
    try:
        stripe.WebhookSignature.verify_header(
            delivery.body, delivery.signature, secret, tolerance=300
        )
    except stripe.SignatureVerificationError:
        return False
    return True


def wait_for_empty_queue(control: httpx.Client) -> list[dict[str, Any]]:
    """Return all deliveries once the queue is empty."""
    deadline = time.monotonic() + 5
    while (state := control.get("/webhooks").json())["queue"]:
        assert time.monotonic() < deadline, state["queue"]
        time.sleep(0.005)
    deliveries: list[dict[str, Any]] = state["deliveries"]
    return deliveries


def deliver_events(control: httpx.Client, **body: object) -> list[dict[str, object]]:
    """Deliver the queue or the given events, and return the deliveries."""
    response = control.post("/webhooks/deliver", json=body)
    response.raise_for_status()
    deliveries: list[dict[str, object]] = response.json()["deliveries"]
    return deliveries

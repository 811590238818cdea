import time
from typing import Any, Literal

import httpx
import pytest
import stripe

from tests.stripe_standin.webhook_receiver import Received, Receiver

pytestmark = pytest.mark.usefixtures("seeded")
STUDIO = "acct_1Lakeside"
type EventType = Literal["*", "charge.refunded", "refund.created", "refund.failed"]
QUICK = {"delay_s": 0, "retry_base_s": 0.01}


@pytest.fixture(autouse=True)
def _quick(control: httpx.Client) -> None:
    control.post("/webhooks", json=QUICK).raise_for_status()


def listen(
    client: stripe.StripeClient, url: str, *types: EventType, connect: bool = False
) -> stripe.WebhookEndpoint:
    # The SDK's type is a list of all its 250 names, which a list of four is not.
    enabled: list[Any] = [*types] or ["*"]
    return client.v1.webhook_endpoints.create(
        {"url": url, "enabled_events": enabled, "connect": connect}
    )


def refund(client: stripe.StripeClient, amount: int = 100) -> stripe.Refund:
    return client.v1.refunds.create({"charge": "ch_platform", "amount": amount})


def verified(delivery: Received, secret: str | None) -> bool:
    try:
        stripe.WebhookSignature.verify_header(
            delivery.body, delivery.signature, secret, tolerance=300
        )
    except stripe.SignatureVerificationError:
        return False
    return True


def settled_deliveries(control: httpx.Client) -> list[dict[str, Any]]:
    """Return all deliveries once none is waiting any more."""
    deadline = time.monotonic() + 5
    while (state := control.get("/webhooks").json())["queue"]:
        assert time.monotonic() < deadline, state["queue"]
        time.sleep(0.005)
    deliveries: list[dict[str, Any]] = state["deliveries"]
    return deliveries


def deliver(control: httpx.Client, **body: object) -> list[dict[str, object]]:
    response = control.post("/webhooks/deliver", json=body)
    response.raise_for_status()
    deliveries: list[dict[str, object]] = response.json()["deliveries"]
    return deliveries


def test_events_arrive_signed(client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint = listen(client, f"{receiver.url}/hook")
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")

    made = refund(client)

    deliveries = receiver.wait_for(2)
    assert sorted(receiver.types) == ["charge.refunded", "refund.created"]
    for delivery in deliveries:
        assert delivery.path == "/hook"
        assert verified(delivery, endpoint.secret)
        assert not verified(delivery, "whsec_other")
        assert delivery.event["pending_webhooks"] == 1
        assert "account" not in delivery.event
    created = next(d.event for d in deliveries if d.event["type"] == "refund.created")
    assert created["data"]["object"]["id"] == made.id
    assert client.v1.events.retrieve(created["id"]).type == "refund.created"


def test_signature_uses_real_time_when_the_clock_is_ahead(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = listen(client, receiver.url)
    control.post("/clock", json={"advance_s": 30 * 24 * 3600})

    refund(client)

    delivery = receiver.wait_for(1)[0]
    assert verified(delivery, endpoint.secret)
    assert abs(int(delivery.signature.split(",")[0].removeprefix("t=")) - time.time()) < 60
    assert delivery.event["created"] > time.time() + 29 * 24 * 3600


def test_two_secrets_sign_while_one_is_rolled(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = listen(client, receiver.url, "refund.created")
    path = f"/webhook_endpoints/{endpoint.id}/roll_secret"
    new_secret = control.post(path, json={"expire_s": 3600}).json()["secret"]

    refund(client)
    rolling = receiver.wait_for(1)[0]
    assert rolling.signature.count("v1=") == 2
    assert verified(rolling, endpoint.secret)
    assert verified(rolling, new_secret)

    control.post("/clock", json={"advance_s": 3600})
    refund(client)
    rolled = receiver.wait_for(2)[1]
    assert not verified(rolled, endpoint.secret)
    assert verified(rolled, new_secret)


def test_platform_and_connect_endpoints_hear_different_things(
    client: stripe.StripeClient, receiver: Receiver
) -> None:
    listen(client, f"{receiver.url}/platform")
    listen(client, f"{receiver.url}/connect", connect=True)

    refund(client)
    client.v1.refunds.create(
        {"charge": "ch_direct", "refund_application_fee": True}, {"stripe_account": STUDIO}
    )

    receiver.wait_for(5)
    heard = {(d.path, d.event["type"], d.event.get("account")) for d in receiver.received}
    assert heard == {
        ("/platform", "refund.created", None),
        ("/platform", "charge.refunded", None),
        ("/platform", "application_fee.refunded", None),
        ("/connect", "refund.created", STUDIO),
        ("/connect", "charge.refunded", STUDIO),
    }


def test_endpoint_of_a_connected_account_hears_only_that_account(
    client: stripe.StripeClient, receiver: Receiver
) -> None:
    client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["refund.created"]}, {"stripe_account": STUDIO}
    )

    refund(client)
    made = client.v1.refunds.create({"charge": "ch_direct"}, {"stripe_account": STUDIO})

    assert receiver.wait_for(1)[0].event["data"]["object"]["id"] == made.id


def test_only_enabled_events_of_enabled_endpoints(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = listen(client, receiver.url, "refund.created", "refund.failed")
    refund(client)
    receiver.wait_for(1)

    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    refund(client)
    assert client.v1.webhook_endpoints.retrieve(endpoint.id).status == "disabled"
    client.v1.webhook_endpoints.update(
        endpoint.id, {"disabled": False, "enabled_events": ["charge.refunded"]}
    )
    refund(client)

    receiver.wait_for(2)
    assert receiver.types == ["refund.created", "charge.refunded"]
    client.v1.webhook_endpoints.delete(endpoint.id)
    refund(client)
    assert control.get("/webhooks").json()["queue"] == []


def test_endpoint_versions(client: stripe.StripeClient, receiver: Receiver) -> None:
    listen(client, f"{receiver.url}/default", "refund.created")
    client.v1.webhook_endpoints.create(
        {
            "url": f"{receiver.url}/pinned",
            "enabled_events": ["refund.created"],
            "api_version": "2024-06-20",
        }
    )

    refund(client)

    receiver.wait_for(2)
    versions = {delivery.path: delivery.event["api_version"] for delivery in receiver.received}
    assert versions == {"/default": "2023-08-16", "/pinned": "2024-06-20"}


def test_endpoints_are_listed_updated_and_deleted(client: stripe.StripeClient) -> None:
    endpoint = listen(client, "https://pps.example/hook")

    updated = client.v1.webhook_endpoints.update(
        endpoint.id,
        {
            "url": "https://pps.example/other",
            "description": "ours",
            "metadata": {"stage": "test"},
        },
    )

    assert (updated.url, updated.description) == ("https://pps.example/other", "ours")
    assert "secret" not in updated
    assert [e.id for e in client.v1.webhook_endpoints.list()] == [endpoint.id]
    cleared = client.v1.webhook_endpoints.update(endpoint.id, {"description": ""})
    assert cleared.description is None
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
        client.v1.webhook_endpoints.retrieve(endpoint.id)


@pytest.mark.parametrize(
    "params",
    [
        {"url": "pps.example", "enabled_events[]": "*"},
        {"url": "ftp://pps.example", "enabled_events[]": "*"},
        {"url": "https://[broken", "enabled_events[]": "*"},
        {"url": "https://pps.example", "enabled_events[]": "Refund!"},
        {"url": "https://pps.example"},
    ],
)
def test_endpoints_are_checked(api: httpx.Client, params: dict[str, str]) -> None:
    assert api.post("/v1/webhook_endpoints", data=params).status_code == 400


def test_refused_deliveries_are_retried_with_backoff(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    listen(client, receiver.url, "refund.created")
    receiver.statuses.extend([500, 302])

    refund(client)

    first, second, third = receiver.wait_for(3)
    assert first.body == second.body == third.body
    (delivery,) = settled_deliveries(control)
    assert delivery["state"] == "delivered"
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 302, 200]
    assert client.v1.events.list({"delivery_success": True}).data[0].pending_webhooks == 0


def test_gives_up_in_the_end(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"max_attempts": 2})
    listen(client, receiver.url, "refund.created")
    # Nobody listens there: port 9 is `discard`.
    listen(client, "http://127.0.0.1:9", "refund.created")
    receiver.statuses.extend([500, 500, 500])

    refund(client)

    refused, unreachable = settled_deliveries(control)
    assert [a["status_code"] for a in refused["attempts"]] == [500, 500]
    assert "ConnectError" in unreachable["attempts"][0]["error"]
    assert len(receiver.received) == 2
    failed = client.v1.events.list({"delivery_success": False, "type": "refund.created"})
    assert len(failed.data) == 1


def test_held_events_wait_for_the_command(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    listen(client, receiver.url)
    made = refund(client)
    queue = control.get("/webhooks").json()["queue"]
    assert [entry["type"] for entry in queue] == ["refund.created", "charge.refunded"]
    assert [entry["refund_id"] for entry in queue] == [made.id, None]
    assert client.v1.events.retrieve(queue[0]["event_id"]).pending_webhooks == 1
    assert receiver.received == []

    receiver.statuses.append(500)
    answers = deliver(control)

    assert [answer["status_code"] for answer in answers] == [500, 200]
    assert receiver.types == ["refund.created", "charge.refunded"]
    # What was refused is still held.
    assert [a["type"] for a in deliver(control)] == ["refund.created"]
    assert deliver(control) == []


def test_orders_and_copies(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    listen(client, receiver.url, "refund.created")
    made = [refund(client).id for _ in range(6)]

    def came() -> list[str]:
        ids = [d.event["data"]["object"]["id"] for d in receiver.received]
        receiver.received.clear()
        return ids

    answers = deliver(control, order="reverse", copies=2)
    assert [answer["refund_id"] for answer in answers] == [id_ for id_ in made[::-1] for _ in "12"]
    assert came() == [id_ for id_ in made[::-1] for _ in range(2)]
    events = [event.id for event in client.v1.events.list({"type": "refund.created"})][::-1]
    deliver(control, event_ids=events)
    assert came() == made
    deliver(control, event_ids=events, order="random", seed=7)
    shuffled = came()
    deliver(control, event_ids=events, order="random", seed=7)
    assert came() == shuffled
    assert shuffled != made
    assert sorted(shuffled) == sorted(made)
    deliver(control, event_ids=[events[3], events[3]])
    assert came() == [made[3], made[3]]


def test_release_of_held_events(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    listen(client, receiver.url, "refund.created")
    refund(client)

    control.post("/webhooks", json={"mode": "auto"})

    receiver.wait_for(1)


def test_duplicates_and_drops(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    settings = control.post("/webhooks", json={"copies": 3, "drop": 1}).json()
    assert (settings["settings"]["copies"], settings["drop_next"]) == (3, 1)
    listen(client, receiver.url)

    refund(client)

    receiver.wait_for(3)
    assert receiver.types == ["charge.refunded"] * 3
    (dropped,) = control.get("/webhooks").json()["dropped"]
    assert client.v1.events.retrieve(dropped).type == "refund.created"
    # A dropped event can still be sent by name.
    deliver(control, event_ids=[dropped])
    assert receiver.types[-1] == "refund.created"


def test_random_order_by_itself(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"order": "random", "seed": 3})
    listen(client, receiver.url, "refund.created")
    made = [refund(client).id for _ in range(8)]

    receiver.wait_for(8)

    came = [delivery.event["data"]["object"]["id"] for delivery in receiver.received]
    assert sorted(came) == sorted(made)
    assert came != made


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "sometimes"},
        {"delay_s": -1},
        {"copies": 0},
        {"order": "reverse"},
        {"drop": -1},
        {"colour": "red"},
    ],
)
def test_settings_are_checked(control: httpx.Client, body: dict[str, object]) -> None:
    before = control.get("/webhooks").json()["settings"]

    assert control.post("/webhooks", json=body).status_code == 400
    assert control.get("/webhooks").json()["settings"] == before


def test_unknown_event_cannot_be_delivered(control: httpx.Client) -> None:
    response = control.post("/webhooks/deliver", json={"event_ids": ["evt_nowhere"]})

    assert response.status_code == 404
    assert "evt_nowhere" in response.json()["error"]["message"]


def test_endpoint_that_went_away_is_given_up(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    endpoint = listen(client, receiver.url, "refund.created")
    refund(client)
    client.v1.webhook_endpoints.delete(endpoint.id)

    (answer,) = deliver(control)

    assert (answer["state"], answer["status_code"]) == ("gave_up", None)
    assert receiver.received == []

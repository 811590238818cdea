"""Deliveries of events: retries, order, copies and drops."""

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import (
    create_endpoint,
    deliver_events,
    refund_platform_charge,
    wait_for_empty_queue,
)
from tests.stripe_standin.webhook_receiver import Receiver

pytestmark = pytest.mark.usefixtures("seeded", "quick_webhooks")


def test_refused_delivery_is_retried(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    create_endpoint(client, receiver.url, "refund.created")
    receiver.statuses.extend([500, 302])

    refund_platform_charge(client)

    first, second, third = receiver.wait_for(3)
    assert first.body == second.body == third.body
    (delivery,) = wait_for_empty_queue(control)
    assert delivery["state"] == "delivered"
    assert [attempt["status_code"] for attempt in delivery["attempts"]] == [500, 302, 200]
    assert client.v1.events.list({"delivery_success": True}).data[0].pending_webhooks == 0


def test_delivery_gives_up_after_the_last_attempt(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"max_attempts": 2})
    create_endpoint(client, receiver.url, "refund.created")
    # Nothing listens on port 9, the discard service.
    create_endpoint(client, "http://127.0.0.1:9", "refund.created")
    receiver.statuses.extend([500, 500, 500])

    refund_platform_charge(client)

    refused, unreachable = wait_for_empty_queue(control)
    assert [a["status_code"] for a in refused["attempts"]] == [500, 500]
    assert "ConnectError" in unreachable["attempts"][0]["error"]
    assert len(receiver.received) == 2
    failed = client.v1.events.list({"delivery_success": False, "type": "refund.created"})
    assert len(failed.data) == 1


def test_held_events_wait_for_a_command(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    create_endpoint(client, receiver.url)
    made = refund_platform_charge(client)
    queue = control.get("/webhooks").json()["queue"]
    assert [entry["type"] for entry in queue] == ["refund.created", "charge.refunded"]
    assert [entry["refund_id"] for entry in queue] == [made.id, None]
    assert client.v1.events.retrieve(queue[0]["event_id"]).pending_webhooks == 1
    assert receiver.received == []

    receiver.statuses.append(500)
    deliveries = deliver_events(control)

    assert [delivery["status_code"] for delivery in deliveries] == [500, 200]
    assert receiver.types == ["refund.created", "charge.refunded"]
    # The refused delivery is still queued.
    assert [a["type"] for a in deliver_events(control)] == ["refund.created"]
    assert deliver_events(control) == []


def test_command_delivers_copies_in_the_requested_order(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    create_endpoint(client, receiver.url, "refund.created")
    made = [refund_platform_charge(client).id for _ in range(6)]

    def received_refunds() -> list[str]:
        ids = [d.event["data"]["object"]["id"] for d in receiver.received]
        receiver.received.clear()
        return ids

    deliveries = deliver_events(control, order="reverse", copies=2)
    assert [delivery["refund_id"] for delivery in deliveries] == [
        id_ for id_ in made[::-1] for _ in "12"
    ]
    assert received_refunds() == [id_ for id_ in made[::-1] for _ in range(2)]
    events = [event.id for event in client.v1.events.list({"type": "refund.created"})][::-1]
    deliver_events(control, event_ids=events)
    assert received_refunds() == made
    deliver_events(control, event_ids=events, order="random", seed=7)
    shuffled = received_refunds()
    deliver_events(control, event_ids=events, order="random", seed=7)
    assert received_refunds() == shuffled
    assert shuffled != made
    assert sorted(shuffled) == sorted(made)
    deliver_events(control, event_ids=[events[3], events[3]])
    assert received_refunds() == [made[3], made[3]]


def test_auto_mode_delivers_held_events(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    create_endpoint(client, receiver.url, "refund.created")
    refund_platform_charge(client)

    control.post("/webhooks", json={"mode": "auto"})

    receiver.wait_for(1)


def test_events_can_be_duplicated_and_dropped(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    settings = control.post("/webhooks", json={"copies": 3, "drop": 1}).json()
    assert (settings["settings"]["copies"], settings["drop_next"]) == (3, 1)
    create_endpoint(client, receiver.url)

    refund_platform_charge(client)

    receiver.wait_for(3)
    assert receiver.types == ["charge.refunded"] * 3
    (dropped,) = control.get("/webhooks").json()["dropped"]
    assert client.v1.events.retrieve(dropped).type == "refund.created"
    # A command can still deliver a dropped event.
    deliver_events(control, event_ids=[dropped])
    assert receiver.types[-1] == "refund.created"


def test_automatic_deliveries_can_overtake_each_other(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"order": "random", "seed": 3})
    create_endpoint(client, receiver.url, "refund.created")
    made = [refund_platform_charge(client).id for _ in range(8)]

    receiver.wait_for(8)

    received = [delivery.event["data"]["object"]["id"] for delivery in receiver.received]
    assert sorted(received) == sorted(made)
    assert received != made


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "sometimes"},
        {"delay_s": -1},
        {"copies": 0},
        {"order": "reverse"},
        {"drop": -1},
        {"color": "red"},
    ],
)
def test_wrong_webhook_settings_are_refused(control: httpx.Client, body: dict[str, object]) -> None:
    before = control.get("/webhooks").json()["settings"]

    assert control.post("/webhooks", json=body).status_code == 400
    assert control.get("/webhooks").json()["settings"] == before


def test_unknown_event_cannot_be_delivered(control: httpx.Client) -> None:
    response = control.post("/webhooks/deliver", json={"event_ids": ["evt_nowhere"]})

    assert response.status_code == 404
    assert "evt_nowhere" in response.json()["error"]["message"]


def test_delivery_to_a_deleted_endpoint_gives_up(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    control.post("/webhooks", json={"mode": "hold"})
    endpoint = create_endpoint(client, receiver.url, "refund.created")
    refund_platform_charge(client)
    client.v1.webhook_endpoints.delete(endpoint.id)

    (delivery,) = deliver_events(control)

    assert (delivery["state"], delivery["status_code"]) == ("gave_up", None)
    assert receiver.received == []

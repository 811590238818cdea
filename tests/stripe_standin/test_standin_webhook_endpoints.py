"""Webhook endpoints: which events they receive and how those are signed."""

import time

import httpx
import pytest
import stripe

from tests.stripe_standin.actions import (
    create_endpoint,
    has_valid_signature,
    refund_platform_charge,
)
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT
from tests.stripe_standin.webhook_receiver import Receiver

pytestmark = pytest.mark.usefixtures("seeded", "quick_webhooks")


def test_events_arrive_with_a_valid_signature(
    client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint = create_endpoint(client, f"{receiver.url}/hook")
    assert endpoint.secret is not None
    assert endpoint.secret.startswith("whsec_")

    made = refund_platform_charge(client)

    deliveries = receiver.wait_for(2)
    assert sorted(receiver.types) == ["charge.refunded", "refund.created"]
    for delivery in deliveries:
        assert delivery.path == "/hook"
        assert has_valid_signature(delivery, endpoint.secret)
        assert not has_valid_signature(delivery, "whsec_other")
        assert delivery.event["pending_webhooks"] == 1
        assert "account" not in delivery.event
    created = next(d.event for d in deliveries if d.event["type"] == "refund.created")
    assert created["data"]["object"]["id"] == made.id
    assert client.v1.events.retrieve(created["id"]).type == "refund.created"


def test_signature_uses_real_time_when_the_clock_is_ahead(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = create_endpoint(client, receiver.url)
    control.post("/clock", json={"advance_s": 30 * 24 * 3600})

    refund_platform_charge(client)

    delivery = receiver.wait_for(1)[0]
    assert has_valid_signature(delivery, endpoint.secret)
    assert abs(int(delivery.signature.split(",")[0].removeprefix("t=")) - time.time()) < 60
    assert delivery.event["created"] > time.time() + 29 * 24 * 3600


def test_both_secrets_sign_while_an_endpoint_rolls_to_a_new_one(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = create_endpoint(client, receiver.url, "refund.created")
    path = f"/webhook_endpoints/{endpoint.id}/roll_secret"
    new_secret = control.post(path, json={"expire_s": 3600}).json()["secret"]

    refund_platform_charge(client)
    rolling = receiver.wait_for(1)[0]
    assert rolling.signature.count("v1=") == 2
    assert has_valid_signature(rolling, endpoint.secret)
    assert has_valid_signature(rolling, new_secret)

    control.post("/clock", json={"advance_s": 3600})
    refund_platform_charge(client)
    rolled = receiver.wait_for(2)[1]
    assert not has_valid_signature(rolled, endpoint.secret)
    assert has_valid_signature(rolled, new_secret)


def test_platform_and_connect_endpoints_receive_different_events(
    client: stripe.StripeClient, receiver: Receiver
) -> None:
    create_endpoint(client, f"{receiver.url}/platform")
    create_endpoint(client, f"{receiver.url}/connect", connect=True)

    refund_platform_charge(client)
    client.v1.refunds.create(
        {"charge": "ch_direct", "refund_application_fee": True},
        {"stripe_account": CONNECTED_ACCOUNT},
    )

    receiver.wait_for(5)
    received = {(d.path, d.event["type"], d.event.get("account")) for d in receiver.received}
    assert received == {
        ("/platform", "refund.created", None),
        ("/platform", "charge.refunded", None),
        ("/platform", "application_fee.refunded", None),
        ("/connect", "refund.created", CONNECTED_ACCOUNT),
        ("/connect", "charge.refunded", CONNECTED_ACCOUNT),
    }


def test_endpoint_of_a_connected_account_receives_only_its_events(
    client: stripe.StripeClient, receiver: Receiver
) -> None:
    client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["refund.created"]},
        {"stripe_account": CONNECTED_ACCOUNT},
    )

    refund_platform_charge(client)
    made = client.v1.refunds.create({"charge": "ch_direct"}, {"stripe_account": CONNECTED_ACCOUNT})

    assert receiver.wait_for(1)[0].event["data"]["object"]["id"] == made.id


def test_only_enabled_endpoints_receive_only_enabled_events(
    client: stripe.StripeClient, control: httpx.Client, receiver: Receiver
) -> None:
    endpoint = create_endpoint(client, receiver.url, "refund.created", "refund.failed")
    refund_platform_charge(client)
    receiver.wait_for(1)

    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    refund_platform_charge(client)
    assert client.v1.webhook_endpoints.retrieve(endpoint.id).status == "disabled"
    client.v1.webhook_endpoints.update(
        endpoint.id, {"disabled": False, "enabled_events": ["charge.refunded"]}
    )
    refund_platform_charge(client)

    receiver.wait_for(2)
    assert receiver.types == ["refund.created", "charge.refunded"]
    client.v1.webhook_endpoints.delete(endpoint.id)
    refund_platform_charge(client)
    assert control.get("/webhooks").json()["queue"] == []


def test_endpoint_can_pin_an_api_version(client: stripe.StripeClient, receiver: Receiver) -> None:
    create_endpoint(client, f"{receiver.url}/default", "refund.created")
    client.v1.webhook_endpoints.create(
        {
            "url": f"{receiver.url}/pinned",
            "enabled_events": ["refund.created"],
            "api_version": "2024-06-20",
        }
    )

    refund_platform_charge(client)

    receiver.wait_for(2)
    versions = {delivery.path: delivery.event["api_version"] for delivery in receiver.received}
    assert versions == {"/default": "2023-08-16", "/pinned": "2024-06-20"}


def test_endpoints_can_be_listed_updated_and_deleted(client: stripe.StripeClient) -> None:
    endpoint = create_endpoint(client, "https://platform.example/hook")

    updated = client.v1.webhook_endpoints.update(
        endpoint.id,
        {
            "url": "https://platform.example/other",
            "description": "ours",
            "metadata": {"stage": "test"},
        },
    )

    assert (updated.url, updated.description) == ("https://platform.example/other", "ours")
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
        {"url": "platform.example", "enabled_events[]": "*"},
        {"url": "ftp://platform.example", "enabled_events[]": "*"},
        {"url": "https://[broken", "enabled_events[]": "*"},
        {"url": "https://platform.example", "enabled_events[]": "Refund!"},
        {"url": "https://platform.example"},
    ],
)
def test_wrong_endpoint_parameters_are_refused(api: httpx.Client, params: dict[str, str]) -> None:
    assert api.post("/v1/webhook_endpoints", data=params).status_code == 400

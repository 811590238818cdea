"""The webhook accepts only what Stripe signed, and only about our charges."""

import json
import time
import uuid
from typing import Any

import pytest

from shared.domain.order import OrderKey
from shared.gateways.records.keys import order_pk
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, signature

pytestmark = pytest.mark.stack


def event(world: DeployedStack, order_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return an event of an external refund of 1000."""
    del world
    refund = {
        "id": f"re_{uuid.uuid4().hex}",
        "object": "refund",
        "amount": 1000,
        "balance_transaction": f"txn_{uuid.uuid4().hex}",
        "charge": order_id.replace("ord_", "ch_"),
        "created": int(time.time()),
        "currency": "usd",
        "metadata": {},
        "status": "succeeded",
    }
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "type": "refund.created",
        "livemode": False,
        "data": {"object": refund},
    } | changes


def refunds_of(world: DeployedStack, order_id: str) -> int:
    found = world.stack.aws.dynamodb.query(
        TableName=world.stack.tables["orders"],
        KeyConditionExpression="PK = :pk AND begins_with(SK, :sk)",
        ExpressionAttributeValues={
            ":pk": {"S": order_pk(OrderKey(PLATFORM_STUDIO, order_id))},
            ":sk": {"S": "REFUND#"},
        },
        ConsistentRead=True,
    )
    return found["Count"]


def test_a_body_that_stripe_did_not_just_sign_is_refused(world: DeployedStack) -> None:
    order_id = world.sell()
    payload = json.dumps(event(world, order_id)).encode()
    secret, now = world.webhook_secret(), int(time.time())
    refused = [
        world.send_webhook(payload, header=""),
        world.send_webhook(payload, header="nonsense"),
        world.send_webhook(payload, secret="whsec_wrong"),
        world.send_webhook(payload, age=400),
        world.send_webhook(payload, age=-400),
        world.send_webhook(payload + b" ", header=signature(payload, secret, now)),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
        assert answer.headers["content-type"] == "application/problem+json"
    assert refunds_of(world, order_id) == 0


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"object":"event","id":"evt_1","type":"refund.created"}',
        b'{"object":"event","id":"evt_1","type":"refund.created","data":{"object":null}}',
    ],
)
def test_a_signed_body_that_is_not_an_event_is_refused(
    world: DeployedStack, payload: bytes
) -> None:
    answer = world.send_webhook(payload)
    assert (answer.status_code, answer.json()["code"]) == (400, "event_malformed")


def test_an_oversized_body_is_refused(world: DeployedStack) -> None:
    answer = world.send_webhook(b" " * (256 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_signed_events_that_are_not_about_our_charges_are_counted(world: DeployedStack) -> None:
    order_id = world.sell()
    connect = world.webhook_secret("connect")
    unknown = event(world, "ord_of_somebody_else")
    live = event(world, order_id, livemode=True)
    wrong_account = event(world, order_id, account="acct_somebody")
    ours = event(world, order_id)
    ignored = event(world, order_id, type="customer.created")
    assert {
        "unknown": world.send_webhook(json.dumps(unknown).encode()).json()["outcomes"],
        "live": world.send_webhook(json.dumps(live).encode()).json()["outcomes"],
        "account": world.send_webhook(json.dumps(wrong_account).encode(), secret=connect).json()[
            "outcomes"
        ],
        "account by the platform": world.send_webhook(json.dumps(wrong_account).encode()).json()[
            "outcomes"
        ],
        "platform by connect": world.send_webhook(json.dumps(ours).encode(), secret=connect).json()[
            "outcomes"
        ],
        "ignored": world.send_webhook(json.dumps(ignored).encode()).json()["outcomes"],
    } == {
        "unknown": ["UnknownCharge"],
        "live": ["LivemodeMismatch"],
        "account": ["AccountMismatch"],
        "account by the platform": ["AccountMismatch"],
        "platform by connect": ["AccountMismatch"],
        "ignored": ["EventIgnored"],
    }
    assert refunds_of(world, order_id) == 0


def test_a_thin_event_of_stripes_second_api_is_ignored(world: DeployedStack) -> None:
    thin = {
        "id": "evt_test_65",
        "object": "v2.core.event",
        "type": "v2.core.account.updated",
        "livemode": False,
        "created": "2026-03-02T10:00:00.000Z",
        "related_object": {"id": "acct_1", "type": "v2.core.account"},
    }
    answer = world.send_webhook(json.dumps(thin).encode())
    assert (answer.status_code, answer.json()["outcomes"]) == (200, ["EventIgnored"])


def test_an_event_sent_again_changes_nothing(world: DeployedStack) -> None:
    order_id = world.sell()
    payload = json.dumps(event(world, order_id)).encode()
    outcomes = [world.send_webhook(payload).json()["outcomes"] for _ in range(3)]
    assert outcomes == [["RefundExternal"], ["RefundReportRepeated"], ["RefundReportRepeated"]]
    assert refunds_of(world, order_id) == 1

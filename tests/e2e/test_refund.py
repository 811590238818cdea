"""A refund through the deployed stack, from the request to the ledger entry."""

import json
from collections import Counter

import httpx
import pytest

from shared.domain.order import OrderKey
from shared.gateways.orders_table import OrdersTable
from shared.gateways.records.keys import order_pk, primary_key, refund_sk
from tests.at_once import at_once
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, YEN_STUDIO, DeployedStack, until

pytestmark = pytest.mark.stack


def test_a_refund_of_a_hundred_dollars_is_right_to_the_cent(world: DeployedStack) -> None:
    """The README's example, to the cent."""
    order_id = world.sell()
    path = f"/orders/{order_id}/refunds"
    choice = {"type": "full", "reason": "wrong_print", "expected_refundable_amount": 10000}

    preview = world.call("POST", f"{path}/preview", choice).json()
    assert preview["refund_amount"] == 10000
    assert preview["refundable_amount_after"] == 0
    assert preview["rev_share_reversed_amount"] == 1500
    assert preview["stripe_fee_retained_amount"] == 320
    assert preview["net_deduction_amount"] == -8500
    assert preview["next_payout_after_amount"] == preview["next_payout_before_amount"] - 8500

    with world.webhooks_held():
        refund = world.refund(order_id, choice)
        assert (refund["status"], refund["display_status"]) == ("pending", "Pending")
        assert refund["requested_by"] == "owner.st_lakeside"
        assert world.entries_of(order_id)[1:] == []
    world.control("webhooks/deliver")

    settled = world.await_status(refund, "settled")
    assert settled["display_status"] == "Refunded"
    assert [each["status"] for each in settled["history"]] == [
        "requested",
        "pending",
        "succeeded",
        "settled",
    ]
    assert settled["net_deduction_amount"] == -8500
    sale, entry = world.entries_of(order_id)
    assert (sale["kind"], sale["net_amount"]) == ("sale", 8180)
    assert (entry["kind"], entry["gross_amount"], entry["rev_share_amount"]) == (
        "refund",
        -10000,
        1500,
    )
    assert (entry["stripe_fee_retained_amount"], entry["net_amount"]) == (320, -8500)
    assert (entry["processed_by"], entry["reason"]) == ("owner.st_lakeside", "wrong_print")


@pytest.mark.parametrize("studio_id", [PLATFORM_STUDIO, DIRECT_STUDIO, YEN_STUDIO])
def test_an_order_is_refunded_line_by_line_until_nothing_is_left(
    world: DeployedStack, studio_id: str
) -> None:
    order_id = world.sell(studio_id)
    for _ in range(4):
        one = {"type": "line_items", "items": [{"line_id": "li_1", "quantity": 1}]}
        refund = world.refund(order_id, one, studio_id)
        assert refund["amount"] == 2500
        world.await_status(refund, "settled", studio_id)
    entries = world.entries_of(order_id, studio_id)[1:]
    assert sum(entry["gross_amount"] for entry in entries) == -10000
    assert sum(entry["rev_share_amount"] for entry in entries) == 1500
    assert sum(entry["stripe_fee_retained_amount"] for entry in entries) == 320
    refused = world.request_refund(
        order_id, {"type": "full", "reason": "other"}, studio_id=studio_id
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_refundable")
    if studio_id == DIRECT_STUDIO:
        fee = order_id.replace("ord_", "fee_")
        until(
            lambda: (
                world.stripe("GET", f"application_fees/{fee}")["amount_refunded"] == 1500 or None
            ),
            "application fee refunded",
        )


def test_a_late_failure_is_compensated_through_the_webhook(world: DeployedStack) -> None:
    order_id = world.sell()
    refund = world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    world.control(
        f"refunds/{refund['stripe_refund_id']}",
        status="failed",
        failure_reason="expired_or_canceled_card",
    )
    failed = world.await_status(refund, "failed")
    assert failed["failure_reason"] == "expired_or_canceled_card"
    until(lambda: len(world.entries_of(order_id)) == 3 or None, "compensating entry")
    assert sum(entry["net_amount"] for entry in world.entries_of(order_id)) == 8180
    world.await_status(world.refund(order_id, {"type": "full"}), "settled")


def test_an_external_refund_is_recorded(world: DeployedStack) -> None:
    order_id = world.sell(DIRECT_STUDIO)
    world.stripe(
        "POST",
        "refunds",
        account="acct_1FjordSportFoto00",
        charge=order_id.replace("ord_", "ch_"),
        amount=4000,
    )
    until(
        lambda: len(world.entries_of(order_id, DIRECT_STUDIO)) == 2 or None,
        "external refund settled",
    )
    entry = world.entries_of(order_id, DIRECT_STUDIO)[1]
    assert (entry["source"], entry["gross_amount"], entry["rev_share_amount"]) == (
        "stripe",
        -4000,
        600,
    )


def test_of_32_concurrent_requests_exactly_those_that_fit_are_accepted(
    world: DeployedStack,
) -> None:
    order_id = world.sell()
    choice = {"type": "partial", "amount": 1000, "reason": "other"}

    def request(number: int) -> httpx.Response:
        """Request a refund; after "try again" with the same key, as the answer says."""
        for _ in range(10):
            answer = world.request_refund(order_id, choice, key=f"one-of-32-{number}")
            if answer.status_code != 503:
                break
        return answer

    answers = at_once(32, request)
    outcomes = Counter(
        (answer.status_code, answer.json().get("code", answer.json().get("amount")))
        for answer in answers
    )
    assert outcomes == {(201, 1000): 10, (409, "nothing_refundable"): 22}
    for answer in answers:
        if answer.status_code == 201:
            world.await_status(answer.json(), "settled")
    entries = world.entries_of(order_id)[1:]
    assert [entry["gross_amount"] for entry in entries] == [-1000] * 10
    assert sum(entry["rev_share_amount"] for entry in entries) == 1500


def test_two_concurrent_requests_with_one_key_are_one_refund(world: DeployedStack) -> None:
    order_id = world.sell()
    choice = {"type": "partial", "amount": 2500, "reason": "other"}
    key = f"twice-{order_id}"
    answers = at_once(2, lambda _: world.request_refund(order_id, choice, key=key))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["refund_id"] for answer in answers}) == 1
    charge = order_id.replace("ord_", "ch_")
    assert len(world.stripe("GET", "refunds", charge=charge)["data"]) == 1


def test_a_timeout_after_stripe_made_the_refund_is_one_refund(world: DeployedStack) -> None:
    order_id = world.sell()
    charge = order_id.replace("ord_", "ch_")
    world.control(
        "faults",
        fault="timeout_after_effect",
        times=2,
        seconds=12,
        match={"method": "POST", "path_prefix": "/v1/refunds", "charge": charge},
    )
    refund = world.refund(order_id, {"type": "full"})
    world.await_status(refund, "settled")
    assert [each["amount"] for each in world.stripe("GET", "refunds", charge=charge)["data"]] == [
        10000
    ]


def test_a_refund_without_a_webhook_is_resumed(world: DeployedStack) -> None:
    order_id = world.sell()
    charge = order_id.replace("ord_", "ch_")
    world.control(
        "faults",
        fault="reset_after_effect",
        times=2,
        match={"method": "POST", "path_prefix": "/v1/refunds", "charge": charge},
    )
    with world.webhooks_held():
        refund = world.refund(order_id, {"type": "full"})
        assert (refund["status"], refund["stripe_refund_id"]) == ("requested", None)
        assert refund["display_status"] == "Pending"
        assert world.invoke("resume_pending", None)["announced"] >= 1
        world.await_status(refund, "settled")
    assert len(world.stripe("GET", "refunds", charge=charge)["data"]) == 1


def test_the_correlation_id_runs_from_request_to_ledger_and_no_name_is_logged(
    world: DeployedStack,
) -> None:
    order_id = world.sell()
    refund = world.await_status(
        world.refund(order_id, {"type": "full", "note": "Wilhelmina called"}), "settled"
    )
    correlation_id = world.entries_of(order_id)[1]["correlation_id"]
    for function in ("refund_request", "stripe_webhook", "payout_adjust"):
        lines = world.log_lines(function)
        assert any(
            line.get("correlation_id") == correlation_id
            and line.get("refund_id") == refund["refund_id"]
            for line in lines
        ), function
        text = json.dumps(lines)
        for personal in ("Wilhelmina", "wilhelmina@", "Bartholomew", "whsec_", "sk_test_"):
            assert personal not in text


def test_a_message_that_can_never_work_is_parked_and_others_are_processed(
    world: DeployedStack,
) -> None:
    sqs, queues = world.stack.aws.sqs, world.stack.queues
    order_id = world.sell()
    for number, body in enumerate(
        ["not json", json.dumps({"studio_id": "st_x", "order_id": "ord_x"})]
    ):
        sqs.send_message(
            QueueUrl=queues["adjust"],
            MessageBody=body,
            MessageGroupId=PLATFORM_STUDIO,
            MessageDeduplicationId=f"{order_id}-{number}",
        )
    world.await_status(world.refund(order_id, {"type": "full"}), "settled")

    def parked() -> bool | None:
        found = sqs.receive_message(
            QueueUrl=queues["adjust_dlq"],
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=1,
        ).get("Messages", [])
        reasons = {m["MessageAttributes"]["parked_reason"]["StringValue"] for m in found}
        return reasons >= {"no refund_id", "the body is not JSON"} or None

    until(parked, "messages parked with their reasons")


def test_reading_an_order_through_its_keys(world: DeployedStack) -> None:
    """The tables hold the items that `docs/tables.md` describes."""
    order_id = world.sell()
    order = OrderKey(PLATFORM_STUDIO, order_id)
    refund = world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    item = world.stack.aws.dynamodb.get_item(
        TableName=world.stack.tables["orders"],
        Key=primary_key(order_pk(order), refund_sk(refund["refund_id"])),
    )["Item"]
    assert not {"open_pk", "attention_pk", "next_poll_at"} & item.keys()
    state = OrdersTable(world.stack.aws.dynamodb, world.stack.tables["orders"]).get_state(order)
    assert state is not None
    assert (state.committed_amount, state.settled_amount) == (10000, 10000)

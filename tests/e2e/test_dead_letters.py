"""A bad message in any queue of the deployed stack is parked, fixed and sent back."""

import json
import uuid
from dataclasses import asdict, replace

import pytest

from infra.operate.dead_letter_queues import QUEUES, DeadLetter, DeadLetters
from shared.gateways.parked_messages import ParkedRecords
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, until
from tests.export_requests import refund_request

pytestmark = pytest.mark.stack


def put(world: DeployedStack, queue: str, body: object, group: str) -> None:
    url = world.stack.queues[queue]
    fifo = {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex}
    world.stack.aws.sqs.send_message(
        QueueUrl=url,
        MessageBody=json.dumps(body),
        **(fifo if url.endswith(".fifo") else {}),  # type: ignore[arg-type]  # a FIFO queue takes two more arguments
    )


def fixed_and_sent_back(dead: DeadLetters, about: str, **changes: str) -> DeadLetter:
    """Wait until a message is parked, fix it and send it back; return the parked message."""

    def fixed() -> tuple[DeadLetter, str] | None:
        with dead.held() as letters:
            for letter in letters:
                if about in letter.body:
                    return letter, dead.fix(letter, changes)
        return None

    def sent_back(message_id: str) -> bool | None:
        with dead.held() as letters:
            for letter in letters:
                if letter.message_id == message_id:
                    dead.redrive(letter, "op_1")
                    return True
        return None

    parked, message_id = until(fixed, f"{about} is parked")
    until(lambda: sent_back(message_id), f"{about} is sent back")
    return parked


def test_a_bad_message_in_every_queue_is_parked_fixed_and_processed(world: DeployedStack) -> None:
    stack, mark = world.stack, uuid.uuid4().hex
    records = ParkedRecords(stack.aws.dynamodb, stack.tables["orders"])
    dead = DeadLetters(stack.aws.sqs, dict(stack.queues), records)
    assert {name for name in stack.queues if not name.endswith("_dlq")} == QUEUES.keys()
    order_id, direct = world.sell(), world.sell(DIRECT_STUDIO)
    done = world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    world.await_status(
        world.refund(direct, {"type": "full"}, DIRECT_STUDIO), "settled", DIRECT_STUDIO
    )
    request = refund_request(PLATFORM_STUDIO, correlation_id=mark)
    export = replace(request, form="nonsense")
    wrong = {
        "studio_id": PLATFORM_STUDIO,
        "order_id": order_id,
        "refund_id": "rf_wrong",
        "correlation_id": mark,
    }
    put(world, "adjust", wrong, PLATFORM_STUDIO)
    unknown = {"studio_id": DIRECT_STUDIO, "order_id": f"ord_{mark}", "correlation_id": mark}
    put(world, "fee_refund", unknown, direct)
    put(world, "export", asdict(export), PLATFORM_STUDIO)
    put(world, "payout", {"studio_id": f"st_{mark}", "payout": ""}, mark)
    resume = {"studio_id": f"st_r{mark}", "order_id": "ord_gone", "task": "charge", "due_at": ""}
    put(world, "resume", resume, mark)
    put(world, "anchor", {"studio_id": f"st_a{mark}", "verified": "nonsense"}, mark)
    # Other messages are processed meanwhile, also of the same studio.
    other = world.refund(world.sell(), {"type": "full"})
    world.await_status(other, "settled")

    settling = fixed_and_sent_back(dead, "rf_wrong", refund_id=str(done["refund_id"]))
    assert settling.reason == f"order {order_id} has no refund rf_wrong"
    fee = fixed_and_sent_back(dead, f"ord_{mark}", order_id=direct)
    assert fee.reason == f"order ord_{mark} has no application fee to refund"
    report = fixed_and_sent_back(dead, export.export_id, form="csv")
    assert report.reason == "the message selects nothing"
    work = fixed_and_sent_back(dead, f"st_{mark}", payout="po_gone")
    assert work.reason == "no payout"
    work = fixed_and_sent_back(dead, f"st_r{mark}", due_at="2026-01-01T00:00:00.000Z")
    assert work.reason == "no due_at"
    work = fixed_and_sent_back(dead, f"st_a{mark}", verified="last_anchor")
    assert work.reason.startswith("no verified head: ")

    def written() -> bool | None:
        found = world.call("GET", f"/reports/refunds/exports/{export.export_id}").json()
        return found.get("status") == "ready" or None

    until(written, "the export is written")
    # Work that was already done is not repeated.
    for studio_id, sold in ((PLATFORM_STUDIO, order_id), (DIRECT_STUDIO, direct)):
        kinds = [entry["kind"] for entry in world.entries_of(sold, studio_id)]
        assert kinds == ["sale", "refund"]
    fees = world.stripe("GET", f"application_fees/{direct.replace('ord_', 'fee_')}")
    assert fees["amount_refunded"] == 1500

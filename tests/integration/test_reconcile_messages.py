"""The function's messages: garbage is parked with its reason, and the others are processed."""

import json
import uuid
from importlib import import_module
from typing import Any

import pytest

from shared.clock import rfc3339
from shared.gateways.queues import ParkedMessages
from tests.integration.poisoned import SETTINGS
from tests.integration.reconcile_desk import ReconcileDesk
from tests.lambda_context import LambdaContext

pytestmark = pytest.mark.stack


@pytest.fixture
def handler(direct_desk: ReconcileDesk, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401  # a module
    """The function's handler with this studio's tables and queues."""
    for setting in (*SETTINGS, "RECONCILE_QUEUE_URL", "RECONCILE_DLQ_URL"):
        monkeypatch.setenv(setting, SETTINGS.get(setting, "replaced"))
    monkeypatch.setenv("CHARGE_QUEUE_URL", "replaced")
    found = import_module("functions.reconcile.handler")
    sqs = direct_desk.backend.sqs
    dead = sqs.create_queue(
        QueueName=f"reconcile-{uuid.uuid4().hex}-dlq.fifo", Attributes={"FifoQueue": "true"}
    )
    monkeypatch.setattr(found, "reconcile_account", direct_desk.reconcile_account)
    monkeypatch.setattr(found, "dispatch_accounts", direct_desk.dispatch)
    monkeypatch.setattr(found, "operator_command", direct_desk.operator)
    monkeypatch.setattr(found, "parked", ParkedMessages(sqs, dead["QueueUrl"]))
    monkeypatch.setattr(found, "dead_url", dead["QueueUrl"], raising=False)
    return found


def record(body: str, receives: int = 1) -> dict[str, Any]:
    return {
        "messageId": uuid.uuid4().hex,
        "receiptHandle": "r",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": "1796040000000",
            "MessageGroupId": "acct_1",
        },
        "eventSource": "aws:sqs",
    }


GOOD = {
    "account_id": "platform",
    "asked_by": "schedule",
    "asked_at": "2026-11-30T12:00:00.000Z",
    "since": "2026-11-30T12:00:00.000Z",
}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "the body is not JSON"),
        (json.dumps([GOOD]), "the body is not an object"),
        (json.dumps(GOOD | {"account_id": ""}), "no account_id"),
        (json.dumps(GOOD | {"account_id": 7}), "no account_id"),
        (json.dumps(GOOD | {"asked_by": "nobody"}), "'nobody' is not a valid AskedBy"),
        (json.dumps(GOOD | {"since": "noon"}), "Invalid isoformat string: 'noon'"),
        (json.dumps(GOOD | {"asked_at": "2026-11-30"}), "2026-11-30 has no time zone"),
        (json.dumps(GOOD | {"account_id": "acct_x#STUDIO"}), "there is no account acct_x#STUDIO"),
    ],
)
def test_a_message_that_can_never_work_is_parked_with_its_reason(
    handler: Any,  # noqa: ANN401  # the fixture
    direct_desk: ReconcileDesk,
    body: str,
    reason: str,
) -> None:
    direct_desk.dispatch(time_is_up=lambda: False)
    event = {"Records": [record(body), record(json.dumps(GOOD))]}
    answer = handler.lambda_handler(event, LambdaContext())
    assert answer["batchItemFailures"] == []
    assert answer["done"] == {"AccountMessageUnreadable": 1, "AccountReconciled": 1}
    (parked,) = direct_desk.backend.sqs.receive_message(
        QueueUrl=handler.dead_url, MessageAttributeNames=["All"]
    )["Messages"]
    assert parked["Body"] == body
    assert parked["MessageAttributes"]["parked_reason"]["StringValue"] == reason


# An operator's question counts nothing.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_the_schedules_event_announces_and_a_worker_answers_with_its_outcome(
    handler: Any,  # noqa: ANN401  # the fixture
    direct_desk: ReconcileDesk,
) -> None:
    announced = handler.lambda_handler({"due_only": True}, LambdaContext())
    assert announced == {"announced": 2, "complete": True}
    at = rfc3339(direct_desk.backend.clock())
    body = json.dumps(GOOD | {"asked_at": at, "since": at})
    answer = handler.lambda_handler({"Records": [record(body)]}, LambdaContext())
    assert answer == {"batchItemFailures": [], "done": {"AccountReconciled": 1}}
    asked = handler.lambda_handler({"ask": {}}, LambdaContext())
    assert asked["accounts"][0] == "platform"
    wanted = {"accounts": asked["accounts"], "asked_at": asked["asked_at"]}
    assert handler.lambda_handler({"results": wanted}, LambdaContext()) == {"ended": {}}
    assert handler.lambda_handler({"foreign": {}}, LambdaContext()) == {"foreign": []}

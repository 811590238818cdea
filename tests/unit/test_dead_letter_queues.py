"""Every queue has a dead-letter queue with an alarm, and the operator command knows it."""

from infra.operate.dead_letter_queues import QUEUES
from shared.edge.sqs import EXPORT_TRIES, TRIES
from tests.bench.start_up import template

RESOURCES = template()["Resources"]
QUEUE_NAMES = {
    "AdjustQueue": "adjust",
    "FeeRefundQueue": "fee_refund",
    "ChargeQueue": "charge",
    "PayoutQueue": "payout",
    "ReconcileQueue": "reconcile",
    "ResumeQueue": "resume",
    "AnchorQueue": "anchor",
    "ExportQueue": "export",
    "MailEventQueue": "mail_event",
}
TRIES_OF = dict.fromkeys(QUEUES, TRIES) | {"export": EXPORT_TRIES}


def test_every_queue_is_known_and_parks_before_sqs_moves_what_failed() -> None:
    queues = {
        name: each["Properties"]
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in each["Properties"]
    }
    assert {QUEUE_NAMES[name] for name in queues} == QUEUES.keys()
    for name, queue in queues.items():
        assert queue["RedrivePolicy"]["maxReceiveCount"] == TRIES_OF[QUEUE_NAMES[name]] + 1


# Not dead-letter queues: nothing reads them but people.
FOR_PEOPLE = {"FailedRuns", "FailedBackups", "OutsideWrites"}


def test_every_dead_letter_queue_raises_an_alarm_at_its_first_message() -> None:
    queues = [
        name
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" not in each["Properties"]
    ]
    assert set(queues) >= FOR_PEOPLE
    assert len(queues) == len(QUEUES) + len(FOR_PEOPLE)
    for name in queues:
        alarm = RESOURCES[f"{name}Alarm"]["Properties"]
        assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        assert alarm["Dimensions"][0]["Value"].endswith(f"/{name}.QueueName")
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
        assert alarm["AlarmActions"]

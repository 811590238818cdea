"""SES's events through the deployed queue and function: to the order, and to nobody's log."""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, Json, until
from tests.ses_events import RECIPIENT, ses_event

pytestmark = pytest.mark.stack


class Sent:
    """A message that was sent over the API, and what SES says about it."""

    def __init__(self, world: DeployedStack) -> None:
        self.world = world
        self.email = f"{uuid.uuid4().hex}@mail.example"
        self.order_id = world.sell(parent={"name": "Wilhelmina Testparent", "email": self.email})
        refund = world.refund(self.order_id, {"type": "partial", "amount": 2500})
        body = {"template": "refund_confirmation", "refund_id": refund["refund_id"]}
        path = f"/orders/{self.order_id}/messages"
        answer = world.call("POST", path, body, headers={"Idempotency-Key": self.order_id})
        assert answer.status_code == 201, answer.text
        self.message: Json = answer.json()

    def event(self, kind: str, **changes: object) -> str:
        ids = {"studio_id": PLATFORM_STUDIO, "order_id": self.order_id}
        ids["message_id"] = self.message["message_id"]
        return ses_event(kind, ids, self.message["ses_message_id"], **changes)

    def report(self, kind: str, **changes: object) -> None:
        self.put(self.event(kind, **changes))

    def put(self, body: str) -> None:
        url = self.world.stack.queues["mail_event"]
        self.world.stack.aws.sqs.send_message(QueueUrl=url, MessageBody=body)

    def order(self) -> Json:
        return dict(self.world.call("GET", f"/orders/{self.order_id}").json())

    def await_delivery(self, status: str) -> Json:
        def there() -> Json | None:
            order = self.order()
            delivery = order["messages"][0]["delivery"]
            return order if delivery is not None and delivery["status"] == status else None

        return until(there, f"the message is {status}")

    def attention(self) -> list[Json]:
        items = self.world.call("GET", "/attention").json()["items"]
        return [each for each in items if each["order_id"] == self.order_id]


@pytest.fixture
def sent(world: DeployedStack) -> Sent:
    return Sent(world)


def test_a_delivery_is_in_the_order_and_its_timeline(sent: Sent) -> None:
    assert sent.order()["messages"][0]["delivery"] is None
    sent.report("Delivery")
    order = sent.await_delivery("delivered")
    (event,) = [each for each in order["timeline"] if each["kind"] == "message_delivery"]
    assert (event["status"], event["detail"]) == ("delivered", "delivered")
    assert event["about"] == sent.message["message_id"]
    assert sent.attention() == []


def test_a_bounce_needs_attention_until_it_is_dismissed(sent: Sent) -> None:
    sent.report("Bounce")
    sent.report("Bounce")
    order = sent.await_delivery("bounced")
    assert order["messages"][0]["delivery"]["detail"] == "bounced: mailbox does not exist"
    (item,) = until(lambda: sent.attention() or None, "the bounce is on the list")
    assert item["kind"] == "message_bounced"
    assert "mailbox does not exist" in item["detail"]
    assert item["actions"] == ["dismiss", "open_order"]
    path = f"/orders/{sent.order_id}/messages/{sent.message['message_id']}/dismissal"
    for _ in range(2):
        answer = sent.world.call("POST", path, {"note": "Called the parent."})
        assert answer.status_code == 200, answer.text
    assert answer.json()["delivery"]["dismissed_by"] == "owner.st_lakeside"
    until(lambda: sent.attention() == [] or None, "the bounce left the list")
    kinds = [each["kind"] for each in sent.order()["timeline"]]
    assert kinds.count("message_delivery") == kinds.count("message_dismissed") == 1


def test_a_complaint_is_on_the_list_too(sent: Sent) -> None:
    sent.report("Complaint")
    sent.await_delivery("complained")
    (item,) = until(lambda: sent.attention() or None, "the complaint is on the list")
    assert item["kind"] == "message_complained"


def test_a_message_without_a_failed_delivery_is_not_dismissed(sent: Sent) -> None:
    path = f"/orders/{sent.order_id}/messages/{sent.message['message_id']}/dismissal"
    answer = sent.world.call("POST", path)
    assert (answer.status_code, answer.json()["code"]) == (409, "delivery_not_failed")
    stranger = sent.world.call("POST", path, studio_id=DIRECT_STUDIO)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "order_not_found")


def test_the_preview_warns_about_the_address_that_bounced(sent: Sent) -> None:
    sent.report("Bounce")
    sent.await_delivery("bounced")
    about = {"template": "refund_confirmation", "refund_id": sent.message["refund_id"]}
    preview = sent.world.call("POST", f"/orders/{sent.order_id}/messages/preview", about).json()
    assert [each["code"] for each in preview["notices"]] == ["last_message_failed"]
    assert preview["warnings"] == []
    suppress = sent.world.stack.aws.mail.put_suppressed_destination
    suppress(EmailAddress=sent.email, Reason="COMPLAINT")
    preview = sent.world.call("POST", f"/orders/{sent.order_id}/messages/preview", about).json()
    assert [each["code"] for each in preview["notices"]] == [
        "address_suppressed",
        "last_message_failed",
    ]


def test_a_malformed_event_is_parked_without_its_addresses(sent: Sent) -> None:
    mark = uuid.uuid4().hex
    broken: dict[str, Any] = json.loads(sent.event("Bounce"))
    broken["detail"]["bounce"]["timestamp"] = mark
    sent.put(json.dumps(broken))

    # Other tests park events of their own.
    reason = "detail.bounce.timestamp: datetime_parsing"

    def parked() -> Json | None:
        found = (each for each in receive_parked(sent.world) if reason_of(each) == reason)
        return next(found, None)

    letter = until(parked, "the event is parked")
    assert letter["Body"] == "{}"
    assert mark not in json.dumps(letter)


def receive_parked(world: DeployedStack) -> list[Any]:
    """Return parked events. Without a timeout, other readers receive them at once."""
    return list(
        world.stack.aws.sqs.receive_message(
            QueueUrl=world.stack.queues["mail_event_dlq"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
    )


def reason_of(letter: Any) -> str:  # noqa: ANN401  # SQS's answer
    return str(letter["MessageAttributes"]["parked_reason"]["StringValue"])


def test_no_address_is_logged(sent: Sent) -> None:
    sent.report("Bounce")
    sent.await_delivery("bounced")

    def logged() -> list[Json] | None:
        lines = sent.world.log_lines("mail_events")
        return [each for each in lines if each.get("order_id") == sent.order_id] or None

    lines = until(logged, "the event in the log")
    assert [each["status"] for each in lines if each["message"] == "mail event"] == ["bounced"]
    everything = json.dumps(sent.world.log_lines("mail_events"))
    assert RECIPIENT not in everything
    assert "@" not in everything


def test_only_our_rule_may_send_to_the_queue(world: DeployedStack) -> None:
    url = world.stack.queues["mail_event"]
    attributes = world.stack.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    (statement,) = json.loads(attributes["Attributes"]["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    events = world.stack.aws.session.client("events", endpoint_url=world.stack.aws.endpoint_url)
    rules = [each for each in events.list_rules()["Rules"] if "MailEventRule" in each["Name"]]
    (rule,) = rules
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}
    pattern = json.loads(rule["EventPattern"])
    assert pattern["source"] == ["aws.ses"]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].rpartition(":")[2] == url.rpartition("/")[2]
    # Only AWS can put an event with this source on the bus.
    forged = {"Source": "aws.ses", "DetailType": "Email Bounced", "Detail": "{}"}
    assert events.put_events(Entries=[forged])["FailedEntryCount"] == 1


def test_ses_reports_each_event_of_this_stacks_mail_and_no_opens(world: DeployedStack) -> None:
    name = world.environment("send_message")["MAIL_CONFIGURATION_SET"]
    found = world.stack.aws.mail.get_configuration_set_event_destinations(ConfigurationSetName=name)
    (destination,) = found["EventDestinations"]
    assert destination["Enabled"]
    assert set(destination["MatchingEventTypes"]) == {
        *("BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY", "REJECT", "RENDERING_FAILURE")
    }

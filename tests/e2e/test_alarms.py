"""Alarms go to two topics, and the operator learns if nobody gets them."""

from pathlib import Path

import pytest

from infra.local.deployment import STACK_NAME
from infra.local.stack import Stack
from tests.e2e.world import DeployedStack, until
from tests.operate import operate, outputs_of, use_local_stack

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_local_stack(stack, tmp_path, monkeypatch)


def test_the_operator_is_warned_until_each_topic_has_a_subscriber(stack: Stack) -> None:
    first = operate("alarms")
    assert first.exit_code == 0
    assert "Deploy with PageEmail=<address>." in first.stderr
    assert "Deploy with TicketEmail=<address>." in first.stderr

    topic = outputs_of(stack)["TicketTopicArn"]
    subscribed = stack.aws.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",  # confirmed at once, unlike an address
        Endpoint="arn:aws:sqs:us-east-1:000000000000:tickets",
        ReturnSubscriptionArn=True,
    )
    try:
        second = operate("alarms")
        assert "PageEmail" in second.stderr
        assert "TicketEmail" not in second.stderr
    finally:
        stack.aws.sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])


def test_an_alarm_that_is_on_is_shown_with_what_to_do(stack: Stack) -> None:
    cloudwatch = stack.aws.cloudwatch
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    name = next(
        each["AlarmName"]
        for page in pages
        for each in page["MetricAlarms"]
        if "PayoutLateAlarm" in each["AlarmName"]
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    try:
        shown = operate("alarms").stdout
        assert name in shown
        assert "A payout that is late in docs/operations.md" in " ".join(shown.split())
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")


@pytest.mark.parametrize(
    ("function", "metric"),
    [
        ("payout_adjust", "LedgerLag"),
        ("stripe_webhook", "EventReceived"),
        ("refund_request", "StripeAnswered"),
    ],
)
def test_a_refund_publishes_what_alarms_and_dashboards_need(
    world: DeployedStack, function: str, metric: str
) -> None:
    world.await_status(world.refund(world.sell(), {"type": "full"}), "settled")

    def published() -> bool | None:
        return any(metric in line for line in world.log_lines(function)) or None

    until(published, f"{function} publishes {metric}")


@pytest.mark.parametrize("name", ["business", "technical"])
def test_a_dashboard_is_deployed_with_the_stacks_own_metrics(stack: Stack, name: str) -> None:
    shown = stack.aws.cloudwatch.get_dashboard(DashboardName=f"{STACK_NAME}-{name}")
    assert f"PPS/Refunds/{STACK_NAME}" in shown["DashboardBody"]
    assert "${" not in shown["DashboardBody"]

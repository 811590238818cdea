"""``alarms``: shows which alarms are on, and whether anybody gets them."""

from typing import Any

from infra.operate.options import AsJson, StackName
from infra.operate.output import print_json, print_line, print_table, warn
from infra.operate.stack import OperatedStack, find_stack

# The topics by their outputs, and the parameter that subscribes an address.
_TOPICS = {
    "PageTopicArn": ("pages, for what cannot wait", "PageEmail"),
    "TicketTopicArn": ("tickets", "TicketEmail"),
}
# SNS names a subscription so until somebody has followed the link in its mail:
# https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
_PENDING = "PendingConfirmation"

_COLUMNS = ("alarm", "since", "what to do")


def alarms(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Show the alarms that are on, and warn if nobody gets them."""
    operated = find_stack(stack)
    unheard = {name: _unheard(operated, name) for name in _TOPICS}
    on = _alarms_that_are_on(operated)
    if as_json:
        heard = {name: reason is None for name, reason in unheard.items()}
        print_json({"on": on, "subscribed": heard})
    elif on:
        print_table(_COLUMNS, ((each["alarm"], each["since"], each["description"]) for each in on))
    else:
        print_line("No alarm is on.")
    for reason in unheard.values():
        if reason is not None:
            warn(reason)


def _unheard(stack: OperatedStack, output: str) -> str | None:
    """Return why nobody gets a topic's messages, in words, or None if somebody does."""
    purpose, parameter = _TOPICS[output]
    sns = stack.aws.sns
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=stack.output(output))
    found = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    if not found:
        return f"Nobody gets {purpose}. Deploy with {parameter}=<address>."
    if all(each == _PENDING for each in found):
        return f"Nobody gets {purpose} yet. Follow the link in the mail that SNS has sent."
    return None


def _alarms_that_are_on(stack: OperatedStack) -> list[dict[str, Any]]:
    cloudwatch = stack.aws.cloudwatch
    topics = {stack.output(output) for output in _TOPICS}
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        StateValue="ALARM", AlarmTypes=["MetricAlarm"]
    )
    return [
        {
            "alarm": each["AlarmName"],
            "since": each["StateUpdatedTimestamp"].isoformat(timespec="seconds"),
            "description": each.get("AlarmDescription", ""),
        }
        for page in pages
        for each in page["MetricAlarms"]
        if topics & set(each.get("AlarmActions", []))
    ]

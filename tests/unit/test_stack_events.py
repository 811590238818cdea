"""A failed deployment names the resource that failed first, and AWS's reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.stub import Stubber

from infra.stack_events import StackEvents

QUEUE = "AWS::SQS::Queue"
STACK = "AWS::CloudFormation::Stack"
CANCELED = "cancel" + "led"  # as AWS spells it
NO_STACK = "Stack [pps-refunds] does not exist"

# What CloudFormation records, oldest first.
FAILED_UPDATE = [
    ("pps-refunds", STACK, "UPDATE_IN_PROGRESS", "User Initiated"),
    ("AdjustQueue", QUEUE, "UPDATE_IN_PROGRESS", None),
    ("ExportQueue", QUEUE, "CREATE_IN_PROGRESS", None),
    ("ExportQueue", QUEUE, "CREATE_FAILED", f"Resource creation {CANCELED}"),
    ("AdjustQueue", QUEUE, "UPDATE_FAILED", "Invalid value for\nVisibilityTimeout. (Status 400)"),
    ("ReconcileQueue", QUEUE, "UPDATE_FAILED", f"Resource update {CANCELED}"),
    ("PayoutQueue", QUEUE, "CREATE_FAILED", "A second failure"),
    ("pps-refunds", STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
    ("AdjustQueue", QUEUE, "UPDATE_FAILED", "A failure of the rollback"),
    ("pps-refunds", STACK, "UPDATE_ROLLBACK_FAILED", "The following resource(s) failed"),
]


def events(
    recorded: Sequence[tuple[str, str, str, str | None]], first_id: int
) -> list[dict[str, Any]]:
    """Return events as CloudFormation answers them, the newest first."""
    found = [
        {
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/pps-refunds/1",
            "EventId": str(number),
            "StackName": "pps-refunds",
            "LogicalResourceId": name,
            "ResourceType": kind,
            "Timestamp": datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=number),
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
        }
        for number, (name, kind, status, reason) in enumerate(recorded, first_id)
    ]
    return found[::-1]


def first_failure(before: list[dict[str, Any]], afterwards: list[dict[str, Any]]) -> str | None:
    """Return the first failure of a deployment, by the stack's events before and after it."""
    client = boto3.client(
        "cloudformation",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    with Stubber(client) as stub:
        if before:
            stub.add_response("describe_stack_events", {"StackEvents": before})
        else:
            stub.add_client_error("describe_stack_events", "ValidationError", NO_STACK)
        watched = StackEvents(client, "pps-refunds")
        # Two pages, as a real stack of this size has.
        half = len(afterwards) // 2
        stub.add_response(
            "describe_stack_events", {"StackEvents": afterwards[:half], "NextToken": "2"}
        )
        stub.add_response("describe_stack_events", {"StackEvents": afterwards[half:]})
        return watched.first_failure()


CAUSE = "AdjustQueue (AWS::SQS::Queue): Invalid value for VisibilityTimeout. (Status 400)"


def test_the_first_resource_that_failed_is_named_with_its_reason_in_one_line() -> None:
    assert first_failure([], events(FAILED_UPDATE, 1)) == CAUSE


def test_a_failure_of_an_earlier_deployment_is_not_repeated() -> None:
    earlier = events(FAILED_UPDATE, 1)
    assert first_failure(earlier, earlier) is None
    fixed = [("AdjustQueue", QUEUE, "UPDATE_COMPLETE", None)]
    assert first_failure(earlier, events(fixed, 100) + earlier) is None


def test_another_failure_after_an_earlier_one_is_the_one_that_is_named() -> None:
    earlier = events([("OldQueue", QUEUE, "CREATE_FAILED", "An old reason")], 1)
    assert first_failure(earlier, events(FAILED_UPDATE, 100) + earlier) == CAUSE

"""``failed-runs``: shows the scheduled runs that failed, and clears them."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.operate.options import AsJson, StackName
from infra.operate.output import print_json, print_table
from infra.operate.stack import find_stack
from shared.clock import rfc3339

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
# So long does one look hide the records from another one.
_HELD_SECONDS = 30


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A scheduled run that failed, as Lambda's destination record describes it.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html

    Attributes:
        failed_at: When Lambda gave it up, RFC 3339.
        function: The function's name in AWS.
        condition: Why Lambda gave it up, such as ``RetriesExhausted`` or ``EventAgeExceeded``.
        error: The error's type, or an empty string if the run never began.
        request_id: Lambda's id of the run, which its log has.
        receipt: SQS's handle of the record.
    """

    failed_at: str
    function: str
    condition: str
    error: str
    request_id: str
    receipt: str

    @classmethod
    def received(cls, message: Any) -> "FailedRun":  # noqa: ANN401  # SQS's answer
        """Return the run that a message from the queue describes."""
        record = json.loads(message["Body"])
        context = record["requestContext"]
        failed_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
        # arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]
        function = context["functionArn"].split(":")[6]
        return cls(
            failed_at=rfc3339(failed_at),
            function=function,
            condition=context["condition"],
            error=(record.get("responsePayload") or {}).get("errorType", ""),
            request_id=context.get("requestId", ""),
            receipt=message["ReceiptHandle"],
        )


def failed_runs(
    stack: StackName = None,
    *,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove the runs that are shown, which ends the alarm.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the scheduled runs that failed in the last two weeks, oldest first."""
    operated = find_stack(stack)
    sqs, url = operated.aws.sqs, operated.output("FailedRunsUrl")
    runs = sorted(_received(sqs, url), key=lambda run: run.failed_at)
    shown = [{key: each for key, each in asdict(run).items() if key != "receipt"} for run in runs]
    if as_json:
        print_json(shown)
    else:
        columns = ("failed_at", "function", "condition", "error", "request_id")
        print_table(columns, ([run[name] for name in columns] for run in shown))
    for run in runs:
        if clear:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=run.receipt)
        else:
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=run.receipt, VisibilityTimeout=0
            )


def _received(sqs: "SQSClient", url: str) -> Iterator[FailedRun]:
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_BATCH,
        VisibilityTimeout=_HELD_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp"],
    ).get("Messages"):
        yield from map(FailedRun.received, messages)

"""Show, fix, send back or discard the messages that were put aside.

``python -m infra.operate.dead_letters`` works on the local stack; with ``--stack`` on one in AWS,
with the credentials of the environment. A message is taken off its dead-letter queue only after
what replaces it was sent; sending one back twice does no harm, because each says only which record
to look at.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import boto3
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.local.stack import Stack as LocalStack
from infra.operate.failure import Failure
from shared.clock import rfc3339, utc_now
from shared.domain.parked import ParkedMessage
from shared.edge.sqs import MalformedMessageError, message_from
from shared.gateways.exports import ExportRequest
from shared.gateways.parked_messages import ParkedRecords
from shared.gateways.queues import (
    ADJUST_FIELDS,
    FEE_REFUND_FIELDS,
    PARKED_GROUP,
    PARKED_ID,
    PARKED_REASON,
    ParkedMessages,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_BATCH = 10
# For as long as a command looks at them, nobody else sees the messages.
_HELD_SECONDS = 60

# Each queue, and what its messages must say.
QUEUES = {
    "adjust": ADJUST_FIELDS,
    "fee_refund": FEE_REFUND_FIELDS,
    "export": tuple(each.name for each in fields_of(ExportRequest)),
}
_DIED = "none given: the function died or ran out of time, see its log"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was put aside.

    Attributes:
        queue: The queue it was on, a key of ``QUEUES``.
        message_id: Its id in the dead-letter queue.
        body: As it was received.
        group: Its message group on its queue, or empty.
        parked_id: Its id on its queue.
    """

    queue: str
    message_id: str
    body: str
    reason: str
    group: str
    parked_id: str
    sent_at: datetime
    receipt: str

    @classmethod
    def received(cls, queue: str, message: Any) -> "DeadLetter":  # noqa: ANN401  # SQS's answer
        """Return the letter of a received message: one that we parked, or that SQS moved."""
        system = message["Attributes"]
        said = {
            name: value["StringValue"]
            for name, value in message.get("MessageAttributes", {}).items()
        }
        return cls(
            queue=queue,
            message_id=message["MessageId"],
            body=message["Body"],
            reason=said.get(PARKED_REASON, _DIED),
            # What SQS moves keeps its group; what we park has one of its own.
            group=said.get(
                PARKED_GROUP, "" if PARKED_ID in said else system.get("MessageGroupId", "")
            ),
            parked_id=said.get(PARKED_ID, message["MessageId"]),
            sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
            receipt=message["ReceiptHandle"],
        )

    def fields(self) -> dict[str, str]:
        """Return those of its queue's fields that the body has."""
        try:
            values = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        known = values if isinstance(values, dict) else {}
        return {name: str(known[name]) for name in QUEUES[self.queue] if name in known}

    def studio_id(self) -> str:
        """Return whose message it is, as far as it says."""
        group = self.group if self.queue == "adjust" else ""
        return self.fields().get("studio_id") or group or "unknown"


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead-letter queues of a stack.

    Attributes:
        sqs: A client.
        urls: The queues' URLs: ``adjust``, ``adjust_dlq`` and so on.
        records: What the studios are told of parked messages.
    """

    sqs: "SQSClient"
    urls: dict[str, str]
    records: ParkedRecords
    _removed: set[str] = field(default_factory=set)

    @contextmanager
    def held(self) -> Iterator[list[DeadLetter]]:
        """Hold all that was put aside, oldest first; what is left of it is released."""
        found: list[DeadLetter] = []
        try:
            for queue in QUEUES:
                found.extend(self._receive(queue))
            yield sorted(found, key=lambda letter: letter.sent_at)
        finally:
            for letter in found:
                if letter.receipt not in self._removed:
                    self.sqs.change_message_visibility(
                        QueueUrl=self._aside(letter),
                        ReceiptHandle=letter.receipt,
                        VisibilityTimeout=0,
                    )

    def redrive(self, letter: DeadLetter, by: str) -> None:
        """Put a message on the queue it came from, and only then take it off this one.

        Its deduplication id is one of its own: within five minutes of the first one SQS would
        swallow it.
        """
        url = self.urls[letter.queue]
        fifo: dict[str, Any] = {}
        if url.endswith(".fifo"):
            fifo = {
                "MessageGroupId": letter.group or letter.message_id,
                "MessageDeduplicationId": f"redrive-{letter.message_id}",
            }
        self.sqs.send_message(QueueUrl=url, MessageBody=letter.body, **fifo)
        self._record(letter, by, "sent back")
        self._remove(letter)

    def fix(self, letter: DeadLetter, changes: dict[str, str]) -> str:
        """Replace a message by one with other fields, still put aside, and return its id.

        Raises:
            MalformedMessageError: Even so it would not be what its queue takes.
        """
        unknown = changes.keys() - set(QUEUES[letter.queue])
        if unknown:
            raise MalformedMessageError(f"{letter.queue} has no {', '.join(sorted(unknown))}")
        body = json.dumps(letter.fields() | changes)
        message_from(body, *QUEUES[letter.queue])
        parked = ParkedMessages(self.sqs, self._aside(letter))
        fixed = parked.park(
            body, letter.parked_id, letter.reason, letter.group, fixed=f"-{letter.message_id}"
        )
        self._remove(letter)
        return fixed

    def discard(self, letter: DeadLetter, by: str, why: str) -> None:
        """Record who gave a message up and why, and only then take it off."""
        self._record(letter, by, f"discarded: {why}")
        self._remove(letter)

    def _receive(self, queue: str) -> Iterator[DeadLetter]:
        while messages := self.sqs.receive_message(
            QueueUrl=self.urls[f"{queue}_dlq"],
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HELD_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            for message in messages:
                yield DeadLetter.received(queue, message)

    def _record(self, letter: DeadLetter, by: str, resolution: str) -> None:
        self.records.resolve(
            ParkedMessage(
                parked_id=letter.parked_id,
                studio_id=letter.studio_id(),
                queue=self._aside(letter).rpartition("/")[2],
                reason=letter.reason,
                parked_at=rfc3339(letter.sent_at),
                resolved_at=rfc3339(utc_now()),
                resolved_by=by,
                resolution=resolution,
            )
        )

    def _remove(self, letter: DeadLetter) -> None:
        self.sqs.delete_message(QueueUrl=self._aside(letter), ReceiptHandle=letter.receipt)
        self._removed.add(letter.receipt)

    def _aside(self, letter: DeadLetter) -> str:
        return self.urls[f"{letter.queue}_dlq"]


Stack = Annotated[
    str | None, typer.Option("--stack", help="A stack in AWS; without it the local one.")
]
MessageId = Annotated[str, typer.Argument(help="The message, as `show` names it.")]
By = Annotated[str, typer.Option(help="Who you are, for the record; an id, not a name.")]


@app.command()
def show(stack: Stack = None) -> None:
    """List what was put aside: queue, age, ids and reason."""
    table = Table("message", "queue", "age", "ids", "reason")
    with _dead_letters(stack).held() as letters:
        for letter in letters:
            ids = [f"{name} {id_}" for name, id_ in letter.fields().items() if name.endswith("_id")]
            age = str(utc_now() - letter.sent_at).partition(".")[0]
            shown = (letter.message_id, letter.queue, age, "\n".join(ids), letter.reason)
            table.add_row(*(_printable(cell) for cell in shown))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@app.command()
def fix(
    message_id: MessageId,
    changes: Annotated[list[str], typer.Option("--set", help="FIELD=VALUE; several for several.")],
    stack: Stack = None,
) -> None:
    """Put other values into a message; it stays put aside, under the new id that is printed."""
    pairs = [each.partition("=") for each in changes]
    if not all(value for _, _, value in pairs):
        _fail("write --set FIELD=VALUE")
    fields = {name: value for name, _, value in pairs}
    with _one(_dead_letters(stack), message_id) as (dead, letter):
        try:
            fixed = dead.fix(letter, fields)
        except MalformedMessageError as error:
            _fail(f"that does not fix it: {error}")
    print(fixed)  # noqa: T201  # for the next command


@app.command()
def redrive(
    by: By,
    message_id: Annotated[
        str | None, typer.Argument(help="The message, as `show` names it.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Send all of them back.")] = False,
    stack: Stack = None,
) -> None:
    """Send one message back to its queue, or all; twice does no harm."""
    if everything == (message_id is not None):
        _fail("name one message, or --all")
    dead = _dead_letters(stack)
    with dead.held() as letters:
        chosen = [each for each in letters if everything or each.message_id == message_id]
        if not chosen and message_id is not None:
            _fail(f"there is no message {message_id}")
        for letter in chosen:
            dead.redrive(letter, by)
    print(f"{len(chosen)} sent back")  # noqa: T201  # what the command did


@app.command()
def discard(
    message_id: MessageId,
    by: By,
    why: Annotated[str, typer.Option(help="Why, for the record; nothing personal.")],
    stack: Stack = None,
) -> None:
    """Give a message up, with a reason; the books do not hang on it."""
    with _one(_dead_letters(stack), message_id) as (dead, letter):
        dead.discard(letter, by, why)


@contextmanager
def _one(dead: DeadLetters, message_id: str) -> Iterator[tuple[DeadLetters, DeadLetter]]:
    with dead.held() as letters:
        for letter in letters:
            if letter.message_id == message_id:
                yield dead, letter
                return
    _fail(f"there is no message {message_id}")


def _printable(text: str) -> str:
    """Return a text without what a terminal would obey: bodies may come from anywhere."""
    shown = "".join(each if each.isprintable() or each == "\n" else "�" for each in text)
    return escape(shown)


def _dead_letters(stack: str | None) -> DeadLetters:
    if stack is not None:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
        names = {"adjust": "Adjust", "fee_refund": "FeeRefund", "export": "Export"}
        urls = {queue: outputs[f"{name}QueueUrl"] for queue, name in names.items()}
        urls |= {f"{queue}_dlq": outputs[f"{name}DLQUrl"] for queue, name in names.items()}
        records = ParkedRecords(boto3.client("dynamodb"), outputs["OrdersTableName"])
        return DeadLetters(boto3.client("sqs"), urls, records)
    try:
        local = LocalStack.running()
    except Failure as failure:
        _fail(str(failure))
    records = ParkedRecords(local.aws.dynamodb, local.tables["orders"])
    return DeadLetters(local.aws.sqs, dict(local.queues), records)


def _fail(reason: str) -> NoReturn:
    print(f"dead-letters: {reason}", file=sys.stderr)  # noqa: T201  # a command's error line
    raise typer.Exit(1)


if __name__ == "__main__":
    app()

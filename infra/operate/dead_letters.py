"""``dead-letters``: shows, fixes, sends back and discards messages in the dead-letter queues."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.dead_letter_queues import DeadLetter, DeadLetters
from infra.operate.options import AsJson, By, StackName, Why
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import find_stack
from shared.clock import rfc3339, utc_now
from shared.edge.sqs import MalformedMessageError

app = typer.Typer(
    help="Show, fix, send back or discard failed messages.",
    rich_markup_mode=None,
)

MessageId = Annotated[str, typer.Argument(help="The message's id, from `show`.")]


@app.command()
def show(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """List the messages: id, queue, age, ids in the message, reason."""
    with DeadLetters.of_stack(find_stack(stack)).held() as letters:
        if as_json:
            print_json([_described(letter) for letter in letters])
            return
        print_table(("message", "queue", "age", "ids", "reason"), map(_row, letters))


@app.command()
def fix(
    message_id: MessageId,
    changes: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="A new value; repeatable.")
    ],
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Change a message's fields and print its new id.

    The message stays in the dead-letter queue.
    """
    pairs = [each.partition("=") for each in changes]
    if not all(value for _, _, value in pairs):
        raise typer.BadParameter("write --set FIELD=VALUE")
    fields = {name: value for name, _, value in pairs}
    with _held_message(stack, message_id) as (dead, letter):
        try:
            fixed_id = dead.fix(letter, fields)
        except MalformedMessageError as error:
            raise Failure(f"The message would still be malformed: {error}") from error
    if as_json:
        print_json({"message_id": fixed_id})
    else:
        print_line(fixed_id)


@app.command()
def redrive(
    by: By,
    message_id: Annotated[str | None, typer.Argument(help="The message's id, from `show`.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Send all messages back.")] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Send one message, or all, back to where it failed.

    Sending a message twice does no harm.
    """
    if everything == (message_id is not None):
        raise typer.BadParameter("name one message, or write --all")
    dead = DeadLetters.of_stack(find_stack(stack))
    with dead.held() as letters:
        chosen = [each for each in letters if everything or each.message_id == message_id]
        if not chosen and message_id is not None:
            raise _no_message(message_id)
        for letter in chosen:
            dead.redrive(letter, by)
    if as_json:
        print_json({"sent_back": [letter.message_id for letter in chosen]})
    else:
        print_line(f"{len(chosen)} sent back")


@app.command()
def discard(
    message_id: MessageId, by: By, why: Why, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Remove a message for good and record why.

    The books do not depend on it.
    """
    with _held_message(stack, message_id) as (dead, letter):
        dead.discard(letter, by, why)
    if as_json:
        print_json({"discarded": [message_id]})
    else:
        print_line("1 discarded")


@contextmanager
def _held_message(stack: str | None, message_id: str) -> Iterator[tuple[DeadLetters, DeadLetter]]:
    """Hold one message for as long as the context lasts.

    Raises:
        Failure: There is no such message.
    """
    dead = DeadLetters.of_stack(find_stack(stack))
    with dead.held() as letters:
        for letter in letters:
            if letter.message_id == message_id:
                yield dead, letter
                return
    raise _no_message(message_id)


def _no_message(message_id: str) -> Failure:
    return Failure(
        f"There is no message {message_id}. `dead-letters show` lists all of them; another "
        "operation hides messages for up to a minute."
    )


def _described(letter: DeadLetter) -> dict[str, object]:
    # Never the body: it may contain anything, also personal data.
    return {
        "message_id": letter.message_id,
        "queue": letter.queue,
        "parked_at": rfc3339(letter.sent_at),
        "studio_id": letter.studio_id(),
        "ids": letter.ids(),
        "reason": letter.reason,
    }


def _row(letter: DeadLetter) -> tuple[str, ...]:
    age = str(utc_now() - letter.sent_at).partition(".")[0]
    ids = "\n".join(f"{name} {value}" for name, value in letter.ids().items())
    return letter.message_id, letter.queue, age, ids, letter.reason

"""Queue messages: how a batch is processed, how JSON is checked, and how failed ones are parked."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from shared.edge.observability import count, logger

if TYPE_CHECKING:
    from shared.gateways.queues import ParkedMessages

# How often a message is tried. SQS's own limit, in the template, is one higher. It is for functions
# that crash, because SQS records no reason when it parks a message.
TRIES = 5
EXPORT_TRIES = 3


class MalformedMessageError(Exception):
    """The message's body does not have the form that this product sends."""


class BatchFailedError(Exception):
    """All messages of a batch failed. Lambda counts an error, and SQS delivers them all again."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message as Lambda hands it over.

    Attributes:
        message_id: SQS's id of it.
        body: As it was sent.
        receive_count: How often it was received, this time included.
        sent_ms: When it was sent, in milliseconds since 1970.
        group: Its message group, if its queue has groups.
    """

    message_id: str
    body: str
    receive_count: int
    sent_ms: int
    group: str | None = None


class BatchAnswer(TypedDict):
    """What a function tells Lambda about a batch.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """

    batchItemFailures: list[dict[str, str]]


def messages_of(event: Mapping[str, Any]) -> list[QueueMessage]:
    """Return the messages of a batch: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    return [
        QueueMessage(
            record["messageId"],
            record["body"],
            int(record["attributes"]["ApproximateReceiveCount"]),
            int(record["attributes"]["SentTimestamp"]),
            record["attributes"].get("MessageGroupId"),
        )
        for record in event["Records"]
    ]


def process_each(
    messages: Iterable[QueueMessage], process: Callable[[QueueMessage], None]
) -> BatchAnswer:
    """Process messages one by one, and return which failed, so that SQS delivers those again.

    An error of one message stops no other.

    Raises:
        BatchFailedError: All of them failed.
    """
    messages, failed = list(messages), []
    for message in messages:
        try:
            process(message)
        except Exception as error:  # noqa: BLE001  # whatever it is, SQS delivers the message again
            reason = type(error).__name__
            logger.warning("message failed", message_id=message.message_id, reason=reason)
            failed.append({"itemIdentifier": message.message_id})
    if messages and len(failed) == len(messages):
        raise BatchFailedError(f"all {len(failed)} messages failed")
    return {"batchItemFailures": failed}


def message_from(body: str, *names: str) -> dict[str, str]:
    """Return the message's fields.

    Args:
        body: The message's body.
        names: The fields it must have, each a non-empty string.

    Raises:
        MalformedMessageError: The body is not JSON, or a field is missing.
    """
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise MalformedMessageError("the body is not JSON") from error
    if not isinstance(values, dict):
        raise MalformedMessageError("the body is not an object")
    for name in names:
        if not isinstance(values.get(name), str) or not values[name]:
            raise MalformedMessageError(f"no {name}")
    return {name: values[name] for name in names}


@contextmanager
def dead_letter_failures(  # noqa: PLR0913  # each function on a queue differs in some of them
    message: QueueMessage,
    parked: "ParkedMessages",
    permanent: type[Exception],
    *,
    tries: int = TRIES,
    on_parked: Callable[[QueueMessage, str], None] | None = None,
    parked_body: Callable[[QueueMessage], str] = lambda message: message.body,
) -> Iterator[None]:
    """Park a message that can never succeed, or that fails its last try.

    An earlier failure is raised, and SQS delivers the message again.

    Args:
        message: The message that is processed inside the context.
        parked: The dead-letter queue.
        permanent: The error that no retry can fix. A malformed message is always permanent.
        tries: How often a message is tried.
        on_parked: Called with the message and the reason after it is parked.
        parked_body: Returns what to keep of a message with personal data in it.
    """
    try:
        yield
    except (MalformedMessageError, permanent) as error:
        reason = str(error)
    except Exception as error:
        if message.receive_count < tries:
            raise
        logger.exception("failed the last try")
        reason = f"failed {tries} times, at last with {type(error).__name__}"
    else:
        return
    parked.park(parked_body(message), message.message_id, reason, message.group)
    if on_parked is not None:
        on_parked(message, reason)
    count("MessageParked")
    logger.error("message parked", reason=reason, message_id=message.message_id)

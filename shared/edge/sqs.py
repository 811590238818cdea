"""Queue messages: how their JSON is checked, and how failed ones are parked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.edge.observability import count, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from shared.gateways.queues import ParkedMessages

# How often a message is tried. SQS's own limit, in the template, is one higher. It is for functions
# that crash, because SQS records no reason when it parks a message.
TRIES = 5
EXPORT_TRIES = 3


class MalformedMessageError(Exception):
    """The message's body does not have the form that this product sends."""


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
    record: "SQSRecord",
    parked: "ParkedMessages",
    permanent: type[Exception],
    *,
    tries: int = TRIES,
    on_parked: "Callable[[SQSRecord, str], None] | None" = None,
    parked_body: "Callable[[SQSRecord], str]" = lambda record: record.body,
) -> Iterator[None]:
    """Park a message that can never succeed, or that fails its last try.

    An earlier failure is raised, and SQS delivers the message again.

    Args:
        record: The message that is processed inside the context.
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
        if int(record.attributes.approximate_receive_count) < tries:
            raise
        logger.exception("failed the last try")
        reason = f"failed {tries} times, at last with {type(error).__name__}"
    else:
        return
    parked.park(parked_body(record), record.message_id, reason, record.attributes.message_group_id)
    if on_parked is not None:
        on_parked(record, reason)
    count("MessageParked")
    logger.error("message parked", reason=reason, message_id=record.message_id)

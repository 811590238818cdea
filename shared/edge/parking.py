"""Putting a message aside that does not work, with its reason, so that the others go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from shared.edge.observability import count, logger
from shared.edge.sqs import TRIES, MalformedMessageError
from shared.gateways.queues import ParkedMessages


@contextmanager
def parking(
    record: SQSRecord,
    parked: ParkedMessages,
    hopeless: type[Exception],
    *,
    tries: int = TRIES,
    tell: Callable[[SQSRecord, str], None] | None = None,
) -> Iterator[None]:
    """Park a message that can never work at once, and one that fails when it fails the last time.

    What fails earlier is raised, and comes again.

    Args:
        record: The message that is worked off while the context lasts.
        parked: Where it is put aside.
        hopeless: What is raised by a message that can never work, beside one that is malformed.
        tries: How often it is tried.
        tell: Whom else to tell, with the message and the reason.
    """
    try:
        yield
    except (MalformedMessageError, hopeless) as error:
        reason = str(error)
    except Exception as error:
        if int(record.attributes.approximate_receive_count) < tries:
            raise
        logger.exception("failed for the last time")
        reason = f"failed {tries} times, at last with {type(error).__name__}"
    else:
        return
    parked.park(record.body, record.message_id, reason, record.attributes.message_group_id)
    if tell is not None:
        tell(record, reason)
    count("MessageParked")
    logger.error("message parked", reason=reason, message_id=record.message_id)

"""Lambda on a schedule and on the anchor queue, or by hand: anchors ledgers."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.anchor_ledger.anchor_ledger import AnchorLedger
from functions.anchor_ledger.anchor_ledgers import AnchorLedgers
from shared.clock import rfc3339, utc_now
from shared.domain.anchor import AnchorWork
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.sqs import (
    MalformedMessageError,
    QueueMessage,
    dead_letter_failures,
    message_from,
    messages_of,
)
from shared.gateways import aws
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.queues import ANCHOR_FIELDS, AnchorQueue, ParkedMessages

# After the last look at the time, a worker reads a page of entries, signs and stores.
_STOP_WHEN_LEFT_MS = 60_000

# A ledger that was due so long ago was announced by an earlier run, and is still not anchored.
_LATE_AFTER = timedelta(hours=6)

dynamodb = aws.client("dynamodb")
sqs = aws.client("sqs")
ledger = LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
queue = AnchorQueue(sqs, setting("ANCHOR_QUEUE_URL"))
parked = ParkedMessages(sqs, setting("ANCHOR_DLQ_URL"))
anchor_ledgers = AnchorLedgers(
    AnchorLedger(
        ledger,
        LedgerEntries(dynamodb, setting("LEDGER_TABLE")),
        Anchors(aws.files_client(), setting("ANCHOR_BUCKET")),
        AnchorKey(aws.client("kms"), setting("ANCHOR_KEY_ARN")),
        queue,
        utc_now,
    ),
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Announce the ledgers that are due, anchor one of them, or those that an operator names.

    The schedule's event announces: one message for each ledger that has entries since its last
    anchor. The queue's event has one of these messages. An operator's event names ``studios``.
    With ``restored_because`` (who, and why) it records permanently that those of their ledgers
    which do not match their last anchor were restored.

    Returns:
        Of an announcement: how many messages were sent. Otherwise how often each outcome came.
    """

    def time_is_up() -> bool:
        return context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS

    match event:
        case {"Records": list(records)}:
            messages = messages_of({"Records": records})
            done = Counter(do_work(message, time_is_up) for message in messages)
            return {"batchItemFailures": [], "done": dict(done)}
        case {"studios": list(studios), "restored_because": str(because)}:
            return {"done": by_hand(studios, time_is_up, because)}
        case {"studios": list(studios)}:
            return {"done": by_hand(studios, time_is_up)}
        case {"restored_because": _}:
            raise ValueError("a restore is recorded of the studios that the event names")
        case _:
            return {"announced": announce()}


def announce() -> int:
    """Send a message for each ledger that is due, and return how many there are."""
    late = 0
    now = utc_now()
    late_before = rfc3339(now - _LATE_AFTER)

    def due() -> Iterator[AnchorWork]:
        nonlocal late
        for studio_id, due_at in ledger.due_for_anchor(rfc3339(now)):
            late += due_at < late_before
            yield AnchorWork(studio_id)

    announced = queue.announce(due(), hour=rfc3339(now)[:13])
    count("AnchorWorkAnnounced", announced)
    # Counted in every run, also as 0, so that an alarm notices when no run happens.
    count("LedgersNotAnchored", late)
    logger.info("announced", works=announced, late=late)
    return announced


def by_hand(
    studios: list[str], time_is_up: Callable[[], bool], restored_because: str | None = None
) -> dict[str, int]:
    """Anchor the ledgers that an operator names, or record that they were restored."""
    done = anchor_ledgers.these(studios, time_is_up=time_is_up, restored_because=restored_because)
    for name, times in done.items():
        count(name, times)
    logger.info("anchored by hand", done=dict(done))
    return dict(done)


def do_work(message: QueueMessage, time_is_up: Callable[[], bool]) -> str:
    """Anchor the ledger that a message names, or park a message that nobody can read.

    An error of the ledger is an outcome, too: the next run announces what is still due. So a
    message only comes again if the function died.

    Returns:
        The outcome.
    """
    outcome = "AnchorWorkUnreadable"
    with dead_letter_failures(message, parked, MalformedMessageError):
        work = AnchorWork(**message_from(message.body, *ANCHOR_FIELDS))
        try:
            work.place  # noqa: B018  # reading it checks it
        except ValueError as error:
            raise MalformedMessageError(f"no verified head: {error}") from error
        outcome = anchor_ledgers.one(work, time_is_up=time_is_up)
        count(outcome)
        logger.info("work", studio_id=work.studio_id, outcome=outcome)
    return outcome

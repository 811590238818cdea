"""Lambda on a schedule and on the resume queue, or by hand: resumes what was interrupted."""

from collections import Counter
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.resume_pending.resume_pending import ResumePending
from functions.resume_pending.resume_refund import ResumeRefund
from shared.clock import rfc3339, utc_now
from shared.domain.due_work import DueWork, fair_share
from shared.domain.order import OrderKey
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.sqs import (
    MalformedMessageError,
    QueueMessage,
    dead_letter_failures,
    message_from,
    messages_of,
)
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways import aws
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import (
    RESUME_FIELDS,
    AdjustQueue,
    ChargeQueue,
    FeeRefundQueue,
    ParkedMessages,
    ResumeQueue,
)
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.record_stripe_refund import RecordStripeRefund

ACTOR = "resume_pending"

# Of one studio, a round announces what one worker can do until the next round. In all, it
# announces what its workers can do. What is left is still due in the next round.
_MOST_OF_STUDIO = 1_000
_MOST_OF_ALL = 4_000


def report_age(seconds: int) -> None:
    """Report the age of an open refund."""
    metrics.add_metric("OpenRefundAge", MetricUnit.Seconds, seconds)


# The tracing SDK is slow to import. That is affordable where no caller waits for the answer, and
# it shows each call to Stripe.
tracer = Tracer()
sqs = aws.client("sqs")
dynamodb = aws.client("dynamodb")
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
queue = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
secrets = Secrets(aws.client("secretsmanager"))
connection = connect_to_stripe(secrets)
record = RecordStripeRefund(
    orders, Charges(dynamodb, setting("ORDERS_TABLE")), queue, utc_now, ACTOR
)
accounts = AccountWatch(
    AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
)
open_work = OpenWorkIndex(dynamodb, setting("ORDERS_TABLE"))
resume_queue = ResumeQueue(sqs, setting("RESUME_QUEUE_URL"))
parked = ParkedMessages(sqs, setting("RESUME_DLQ_URL"))

resume_pending = ResumePending(
    orders,
    FeeRefunds(dynamodb, setting("ORDERS_TABLE")),
    ResumeRefund(orders, StripeRefunds(connection), queue, record, accounts, utc_now),
    FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
    ChargeQueue(sqs, setting("CHARGE_QUEUE_URL")),
    utc_now,
    report_age,
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Announce what is due, or do one piece of it.

    The schedule's event (``{"due_only": true}``) announces what is due. An operator's empty event
    announces everything that is open. The queue's event has one message.

    Returns:
        Of an announcement: how many messages were sent. Of a message: its outcome.
    """
    if event and "Records" in event:
        done = Counter(map(do_work, messages_of(event)))
        return {"batchItemFailures": [], "done": dict(done)}
    return {"announced": announce(due_only=bool((event or {}).get("due_only")))}


def announce(*, due_only: bool) -> int:
    """Send a message for each piece of work, and return how many there are."""
    works = open_work.due(rfc3339(utc_now()) if due_only else None)
    if due_only:
        works = fair_share(works, of_studio=_MOST_OF_STUDIO, of_all=_MOST_OF_ALL)
    announced = resume_queue.announce(works)
    count("ResumeWorkAnnounced", announced)
    logger.info("announced", due_only=due_only, works=announced)
    return announced


def do_work(message: QueueMessage) -> str:
    """Do the work that a message names, or park a message that nobody can read.

    An error of the work is an outcome, too: a later round announces what is still open. So a
    message only comes again if the function died.

    Returns:
        The outcome.
    """
    outcome = "ResumeWorkUnreadable"
    with dead_letter_failures(message, parked, MalformedMessageError):
        named = message_from(message.body, *RESUME_FIELDS)
        logger.append_keys(studio_id=named["studio_id"])
        order = OrderKey(named["studio_id"], named["order_id"])
        outcome = resume_pending(DueWork(named["due_at"], order, named["task"]))
        count(outcome)
        logger.info("work", order_id=order.order_id, task=named["task"], outcome=outcome)
    return outcome

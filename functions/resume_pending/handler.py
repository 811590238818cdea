"""Lambda on a schedule, or by hand: resumes refunds that were interrupted."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.resume_pending.resume_pending import ResumePending
from functions.resume_pending.resume_refund import ResumeRefund
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways import aws
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.record_stripe_refund import RecordStripeRefund

ACTOR = "resume_pending"

# One refund may take five calls to Stripe, each with its retry up to 20 s.
_STOP_WHEN_LEFT_MS = 110_000

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
resume_pending = ResumePending(
    orders,
    FeeRefunds(dynamodb, setting("ORDERS_TABLE")),
    OpenWorkIndex(dynamodb, setting("ORDERS_TABLE")),
    ResumeRefund(orders, StripeRefunds(connection), queue, record, accounts, utc_now),
    FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
    ChargeQueue(sqs, setting("CHARGE_QUEUE_URL")),
    utc_now,
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Do one round: of what is due (``{"due_only": true}``, the schedule's input), or of all.

    Returns:
        The outcomes, counted, and whether the round got to its end.
    """
    due_only = bool((event or {}).get("due_only"))
    done = resume_pending(
        due_only=due_only,
        time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS,
    )
    for name, times in done.done.items():
        count(name, times)
    metrics.add_metric("OpenRefundAge", MetricUnit.Seconds, done.oldest_seconds)
    logger.info("round", due_only=due_only, done=dict(done.done), complete=done.complete)
    return {"done": dict(done.done), "complete": done.complete}

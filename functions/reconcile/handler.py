"""Lambda on a schedule, or by hand: carries on what has not ended."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile.carry_on_refund import BY, CarryOnRefund
from functions.reconcile.reconcile_open_work import ReconcileOpenWork
from shared.clock import utc_now
from shared.gateways import aws
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import AdjustQueue, FeeRefundQueue
from shared.gateways.secrets import Secrets
from shared.gateways.stripe_api import StripeApi
from shared.observability import count, logger, metrics
from shared.settings import setting
from shared.workflow.record_stripe_refund import RecordStripeRefund

# Carrying one refund on may take four calls of Stripe, each with a retry up to 20 s.
_STOP_WHEN_LEFT_MS = 90_000

# Nobody waits for this function, so the tracing SDK's slow import is worth the calls it shows; the
# others have Lambda's own active tracing.
tracer = Tracer()
sqs = aws.client("sqs")
orders = OrdersTable(aws.client("dynamodb"), setting("ORDERS_TABLE"))
queue = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
secrets = Secrets(aws.client("secretsmanager"))
stripe = StripeApi(
    setting("STRIPE_API_BASE"), lambda: secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
)
reconcile = ReconcileOpenWork(
    orders,
    CarryOnRefund(orders, stripe, queue, RecordStripeRefund(orders, queue, utc_now, BY), utc_now),
    FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
    utc_now,
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Do one round: of what is due (``{"due_only": true}``, the schedule's input), or of all.

    Returns:
        What was done, counted, and whether the round got to the end.
    """
    due_only = bool((event or {}).get("due_only"))
    done = reconcile(
        due_only=due_only,
        time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS,
    )
    for name, times in done.done.items():
        count(name, times)
    metrics.add_metric("OpenRefundAge", MetricUnit.Seconds, done.oldest_seconds)
    logger.info("round", due_only=due_only, done=dict(done.done), complete=done.complete)
    return {"done": dict(done.done), "complete": done.complete}

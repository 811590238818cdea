"""Lambda on a schedule, or by hand: carries on what has not ended, and matches the books."""

from collections import Counter
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile.carry_on_refund import ACTOR, CarryOnRefund
from functions.reconcile.match_accounts import MatchAccounts
from functions.reconcile.match_fee_refunds import MatchFeeRefunds
from functions.reconcile.match_refunds import MatchRefunds
from functions.reconcile.match_transfers import MatchTransfers
from functions.reconcile.reconcile_open_work import ReconcileOpenWork
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import AdjustQueue, FeeRefundQueue
from shared.gateways.secrets import Secrets
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe_api import StripeApi
from shared.gateways.studios import Studios
from shared.gateways.watermarks import Watermarks
from shared.workflow.record_stripe_refund import RecordStripeRefund

# Carrying one refund on may take four calls of Stripe, each with a retry up to 20 s.
_STOP_WHEN_LEFT_MS = 90_000

# Nobody waits for this function, so the tracing SDK's slow import is worth the calls it shows; the
# others have Lambda's own active tracing.
tracer = Tracer()
sqs = aws.client("sqs")
dynamodb = aws.client("dynamodb")
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
charges = Charges(dynamodb, setting("ORDERS_TABLE"))
fee_records = FeeRefunds(dynamodb, setting("ORDERS_TABLE"))
queue = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
secrets = Secrets(aws.client("secretsmanager"))
stripe = StripeApi(
    setting("STRIPE_API_BASE"), lambda: secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
)
record = RecordStripeRefund(orders, charges, queue, utc_now, ACTOR)
fee_refunds = FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL"))
reconcile = ReconcileOpenWork(
    orders,
    fee_records,
    OpenWorkIndex(dynamodb, setting("ORDERS_TABLE")),
    CarryOnRefund(orders, stripe, queue, record, utc_now),
    fee_refunds,
    utc_now,
)
entries = LedgerEntries(dynamodb, setting("LEDGER_TABLE"))
settled = SettledRefunds(dynamodb, setting("LEDGER_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
match_accounts = MatchAccounts(
    Studios(dynamodb, setting("ORDERS_TABLE")),
    payouts,
    Watermarks(dynamodb, setting("ORDERS_TABLE")),
    MatchRefunds(orders, entries, settled, stripe, record),
    MatchFeeRefunds(orders, charges, fee_records, settled, stripe, fee_refunds, utc_now),
    MatchTransfers(payouts, entries, stripe),
    utc_now,
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Do one round: of what is due (``{"due_only": true}``, the schedule's input), or of all.

    With ``"match": true`` match the Stripe accounts with the books instead, those that are due or
    all, from the watermarks on or from an earlier time ``since`` (RFC 3339).

    Returns:
        What was done, counted, and whether the round got to the end; or what the match found.
    """
    asked = event or {}
    due_only = bool(asked.get("due_only"))
    if asked.get("match"):
        return _match(context, asked.get("since"), due_only=due_only)
    done = reconcile(due_only=due_only, time_is_up=lambda: _time_is_up(context))
    for name, times in done.done.items():
        count(name, times)
    metrics.add_metric("OpenRefundAge", MetricUnit.Seconds, done.oldest_seconds)
    logger.info("round", due_only=due_only, done=dict(done.done), complete=done.complete)
    return {"done": dict(done.done), "complete": done.complete}


def _match(context: LambdaContext, since: str | None, *, due_only: bool) -> dict[str, Any]:
    match = match_accounts(
        due_only=due_only,
        time_is_up=lambda: _time_is_up(context),
        since=datetime.fromisoformat(since) if since else None,
    )
    counts = Counter(AccountsMatched=match.matched, AccountMatchFailed=len(match.failed))
    # By kind, and together: what a person has to look at, and what healed by itself.
    counts.update(f"Match_{finding.kind}" for finding in match.findings)
    counts.update("MatchHealed" if finding.healed else "MatchFinding" for finding in match.findings)
    for name, times in counts.items():
        count(name, times)
    metrics.add_metric("MatchAge", MetricUnit.Seconds, match.oldest_seconds)
    return {
        "findings": [finding.content() for finding in match.findings],
        "matched": match.matched,
        "failed": match.failed,
        "complete": match.complete,
    }


def _time_is_up(context: LambdaContext) -> bool:
    return context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS

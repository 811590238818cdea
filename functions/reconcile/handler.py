"""Lambda on a schedule, or by hand: compares Stripe with the books."""

from collections import Counter
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile.books_command import BooksCommand
from functions.reconcile.find_uncovered import FindUncovered
from functions.reconcile.findings import WITHOUT_ALARM
from functions.reconcile.prove_books import ProveBooks
from functions.reconcile.read_ledgers import ReadLedgers
from functions.reconcile.reconcile_accounts import ReconcileAccounts, Reconciliation
from functions.reconcile.reconcile_charges import ReconcileCharges
from functions.reconcile.reconcile_fee_refunds import ReconcileFeeRefunds
from functions.reconcile.reconcile_refunds import ReconcileRefunds
from functions.reconcile.reconcile_transfers import ReconcileTransfers
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways import aws
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.attention import Attention
from shared.gateways.books_store import BooksStore
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue
from shared.gateways.secrets import Secrets
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.gateways.stripe.platform_balance import PlatformBalance
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.stripe.transfers import StripeTransfers
from shared.gateways.studios import Studios
from shared.gateways.watermarks import Watermarks
from shared.workflow.account_watch import AccountWatch
from shared.workflow.mark_transfer import MarkTransfer
from shared.workflow.record_stripe_refund import RecordStripeRefund

ACTOR = "reconcile"

# A week of an account takes dozens of calls to Stripe, each with its retry up to 20 s.
_STOP_WHEN_LEFT_MS = 90_000

# The tracing SDK is slow to import. That is affordable where no caller waits for the answer, and
# it shows each call to Stripe.
tracer = Tracer()
sqs = aws.client("sqs")
dynamodb = aws.client("dynamodb")
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
charges = Charges(dynamodb, setting("ORDERS_TABLE"))
secrets = Secrets(aws.client("secretsmanager"))
connection = connect_to_stripe(secrets)
balance = StripeBalance(connection)
charge_queue = ChargeQueue(sqs, setting("CHARGE_QUEUE_URL"))
adjust = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
record = RecordStripeRefund(orders, charges, adjust, utc_now, ACTOR)
entries = LedgerEntries(dynamodb, setting("LEDGER_TABLE"))
settled = SettledRefunds(dynamodb, setting("LEDGER_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
ledger = LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
reconcile_accounts = ReconcileAccounts(
    Studios(dynamodb, setting("ORDERS_TABLE")),
    payouts,
    Watermarks(dynamodb, setting("ORDERS_TABLE")),
    ReconcileCharges(
        orders,
        charges,
        Attention(dynamodb, setting("ORDERS_TABLE")),
        StripeCharges(connection),
        balance,
        charge_queue,
    ),
    ReconcileRefunds(
        orders,
        entries,
        settled,
        StripeRefunds(connection),
        balance,
        record,
        charge_queue,
    ),
    ReconcileFeeRefunds(
        orders,
        charges,
        FeeRefunds(dynamodb, setting("ORDERS_TABLE")),
        settled,
        StripeFeeRefunds(connection),
        balance,
        FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
        utc_now,
    ),
    ReconcileTransfers(
        payouts, entries, StripeTransfers(connection), balance, MarkTransfer(payouts, utc_now)
    ),
    FindUncovered(ledger, entries, payouts),
    AccountWatch(
        AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
    ),
    utc_now,
)
books_command = BooksCommand(
    ProveBooks(
        BooksStore(dynamodb, setting("ORDERS_TABLE")),
        PlatformBalance(connection),
        StripeTransfers(connection),
        ReadLedgers(payouts, ledger, entries, OrderLists(dynamodb, setting("ORDERS_TABLE"))),
        entries,
        payouts,
        utc_now,
    )
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Reconcile the accounts that are due (``{"due_only": true}``, the schedule's input), or all.

    The event's ``since`` (RFC 3339) begins earlier than the watermarks. An event with ``books``
    proves PPS's own books instead: see ``books_command``.

    Returns:
        The findings, how many accounts were reconciled, which failed, and whether there was time
        for all of them.
    """
    asked = event or {}

    def time_is_up() -> bool:
        return context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS

    if "books" in asked:
        return books_command(asked["books"], time_is_up=time_is_up)
    since = asked.get("since")
    done = reconcile_accounts(
        due_only=bool(asked.get("due_only")),
        time_is_up=time_is_up,
        since=datetime.fromisoformat(since) if since else None,
    )
    _count(done)
    return {
        "findings": [finding.content() for finding in done.findings],
        "reconciled": done.reconciled,
        "failed": done.failed,
        "complete": done.complete,
    }


def _count(done: Reconciliation) -> None:
    """Count findings by kind, and by whether they need a person or were healed."""
    counts = Counter(AccountsReconciled=done.reconciled, AccountReconcileFailed=len(done.failed))
    for finding in done.findings:
        counts[f"Reconcile_{finding.kind}"] += 1
        if finding.kind not in WITHOUT_ALARM:
            counts["ReconcileHealed" if finding.healed else "ReconcileFinding"] += 1
    for name, times in counts.items():
        count(name, times)
    metrics.add_metric("ReconcileAge", MetricUnit.Seconds, done.oldest_seconds)

"""Lambda on schedules and on the queue of accounts, or by hand: compares Stripe with the books."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.reconcile.books_command import BooksCommand
from functions.reconcile.compare_account import CompareAccount
from functions.reconcile.dispatch_accounts import DispatchAccounts
from functions.reconcile.find_uncovered import FindUncovered
from functions.reconcile.operator_command import OperatorCommand
from functions.reconcile.prove_books import ProveBooks
from functions.reconcile.read_ledgers import ReadLedgers
from functions.reconcile.reconcile_account import ReconcileAccount, UnknownAccountError
from functions.reconcile.reconcile_charges import ReconcileCharges
from functions.reconcile.reconcile_fee_refunds import ReconcileFeeRefunds
from functions.reconcile.reconcile_refunds import ReconcileRefunds
from functions.reconcile.reconcile_transfers import ReconcileTransfers
from shared.clock import utc_now
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
from shared.gateways.books_store import BooksStore
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.foreign_objects import ForeignObjects
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.platform_lists import PlatformLists
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue, ParkedMessages
from shared.gateways.reconcile_queue import BOOKS, RECONCILE_FIELDS, ReconcileQueue, work_from
from shared.gateways.reconciliations import Reconciliations
from shared.gateways.secrets import Secrets
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.events import StripeEvents
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.gateways.stripe.pace import Pace
from shared.gateways.stripe.platform_balance import PlatformBalance
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.stripe.transfers import StripeTransfers
from shared.workflow.account_watch import AccountWatch
from shared.workflow.mark_transfer import MarkTransfer
from shared.workflow.record_stripe_refund import RecordStripeRefund

ACTOR = "reconcile"

# A call to Stripe with its retry takes up to 20 s, and a pause after a 429 up to 30 s.
_STOP_WHEN_LEFT_MS = 90_000

# The tracing SDK is slow to import. That is affordable where no caller waits for the answer, and
# it shows each call to Stripe.
tracer = Tracer()
sqs = aws.client("sqs")
dynamodb = aws.client("dynamodb")
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
charges = Charges(dynamodb, setting("ORDERS_TABLE"))
secrets = Secrets(aws.client("secretsmanager"))
pace = Pace()
connection = connect_to_stripe(secrets, pace)
balance = StripeBalance(connection)
charge_queue = ChargeQueue(sqs, setting("CHARGE_QUEUE_URL"))
adjust = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
record = RecordStripeRefund(orders, charges, adjust, utc_now, ACTOR)
entries = LedgerEntries(dynamodb, setting("LEDGER_TABLE"))
settled = SettledRefunds(dynamodb, setting("LEDGER_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
lists = PlatformLists(dynamodb, setting("ORDERS_TABLE"))
ledger = LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
reconciliations = Reconciliations(dynamodb, setting("ORDERS_TABLE"))
foreign = ForeignObjects(dynamodb, setting("ORDERS_TABLE"))
reconcile_queue = ReconcileQueue(sqs, setting("RECONCILE_QUEUE_URL"))
parked = ParkedMessages(sqs, setting("RECONCILE_DLQ_URL"))
compare_account = CompareAccount(
    ReconcileCharges(
        orders,
        charges,
        lists,
        StripeCharges(connection),
        balance,
        charge_queue,
    ),
    ReconcileRefunds(
        orders,
        entries,
        StripeRefunds(connection),
        balance,
        record,
        charge_queue,
    ),
    ReconcileFeeRefunds(
        orders,
        charges,
        FeeRefunds(dynamodb, setting("ORDERS_TABLE")),
        StripeFeeRefunds(connection),
        balance,
        FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
        utc_now,
    ),
    ReconcileTransfers(
        payouts,
        lists,
        entries,
        StripeTransfers(connection),
        balance,
        MarkTransfer(payouts, utc_now),
    ),
    FindUncovered(lists, entries, payouts),
    settled,
    StripeEvents(connection),
    utc_now,
)
reconcile_account = ReconcileAccount(
    reconciliations,
    compare_account,
    foreign,
    AccountWatch(
        AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
    ),
    reconcile_queue,
    pace,
    utc_now,
)
dispatch_accounts = DispatchAccounts(reconciliations, reconcile_queue, utc_now)
operator_command = OperatorCommand(dispatch_accounts, reconciliations, foreign, utc_now)
books_command = BooksCommand(
    ProveBooks(
        BooksStore(dynamodb, setting("ORDERS_TABLE")),
        PlatformBalance(connection),
        StripeTransfers(connection),
        ReadLedgers(payouts, ledger, entries, OrderLists(dynamodb, setting("ORDERS_TABLE"))),
        entries,
        payouts,
        utc_now,
    ),
    reconcile_queue,
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:
    """Announce the accounts that are due, reconcile one, or do what an operator asks for.

    The schedule's event announces: one message for each account that is due. The queue's event has
    one of these messages. An event with ``books`` proves PPS's own books: see ``books_command``.
    The events of operators are in ``operator_command``.

    Returns:
        Of an announcement: how many accounts were announced, and whether that is all of them. Of a
        message: its outcome. Of an operator's event: the answer.
    """

    def time_is_up() -> bool:
        return context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS

    pace.time_is_up = time_is_up
    match event:
        case {"Records": list(records)}:
            messages = messages_of({"Records": records})
            done = Counter(do_work(each, time_is_up) for each in messages)
            return {"batchItemFailures": [], "done": dict(done)}
        case {"books": dict(asked)}:
            return books_command(asked, time_is_up=time_is_up)
        case {"ask": dict(asked)}:
            return operator_command.ask(asked)
        case {"results": dict(asked)}:
            return operator_command.results(asked)
        case {"foreign": dict(asked)}:
            return operator_command.deal_with_foreign(asked)
        case _:
            return announce(time_is_up)


def announce(time_is_up: Callable[[], bool]) -> dict[str, Any]:
    """Send a message for each account that is due, and count how long the oldest one waits."""
    done = dispatch_accounts(time_is_up=time_is_up)
    count("AccountsAnnounced", done.announced)
    metrics.add_metric("ReconcileAge", MetricUnit.Seconds, done.oldest_seconds)
    logger.info("announced", accounts=done.announced, is_complete=done.is_complete)
    return {"announced": done.announced, "complete": done.is_complete}


def do_work(message: QueueMessage, time_is_up: Callable[[], bool]) -> str:
    """Reconcile the account that a message names, go on with PPS's own books, or park a message.

    An error of the account is an outcome, too: the account is still due. So a message only comes
    again if the function died.

    Returns:
        The outcome, as the name of a metric.
    """
    outcome = "AccountMessageUnreadable"
    with dead_letter_failures(message, parked, UnknownAccountError):
        named = message_from(message.body, *RECONCILE_FIELDS)
        logger.append_keys(account_id=named["account_id"])
        try:
            work = work_from(named)
        except ValueError as error:
            raise MalformedMessageError(str(error)) from error
        if work.account_id == BOOKS:
            outcome = books_command.go_on(time_is_up=time_is_up)
        else:
            outcome = reconcile_account(work, time_is_up=time_is_up)
        count(outcome)
    return outcome

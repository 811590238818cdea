"""Lambda on a schedule and on the payout queue, or by hand: makes payouts."""

from collections import Counter
from datetime import datetime
from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.run_payouts.book_reversal import BookReversal
from functions.run_payouts.close_payout import ClosePayout
from functions.run_payouts.release_payouts import ReleasePayouts
from functions.run_payouts.resume_transfer import ResumeTransfer
from functions.run_payouts.run_payouts import PAYOUT_AGE, RunPayouts
from shared.clock import rfc3339, utc_now
from shared.domain.payout import PayoutWork
from shared.edge.observability import count, logger, measure_seconds, metrics
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
from shared.gateways.attention import Attention
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import PAYOUT_FIELDS, ParkedMessages, PayoutQueue
from shared.gateways.secrets import Secrets
from shared.gateways.stops_store import StopsStore
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.transfers import StripeTransfers
from shared.gateways.studios import Studios
from shared.workflow.account_watch import AccountWatch
from shared.workflow.current_stops import CurrentStops

# The tracing SDK is slow to import. That is affordable where no caller waits for the answer, and
# it shows each call to Stripe.
tracer = Tracer()
dynamodb = aws.client("dynamodb")
studios = Studios(dynamodb, setting("ORDERS_TABLE"))
ledger = PayoutStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
holds = PayoutHolds(dynamodb, setting("ORDERS_TABLE"))
attention = Attention(dynamodb, setting("ORDERS_TABLE"))
secrets = Secrets(aws.client("secretsmanager"))
connection = connect_to_stripe(secrets)
transfers = StripeTransfers(connection)
accounts = AccountWatch(
    AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
)
run_payouts = RunPayouts(
    payouts,
    ClosePayout(
        studios,
        ledger,
        LedgerEntries(dynamodb, setting("LEDGER_TABLE")),
        payouts,
        holds,
        attention.held_amount,
        accounts,
        utc_now,
    ),
    ResumeTransfer(studios, ledger, payouts, holds, transfers, accounts, utc_now),
    BookReversal(ledger, payouts, transfers, utc_now),
    CurrentStops(StopsStore(dynamodb, setting("ORDERS_TABLE")), utc_now),
    utc_now,
)
release_payouts = ReleasePayouts(holds, payouts, utc_now)


payout_queue = PayoutQueue(aws.client("sqs"), setting("PAYOUT_QUEUE_URL"))
parked = ParkedMessages(aws.client("sqs"), setting("PAYOUT_DLQ_URL"))


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Announce what is due, do one thing of a run, or do what an operator asks for.

    The schedule's event announces: one message for each studio whose payout is due, and for each
    transfer that is due for a look. The queue's event has one of these messages. An operator's
    event has an ``action``, a ``studio_id``, and ``because``, which says who asks for it and why.
    ``pay_now`` pays everything up to now. ``release`` ends a hold.

    Returns:
        Of an announcement: how many messages were sent. Of a message: its outcome. Of an action:
        its outcome, and the id of the payout that it made.
    """
    match event:
        case {"Records": list(records)}:
            done = Counter(map(do_work, messages_of({"Records": records})))
            return {"batchItemFailures": [], "done": dict(done)}
        case {"action": "pay_now", "studio_id": str(studio_id), "because": str(because)}:
            outcome, payout_id = run_payouts.pay_now(studio_id, because)
        case {"action": "release", "studio_id": str(studio_id), "because": str(because)}:
            outcome, payout_id = release_payouts(studio_id, because), None
        case {"action": _}:
            raise ValueError("an action needs a studio_id and because")
        case _:
            return {"announced": announce()}
    count(outcome)
    logger.info("action", studio_id=studio_id, outcome=outcome, payout_id=payout_id)
    return {"outcome": outcome, "payout_id": payout_id}


def announce() -> int:
    """Send a message for each thing that is due, and return how many there are."""
    at = utc_now()
    now = rfc3339(at)
    due_at = payouts.oldest_due(now)
    measure_seconds(
        PAYOUT_AGE, (at - datetime.fromisoformat(due_at)).total_seconds() if due_at else 0
    )
    announced = payout_queue.announce(payouts.work(now), hour=now[:13])
    count("PayoutWorkAnnounced", announced)
    logger.info("announced", works=announced)
    return announced


def do_work(message: QueueMessage) -> str:
    """Do what a message names, or park a message that nobody can read. Return the outcome.

    An error of the studio is an outcome, too: the next run announces what is still due. So a
    message only comes again if the function died.
    """
    outcome = "PayoutWorkUnreadable"
    with dead_letter_failures(message, parked, MalformedMessageError):
        named = message_from(message.body, *PAYOUT_FIELDS)
        logger.append_keys(studio_id=named["studio_id"])
        outcome = run_payouts(PayoutWork(named["studio_id"], named["payout"]))
        count(outcome)
        logger.info("work", payout=named["payout"], outcome=outcome)
    return outcome

"""Lambda on a schedule, or by hand: makes the payouts that are due, or one that is not."""

from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.run_payouts.book_reversal import BookReversal
from functions.run_payouts.close_payout import ClosePayout
from functions.run_payouts.release_payouts import ReleasePayouts
from functions.run_payouts.resume_transfer import ResumeTransfer
from functions.run_payouts.run_payouts import RunPayouts
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways import aws
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.attention import Attention
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.transfers import StripeTransfers
from shared.gateways.studios import Studios
from shared.workflow.account_watch import AccountWatch

# One payout may take six calls to Stripe, each with its retry up to 20 s.
_STOP_WHEN_LEFT_MS = 150_000

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
    utc_now,
)
release_payouts = ReleasePayouts(holds, payouts, utc_now)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Do what the event asks for: a run over all studios, or one thing for one studio.

    An operator's event has an ``action``, a ``studio_id``, and ``because``, which says who asks for
    it and why. ``pay_now`` pays everything up to now. ``release`` ends a hold. Any other event,
    such as the schedule's, is a run.

    Returns:
        Of a run: the outcomes, counted, and whether it got to its end. Of an action: its outcome,
        and the id of the payout that it made.
    """
    match event:
        case {"action": "pay_now", "studio_id": str(studio_id), "because": str(because)}:
            outcome, payout_id = run_payouts.pay_now(studio_id, because)
        case {"action": "release", "studio_id": str(studio_id), "because": str(because)}:
            outcome, payout_id = release_payouts(studio_id, because), None
        case {"action": _}:
            raise ValueError("an action needs a studio_id and because")
        case _:
            return _run(context)
    count(outcome)
    logger.info("action", studio_id=studio_id, outcome=outcome, payout_id=payout_id)
    return {"outcome": outcome, "payout_id": payout_id}


def _run(context: LambdaContext) -> dict[str, Any]:
    run = run_payouts(
        time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS
    )
    for name, times in run.done.items():
        count(name, times)
    logger.info("run", done=dict(run.done), complete=run.complete)
    return {"done": dict(run.done), "complete": run.complete}

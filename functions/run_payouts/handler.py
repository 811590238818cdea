"""Lambda on a schedule, or by hand: makes the payouts that are due."""

from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.run_payouts.carry_on_transfer import CarryOnTransfer
from functions.run_payouts.close_payout import ClosePayout
from functions.run_payouts.run_payouts import RunPayouts
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.secrets import Secrets
from shared.gateways.stripe_api import StripeApi
from shared.gateways.studios import Studios

# One payout may take four calls of Stripe, each with a retry up to 20 s.
_STOP_WHEN_LEFT_MS = 120_000

# Nobody waits for this function, so the tracing SDK's slow import is worth the calls it shows; the
# others have Lambda's own active tracing.
tracer = Tracer()
dynamodb = aws.client("dynamodb")
ledger = PayoutStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
secrets = Secrets(aws.client("secretsmanager"))
stripe = StripeApi(
    setting("STRIPE_API_BASE"), lambda: secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
)
run_payouts = RunPayouts(
    payouts,
    ClosePayout(Studios(dynamodb, setting("ORDERS_TABLE")), ledger, payouts, utc_now),
    CarryOnTransfer(ledger, payouts, stripe, utc_now),
    utc_now,
)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Do one run over all studios.

    Returns:
        What was done, counted, and whether the run got to the end.
    """
    run = run_payouts(
        time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS
    )
    for name, times in run.done.items():
        count(name, times)
    logger.info("run", done=dict(run.done), complete=run.complete)
    return {"done": dict(run.done), "complete": run.complete}

"""Lambda on the fee refund queue: refunds application fees at Stripe."""

from functools import partial
from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.fee_refund.refund_application_fee import NoFeeRefundError, RefundApplicationFee
from shared.clock import utc_now
from shared.domain.order import OrderKey
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.edge.sqs import (
    BatchAnswer,
    QueueMessage,
    dead_letter_failures,
    message_from,
    messages_of,
    process_each,
)
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways import aws
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.order_states import OrderStates
from shared.gateways.queues import FEE_REFUND_FIELDS, ParkedMessages
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.workflow.account_watch import AccountWatch

# One refund takes a list and a send, each with its retry.
_STOP_WHEN_LEFT_MS = 40_000

# The tracing SDK is slow to import. That is affordable where no caller waits for the answer, and
# it shows each call to Stripe.
tracer = Tracer()
secrets = Secrets(aws.client("secretsmanager"))
connection = connect_to_stripe(secrets)
dynamodb = aws.client("dynamodb")
refund_application_fee = RefundApplicationFee(
    FeeRefunds(dynamodb, setting("ORDERS_TABLE")),
    StripeFeeRefunds(connection),
    OrderStates(dynamodb, setting("ORDERS_TABLE")),
    AccountWatch(
        AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
    ),
    utc_now,
)
parked = ParkedMessages(aws.client("sqs"), setting("FEE_REFUND_DLQ_URL"))


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> BatchAnswer:
    """Refund the fee that a message names, and report whether that failed."""
    return process_each(messages_of(event), partial(refund, context))


def refund(context: LambdaContext, message: QueueMessage) -> None:
    """Refund the fee that a message names, or park the message with its reason."""
    with dead_letter_failures(message, parked, NoFeeRefundError):
        named = message_from(message.body, *FEE_REFUND_FIELDS)
        logger.set_correlation_id(named["correlation_id"])
        amount = refund_application_fee(
            OrderKey(named["studio_id"], named["order_id"]),
            time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS,
        )
        count("ApplicationFeeRefunded" if amount else "ApplicationFeeRefundRepeated")
        logger.info("application fee", order_id=named["order_id"], refunded_amount=amount)

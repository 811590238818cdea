"""Lambda on the charge queue: reads the charges of the orders that its messages name."""

from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

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
from shared.gateways.charge_store import ChargeStore
from shared.gateways.charges import Charges
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.orders_table import OrdersTable
from shared.gateways.queues import CHARGE_FIELDS, AdjustQueue, FeeRefundQueue, ParkedMessages
from shared.gateways.running_sums import StoredSums
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.keep_running_sums import KeepRunningSums
from shared.workflow.record_stripe_refund import RecordStripeRefund
from shared.workflow.verify_charge import NoChargeError, VerifyCharge

ACTOR = "verify_charge"

# The tracing SDK is slow to import. That is affordable where no caller waits for the answer, and
# it shows each call to Stripe.
tracer = Tracer()
dynamodb = aws.client("dynamodb")
sqs = aws.client("sqs")
secrets = Secrets(aws.client("secretsmanager"))
connection = connect_to_stripe(secrets)
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
record = RecordStripeRefund(
    orders,
    Charges(dynamodb, setting("ORDERS_TABLE")),
    AdjustQueue(sqs, setting("ADJUST_QUEUE_URL")),
    utc_now,
    ACTOR,
)
verify_charge = VerifyCharge(
    orders,
    ChargeStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE")),
    StripeCharges(connection),
    StripeRefunds(connection),
    FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
    record,
    AccountWatch(
        AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
    ),
    utc_now,
    KeepRunningSums(
        LedgerEntries(dynamodb, setting("LEDGER_TABLE")),
        StoredSums(dynamodb, setting("ORDERS_TABLE")),
    ),
)
parked = ParkedMessages(sqs, setting("CHARGE_DLQ_URL"))


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> BatchAnswer:  # noqa: ARG001  # Lambda's signature
    """Read the charges of a batch, and report the messages that failed."""
    return process_each(messages_of(event), verify)


def verify(message: QueueMessage) -> None:
    """Read the charge of the order that a message names, or park the message with its reason."""
    with dead_letter_failures(message, parked, NoChargeError):
        named = message_from(message.body, *CHARGE_FIELDS)
        order = OrderKey(named["studio_id"], named["order_id"])
        outcome = verify_charge(order)
        count(outcome.value)
        logger.info(
            "charge read",
            studio_id=order.studio_id,
            order_id=order.order_id,
            outcome=outcome.value,
        )

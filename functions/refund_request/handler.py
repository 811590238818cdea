"""Lambda behind API Gateway: the routes of refunds."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.refund_request.bodies import (
    FullPreview,
    FullRefund,
    LineItemsPreview,
    LineItemsRefund,
    PartialPreview,
    PartialRefund,
)
from functions.refund_request.payout_impact import PayoutImpact
from functions.refund_request.preview_refund import PreviewRefund
from functions.refund_request.read_charge import ChargeReader
from functions.refund_request.refunds_in_flight import RefundsInFlight
from functions.refund_request.request_refund import ACTOR, RefundRequest, RequestRefund
from functions.refund_request.views import PreviewView, preview_view
from shared.clock import utc_now
from shared.domain.errors import RefundNotFoundError
from shared.domain.order import OrderKey
from shared.edge.auth import Action
from shared.edge.http import (
    IdempotencyKey,
    NamedStudio,
    OrderId,
    RefundId,
    api_handler,
    api_resolver,
    caller,
    described,
    signed_in,
)
from shared.edge.observability import logger
from shared.edge.settings import setting
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways import aws
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.limit_guards import LimitGuards
from shared.gateways.orders_table import OrdersTable
from shared.gateways.people import People
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue
from shared.gateways.secrets import Secrets
from shared.gateways.stops_store import StopsStore
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.studios import Studios
from shared.views.refund import RefundView, refund_view
from shared.workflow.account_watch import AccountWatch
from shared.workflow.current_stops import CurrentStops
from shared.workflow.load_callers_order import load_callers_order

if TYPE_CHECKING:
    from shared.workflow.verify_charge import VerifyCharge

# A line-item refund of 1,000 lines has about 100 kB.
_MAX_BODY_BYTES = 256 * 1024

dynamodb = aws.client("dynamodb")
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
people = People(dynamodb, setting("ORDERS_TABLE"))
ledger = LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
secrets = Secrets(aws.client("secretsmanager"))
connection = connect_to_stripe(secrets)
sqs = aws.client("sqs")
stripe_refunds = StripeRefunds(connection)
accounts = AccountWatch(
    AccountAccesses(dynamodb, setting("ORDERS_TABLE")), StripeAccounts(connection), utc_now
)


@cache
def charge_verifier() -> "VerifyCharge":
    """Return what reads a charge at Stripe. Few requests need it, and the modules it imports."""
    from shared.gateways.charge_store import ChargeStore  # noqa: PLC0415  # rarely needed
    from shared.gateways.charges import Charges  # noqa: PLC0415  # rarely needed
    from shared.gateways.stripe.charges import StripeCharges  # noqa: PLC0415  # rarely needed
    from shared.workflow.record_stripe_refund import (  # noqa: PLC0415  # rarely needed
        RecordStripeRefund,
    )
    from shared.workflow.verify_charge import VerifyCharge  # noqa: PLC0415  # rarely needed

    charges = Charges(dynamodb, setting("ORDERS_TABLE"))
    settlements = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
    return VerifyCharge(
        orders,
        ChargeStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE")),
        StripeCharges(connection),
        stripe_refunds,
        FeeRefundQueue(sqs, setting("FEE_REFUND_QUEUE_URL")),
        RecordStripeRefund(orders, charges, settlements, utc_now, ACTOR),
        accounts,
        utc_now,
    )


charge_reader = ChargeReader(orders, charge_verifier, ChargeQueue(sqs, setting("CHARGE_QUEUE_URL")))
payout_impact = PayoutImpact(
    ledger,
    Studios(dynamodb, setting("ORDERS_TABLE")),
    RefundsInFlight(LimitGuards(dynamodb, setting("ORDERS_TABLE"))),
)
stops = CurrentStops(StopsStore(dynamodb, setting("ORDERS_TABLE")), utc_now)
request_refund = RequestRefund(
    orders, stripe_refunds, payout_impact, charge_reader, accounts, stops, utc_now
)
preview_refund = PreviewRefund(payout_impact, charge_reader, stops)

app = api_resolver()

PreviewBody = Annotated[FullPreview | PartialPreview | LineItemsPreview, Body(discriminator="type")]
RefundBody = Annotated[FullRefund | PartialRefund | LineItemsRefund, Body(discriminator="type")]


@app.post(
    "/orders/<order_id>/refunds/preview",
    summary="Preview a refund",
    operation_id="preview_refund",
    responses=described(200, PreviewView, "What the refund would do. Nothing was changed."),
)
def preview(order_id: OrderId, body: PreviewBody) -> PreviewView:
    """Show what a refund would do. Changes nothing."""
    who = caller(app)
    who.require(Action.REQUEST_REFUND)
    return preview_view(preview_refund(who, order_id, body.choice()))


@app.post(
    "/orders/<order_id>/refunds",
    summary="Request a refund",
    operation_id="create_refund",
    responses=described(201, RefundView, "The refund. It reads Pending."),
)
def create(
    order_id: OrderId, body: RefundBody, idempotency_key: IdempotencyKey
) -> Response[RefundView]:
    """Refund an order in full, in part or by line. It reads Pending until Stripe confirms."""
    user = signed_in(app)
    who = user.caller()
    who.require(Action.REQUEST_REFUND)
    refund, state = request_refund(
        who,
        RefundRequest(
            order=OrderKey(who.studio_id, order_id),
            choice=body.choice(),
            reason=body.reason,
            note=body.note,
            idempotency_key=idempotency_key,
            body=body.model_dump(mode="json"),
            correlation_id=logger.get_correlation_id() or "",
        ),
    )
    names = {who.user: user.name} if user.name else {}
    return Response(201, content_type="application/json", body=refund_view(refund, state, names))


@app.get(
    "/orders/<order_id>/refunds/<refund_id>",
    summary="Read a refund",
    operation_id="read_refund",
    responses=described(200, RefundView, "The refund with its history"),
)
def read(
    order_id: OrderId,
    refund_id: RefundId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> RefundView:
    """Read a refund with its history."""
    who = caller(app)
    who.require(Action.READ_REFUND)
    record = load_callers_order(orders, who, order_id)
    if refund_id not in record.refunds:
        raise RefundNotFoundError("This order has no such refund.")
    refund = record.refunds[refund_id]
    names = people.names(who.studio_id, refund.users)
    return refund_view(refund, record.state, names)


lambda_handler = api_handler(
    app, _MAX_BODY_BYTES, (secrets.forget, connection.close), (charge_verifier,)
)

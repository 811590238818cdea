"""Payment intents, see https://stripe.com/docs/api/payment_intents."""

from typing import Literal

from infra.stripe_standin.changes.charges import make_charge
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.protocol.errors import StripeError
from infra.stripe_standin.protocol.metadata import MetadataChange, merge_metadata
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.parameter_types import Boolean, Currency, PositiveInteger, Text
from infra.stripe_standin.protocol.params import Params
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord, ChargeSeed
from infra.stripe_standin.records.payment_intents import PaymentIntentRecord
from infra.stripe_standin.rendering.application_fees import render_application_fee
from infra.stripe_standin.rendering.charges import render_charge
from infra.stripe_standin.rendering.payment_intents import render_payment_intent

_FIXED_FEE = 30
_FEE_PER_MILLE = 29


class CreatePaymentIntent(Params):
    """Parameters of POST /v1/payment_intents. The stand-in accepts only confirmed ones."""

    unsupported = frozenset(
        {"automatic_payment_methods", "capture_method", "customer", "transfer_data"}
    )

    amount: PositiveInteger
    currency: Currency
    confirm: Boolean = False
    payment_method: Literal["pm_card_visa"] | None = None
    payment_method_types: tuple[Literal["card"], ...] = ("card",)
    application_fee_amount: PositiveInteger | None = None
    description: Text | None = None
    metadata: MetadataChange | None = None
    return_url: Text | None = None


def _create(call: ApiCall[CreatePaymentIntent]) -> JsonObject:
    params, standin = call.params, call.standin
    _check_payment(call)
    fee = params.application_fee_amount
    seed = ChargeSeed(
        id=new_id("ch"),
        payment_intent=new_id("pi"),
        amount=params.amount,
        currency=params.currency,
        fee=_processing_fee(params.amount),
        account=call.account,
        application_fee=None if fee is None else new_id("fee"),
        application_fee_amount=fee,
        metadata=merge_metadata({}, params.metadata),
    )
    charge = make_charge(standin, seed)
    # The API made this charge, so seeding its id later is a conflict.
    charge.seed = None
    charge.description = params.description
    intent = standin.store.payment_intents[str(charge.payment_intent)]
    intent.description = params.description
    _announce(call, charge, intent)
    return render_payment_intent(standin.store, intent)


def _check_payment(call: ApiCall[CreatePaymentIntent]) -> None:
    params = call.params
    if not params.confirm or params.payment_method is None:
        raise StripeError(
            400, "The stand-in makes only payments with confirm=true and a payment_method."
        )
    if params.application_fee_amount is None:
        return
    if call.account is None:
        raise StripeError(
            400,
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a "
            "direct payment (using an OAuth key or Stripe-Account header).",
            param="application_fee_amount",
        )
    if params.application_fee_amount > params.amount:
        raise StripeError(
            400,
            "The application fee cannot be greater than the amount.",
            param="application_fee_amount",
        )


def _processing_fee(amount: int) -> int:
    """Return Stripe's fee on a card payment: 2.9 % + 30 minor units, rounded half up."""
    return (amount * _FEE_PER_MILLE * 2 + 1000) // 2000 + _FIXED_FEE


def _announce(
    call: ApiCall[CreatePaymentIntent], charge: ChargeRecord, intent: PaymentIntentRecord
) -> None:
    store = call.standin.store
    call.emit("payment_intent.created", render_payment_intent(store, intent))
    call.emit("charge.succeeded", render_charge(store, charge))
    call.emit("payment_intent.succeeded", render_payment_intent(store, intent))
    if charge.application_fee is not None:
        fee = store.application_fees[charge.application_fee]
        rendered = render_application_fee(store, fee)
        call.standin.emit("application_fee.created", rendered, account=None, cause=call.cause)


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    store = call.standin.store
    return render_payment_intent(store, call.find(store.payment_intents, "intent"))


OPERATIONS = [
    Operation("POST", "/v1/payment_intents", CreatePaymentIntent, "payment_intent", _create),
    Operation("GET", "/v1/payment_intents/{intent}", Params, "payment_intent", _retrieve),
]

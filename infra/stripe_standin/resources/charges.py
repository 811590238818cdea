"""Charges and the payment intents that make them."""

from typing import Literal

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.errors import StripeError
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.listing import list_page
from infra.stripe_standin.params import (
    Boolean,
    Currency,
    ListParams,
    MetadataChange,
    Params,
    Positive,
    Text,
    TimedListParams,
    merge_metadata,
)
from infra.stripe_standin.records import (
    ApplicationFee,
    Charge,
    ChargeSeed,
    Json,
    PaymentIntent,
)
from infra.stripe_standin.rendering.connect import render_application_fee
from infra.stripe_standin.rendering.payments import (
    render_charge,
    render_payment_intent,
    render_refund,
)
from infra.stripe_standin.resources.balance import move_balance
from infra.stripe_standin.standin import Standin

_FIXED_FEE = 30
_FEE_PER_MILLE = 29


def processing_fee(amount: int) -> int:
    """Return Stripe's fee on a card payment: 2.9 % + 30 minor units, rounded half up."""
    return (amount * _FEE_PER_MILLE * 2 + 1000) // 2000 + _FIXED_FEE


def make_charge(standin: Standin, seed: ChargeSeed) -> Charge:
    """Make a succeeded charge with its balance transactions, payment intent and application fee.

    The charge's account gets the amount less both fees; the platform gets the application fee.
    """
    created = standin.clock.now() if seed.created is None else seed.created
    transaction = move_balance(
        standin,
        "charge",
        seed.amount,
        currency=seed.currency,
        source=seed.id,
        account=seed.account,
        stripe_fee=seed.fee,
        application_fee=seed.application_fee_amount or 0,
        created=created,
    )
    charge = Charge(
        id=seed.id,
        account=seed.account,
        created=created,
        payment_intent=seed.payment_intent,
        amount=seed.amount,
        currency=seed.currency,
        balance_transaction=transaction,
        application_fee=seed.application_fee,
        application_fee_amount=seed.application_fee_amount,
        metadata=seed.metadata,
        seed=seed,
    )
    standin.store.charges.add(charge)
    if seed.payment_intent is not None:
        _make_payment_intent(standin, seed.payment_intent, charge)
    if seed.application_fee is not None:
        _make_application_fee(standin, seed.application_fee, charge)
    return charge


def _make_payment_intent(standin: Standin, id_: str, charge: Charge) -> None:
    standin.store.payment_intents.add(
        PaymentIntent(
            id=id_,
            account=charge.account,
            created=charge.created,
            amount=charge.amount,
            currency=charge.currency,
            application_fee_amount=charge.application_fee_amount,
            latest_charge=charge.id,
            metadata=charge.metadata,
        )
    )


def _make_application_fee(standin: Standin, id_: str, charge: Charge) -> None:
    amount = charge.application_fee_amount or 0
    transaction = move_balance(
        standin,
        "application_fee",
        amount,
        currency=charge.currency,
        source=id_,
        account=None,
        created=charge.created,
    )
    standin.store.application_fees.add(
        ApplicationFee(
            id=id_,
            account=None,
            created=charge.created,
            paid_by=charge.account or "",
            amount=amount,
            currency=charge.currency,
            charge=charge.id,
            balance_transaction=transaction,
        )
    )


class CreatePaymentIntent(Params):
    """Parameters of POST /v1/payment_intents, of which the stand-in takes confirmed ones."""

    unsupported = frozenset(
        {"automatic_payment_methods", "capture_method", "customer", "transfer_data"}
    )

    amount: Positive
    currency: Currency
    confirm: Boolean = False
    payment_method: Literal["pm_card_visa"] | None = None
    payment_method_types: tuple[Literal["card"], ...] = ("card",)
    application_fee_amount: Positive | None = None
    description: Text | None = None
    metadata: MetadataChange | None = None
    return_url: Text | None = None


def _create_payment_intent(call: Call[CreatePaymentIntent]) -> Json:
    params, standin = call.params, call.standin
    if not params.confirm or params.payment_method is None:
        raise StripeError(
            400, "The stand-in makes only payments with confirm=true and a payment_method."
        )
    fee = params.application_fee_amount
    if fee is not None and call.account is None:
        raise StripeError(
            400,
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a "
            "direct payment (using an OAuth key or Stripe-Account header).",
            param="application_fee_amount",
        )
    if fee is not None and fee > params.amount:
        raise StripeError(
            400,
            "The application fee cannot be greater than the amount.",
            param="application_fee_amount",
        )
    seed = ChargeSeed(
        id=new_id("ch"),
        payment_intent=new_id("pi"),
        amount=params.amount,
        currency=params.currency,
        fee=processing_fee(params.amount),
        account=call.account,
        application_fee=None if fee is None else new_id("fee"),
        application_fee_amount=fee,
        metadata=merge_metadata({}, params.metadata),
    )
    charge = make_charge(standin, seed)
    # It was not seeded: seeding the same id later must not take it for unchanged.
    charge.seed = None
    charge.description = params.description
    intent = standin.store.payment_intents[str(charge.payment_intent)]
    intent.description = params.description
    _announce_payment(call, charge, intent)
    return render_payment_intent(intent)


def _announce_payment(
    call: Call[CreatePaymentIntent], charge: Charge, intent: PaymentIntent
) -> None:
    standin = call.standin
    rendered = render_payment_intent(intent)
    for type_, body in (
        ("payment_intent.created", rendered),
        ("charge.succeeded", render_charge(standin.store, charge)),
        ("payment_intent.succeeded", rendered),
    ):
        standin.emit(type_, body, account=call.account, cause=call.cause)
    if charge.application_fee is not None:
        fee = standin.store.application_fees[charge.application_fee]
        standin.emit(
            "application_fee.created",
            render_application_fee(standin.store, fee),
            account=None,
            cause=call.cause,
        )


def _retrieve_payment_intent(call: Call[Params]) -> Json:
    intents = call.standin.store.payment_intents
    return render_payment_intent(intents.find(call.ids["intent"], call.account, param="intent"))


class ListCharges(TimedListParams):
    """Parameters of GET /v1/charges."""

    unsupported = frozenset({"customer", "transfer_group"})

    payment_intent: Text | None = None


def _list_charges(call: Call[ListCharges]) -> Json:
    params, store = call.params, call.standin.store

    def keep(charge: Charge) -> bool:
        return params.payment_intent in {None, charge.payment_intent} and params.created.holds(
            charge.created
        )

    return list_page(
        store.charges,
        store.charges.of_account(call.account),
        params,
        account=call.account,
        url="/v1/charges",
        keep=keep,
        render=lambda charge: render_charge(store, charge),
    )


def _retrieve_charge(call: Call[Params]) -> Json:
    store = call.standin.store
    return render_charge(store, store.charges.find(call.ids["charge"], call.account, param="id"))


def _list_refunds_of_charge(call: Call[ListParams]) -> Json:
    store = call.standin.store
    charge = store.charges.find(call.ids["charge"], call.account, param="charge")
    return list_page(
        store.refunds,
        store.refunds.of_group(charge.id),
        call.params,
        account=call.account,
        url=f"/v1/charges/{charge.id}/refunds",
        keep=lambda _: True,
        render=render_refund,
    )


OPERATIONS = [
    Operation(
        "POST", "/v1/payment_intents", CreatePaymentIntent, "payment_intent", _create_payment_intent
    ),
    Operation(
        "GET", "/v1/payment_intents/{intent}", Params, "payment_intent", _retrieve_payment_intent
    ),
    Operation("GET", "/v1/charges", ListCharges, "list of charge", _list_charges),
    Operation("GET", "/v1/charges/{charge}", Params, "charge", _retrieve_charge),
    Operation(
        "GET",
        "/v1/charges/{charge}/refunds",
        ListParams,
        "list of refund",
        _list_refunds_of_charge,
    ),
]

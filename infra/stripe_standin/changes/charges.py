"""New charges, and the money that moves when one is collected or released."""

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.application_fees import ApplicationFeeRecord
from infra.stripe_standin.records.base import Metadata
from infra.stripe_standin.records.charges import ChargeRecord, ChargeSeed, PaymentMethod
from infra.stripe_standin.records.payment_intents import PaymentIntentRecord
from infra.stripe_standin.records.refunds import RefundReason, RefundRecord
from infra.stripe_standin.state import StandinState


def make_charge(standin: StandinState, seed: ChargeSeed) -> ChargeRecord:
    """Make a charge in the seed's state, with its payment intent and the money it moved.

    A paid charge gives its account the amount less both fees, and the platform the application
    fee. A charge in another state moves no money.
    """
    created = standin.clock.now() if seed.created is None else seed.created
    charge = ChargeRecord(
        id=seed.id,
        account=seed.account,
        created=created,
        payment_intent=seed.payment_intent,
        amount=seed.amount,
        currency=seed.currency,
        state=seed.state,
        stripe_fee=seed.fee,
        application_fee_amount=seed.application_fee_amount,
        planned_application_fee=seed.application_fee,
        manual_capture=seed.is_captured_by_hand,
        metadata=seed.metadata,
        payment_method=seed.payment_method or _usual_payment_method(seed),
        settlement=seed.settlement,
        seed=seed,
    )
    standin.store.charges.add(charge)
    if seed.payment_intent is not None:
        _make_payment_intent(standin, seed.payment_intent, charge)
    match seed.state:
        case "paid":
            collect_charge(standin, charge, seed.amount_captured or seed.amount, at=created)
        case "failed":
            charge.failure_code, charge.failure_message = seed.failure_code, seed.failure_message
        case "expired":
            expire_authorization(standin, charge, at=created)
        case "canceled":
            release_authorization(standin, charge, at=created)
    return charge


def _usual_payment_method(seed: ChargeSeed) -> PaymentMethod:
    if seed.state != "pending":
        return "card"
    return "us_bank_account" if seed.currency == "usd" else "sepa_debit"


def _make_payment_intent(standin: StandinState, id_: str, charge: ChargeRecord) -> None:
    standin.store.payment_intents.add(
        PaymentIntentRecord(
            id=id_,
            account=charge.account,
            created=charge.created,
            amount=charge.amount,
            currency=charge.currency,
            latest_charge=charge.id,
            metadata=charge.metadata,
        )
    )


def collect_charge(
    standin: StandinState, charge: ChargeRecord, amount: int, *, at: int
) -> RefundRecord | None:
    """Collect the amount, and return the refund that released the rest of an authorization.

    The application fee never exceeds the collected amount.
    """
    charge.state, charge.amount_captured = "paid", amount
    if charge.application_fee_amount is not None:
        charge.application_fee_amount = min(charge.application_fee_amount, amount)
    charge.balance_transaction = move_balance(
        standin,
        "payment" if charge.is_local_payment else "charge",
        amount,
        currency=charge.currency,
        source=charge.id,
        account=charge.account,
        stripe_fee=charge.stripe_fee,
        application_fee=charge.application_fee_amount or 0,
        settlement=charge.settlement,
        created=at,
    )
    if charge.planned_application_fee is not None:
        _make_application_fee(standin, charge.planned_application_fee, charge, at)
    if amount == charge.amount:
        return None
    return _add_release(standin, charge, charge.amount - amount, at=at)


def _make_application_fee(
    standin: StandinState, id_: str, charge: ChargeRecord, created: int
) -> None:
    amount = charge.application_fee_amount or 0
    transaction = move_balance(
        standin,
        "application_fee",
        amount,
        currency=charge.currency,
        source=id_,
        account=None,
        created=created,
    )
    charge.application_fee = id_
    standin.store.application_fees.add(
        ApplicationFeeRecord(
            id=id_,
            account=None,
            created=created,
            paid_by=charge.account or "",
            amount=amount,
            currency=charge.currency,
            charge=charge.id,
            balance_transaction=transaction,
        )
    )


def expire_authorization(standin: StandinState, charge: ChargeRecord, *, at: int) -> RefundRecord:
    """Let an authorization run out, and return the refund that shows it."""
    charge.state = "expired"
    reason: RefundReason = "expired_uncaptured_charge"
    return _add_release(standin, charge, charge.amount, at=at, reason=reason)


def release_authorization(
    standin: StandinState,
    charge: ChargeRecord,
    *,
    at: int,
    reason: RefundReason | None = None,
    metadata: Metadata | None = None,
) -> RefundRecord:
    """Give a whole authorization up, and return the refund that shows it."""
    charge.state = "canceled"
    return _add_release(standin, charge, charge.amount, at=at, reason=reason, metadata=metadata)


def _add_release(  # noqa: PLR0913 - a refund has these parts
    standin: StandinState,
    charge: ChargeRecord,
    amount: int,
    *,
    at: int,
    reason: RefundReason | None = None,
    metadata: Metadata | None = None,
) -> RefundRecord:
    """Add a refund that moves no money, because the money was never collected."""
    release = RefundRecord(
        id=new_id("re"),
        account=charge.account,
        created=at,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        amount=amount,
        currency=charge.currency,
        status="succeeded",
        reason=reason,
        metadata=metadata or {},
        is_release=True,
    )
    return standin.store.refunds.add(release)

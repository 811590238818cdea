"""New charges, with their payment intents and application fees."""

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.records.application_fees import ApplicationFeeRecord
from infra.stripe_standin.records.charges import ChargeRecord, ChargeSeed
from infra.stripe_standin.records.payment_intents import PaymentIntentRecord
from infra.stripe_standin.state import StandinState


def make_charge(standin: StandinState, seed: ChargeSeed) -> ChargeRecord:
    """Make a succeeded charge with its balance transactions, payment intent and application fee.

    The charge's account gets the amount less both fees. The platform gets the application fee.
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
    charge = ChargeRecord(
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


def _make_payment_intent(standin: StandinState, id_: str, charge: ChargeRecord) -> None:
    standin.store.payment_intents.add(
        PaymentIntentRecord(
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


def _make_application_fee(standin: StandinState, id_: str, charge: ChargeRecord) -> None:
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
        ApplicationFeeRecord(
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

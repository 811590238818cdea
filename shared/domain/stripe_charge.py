"""A charge as Stripe reports it, read strictly from an API answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string


@dataclass(frozen=True, slots=True)
class StripeCharge:
    """A charge. Amounts in minor units of ``currency``.

    ``paid_at`` is when the money came. For a bank debit or an authorization that is days after the
    charge was made. ``stripe_fee_amount`` is the fee that Stripe took, without the application fee.
    It is None before the money is there, and if the account keeps its balance in another currency.
    """

    charge_id: str
    status: str
    captured: bool
    refunded: bool
    amount_captured: int
    amount_refunded: int
    currency: str
    payment_intent_id: str | None = None
    application_fee_id: str | None = None
    application_fee_amount: int = 0
    balance_transaction_id: str | None = None
    paid_at: datetime | None = None
    stripe_fee_amount: int | None = None
    failure_code: str | None = None


def stripe_charge_from(source: Mapping[str, Any]) -> StripeCharge:
    """Return the charge of a Stripe ``charge`` object whose balance transaction is expanded.

    https://docs.stripe.com/api/charges/object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    if source.get("object") != "charge":
        raise MalformedStripeObjectError("expected a charge object")
    charge_id, currency = string(source, "id"), string(source, "currency")
    movement = source.get("balance_transaction")
    if movement is not None and not isinstance(movement, Mapping):
        raise MalformedStripeObjectError("a charge without its whole balance transaction")
    return StripeCharge(
        charge_id=charge_id,
        status=string(source, "status"),
        captured=_flag(source, "captured"),
        refunded=_flag(source, "refunded"),
        amount_captured=_amount(source, "amount_captured"),
        amount_refunded=_amount(source, "amount_refunded"),
        currency=currency,
        payment_intent_id=optional_id(source, "payment_intent"),
        application_fee_id=optional_id(source, "application_fee"),
        application_fee_amount=source.get("application_fee_amount") or 0,
        balance_transaction_id=string(movement, "id") if movement else None,
        paid_at=datetime.fromtimestamp(_amount(movement, "created"), UTC) if movement else None,
        stripe_fee_amount=_stripe_fee(movement, currency) if movement else None,
        failure_code=optional_id(source, "failure_code"),
    )


def _stripe_fee(movement: Mapping[str, Any], currency: str) -> int | None:
    """Return Stripe's own fee in a charge's balance transaction, or None in another currency.

    https://docs.stripe.com/api/balance_transactions/object#balance_transaction_object-fee_details
    """
    if movement.get("currency") != currency:
        return None
    details = movement.get("fee_details")
    if not isinstance(details, list) or not all(isinstance(each, Mapping) for each in details):
        raise MalformedStripeObjectError("a balance transaction without its fee details")
    return sum(_amount(each, "amount") for each in details if each.get("type") != "application_fee")


def _amount(source: Mapping[str, Any], name: str) -> int:
    value = source.get(name)
    if type(value) is not int or value < 0:
        raise MalformedStripeObjectError(f"no {name}")
    return value


def _flag(source: Mapping[str, Any], name: str) -> bool:
    value = source.get(name)
    if not isinstance(value, bool):
        raise MalformedStripeObjectError(f"no {name}")
    return value

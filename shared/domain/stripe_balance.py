"""Balance transactions and application fees, read strictly from Stripe's answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from shared.domain.stripe_object import MalformedStripeObjectError, string


class MovementType(StrEnum):
    """The types of balance transactions that move money back or out.

    https://docs.stripe.com/reports/balance-transaction-types
    """

    REFUND = "refund"
    # A refund of a charge that was not paid by card.
    PAYMENT_REFUND = "payment_refund"
    REFUND_FAILURE = "refund_failure"
    APPLICATION_FEE_REFUND = "application_fee_refund"
    TRANSFER = "transfer"
    TRANSFER_REFUND = "transfer_refund"
    TRANSFER_FAILURE = "transfer_failure"


_TAKES_MONEY = frozenset(
    {
        MovementType.REFUND,
        MovementType.PAYMENT_REFUND,
        MovementType.APPLICATION_FEE_REFUND,
        MovementType.TRANSFER,
    }
)


@dataclass(frozen=True, slots=True)
class BalanceMovement:
    """A balance transaction with its source, the object that caused it.

    ``amount`` is signed, in minor units of ``currency``, which is the currency of the account's
    balance. Stripe converts other currencies into it; then the amount is not the refund's.
    """

    movement_id: str
    type: MovementType
    amount: int
    currency: str
    created: datetime
    source: Mapping[str, Any]

    @property
    def takes_money(self) -> bool:
        """Whether it takes money out of the balance. Otherwise it puts money back."""
        return self.type in _TAKES_MONEY

    @property
    def expected_amount(self) -> int:
        """The amount that its source should have moved, in minor units, signed.

        Raises:
            MalformedStripeObjectError: The source has no integer amount.
        """
        amount = self.source.get("amount")
        if type(amount) is not int:
            raise MalformedStripeObjectError(
                "the source of a balance transaction has no integer amount"
            )
        return -amount if self.takes_money else amount


def balance_movement_from(source: Mapping[str, Any]) -> BalanceMovement:
    """Return the movement of a Stripe ``balance_transaction`` object whose source is expanded.

    https://docs.stripe.com/api/balance_transactions/object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    amount, created, about = source.get("amount"), source.get("created"), source.get("source")
    if source.get("object") != "balance_transaction":
        raise MalformedStripeObjectError("expected a balance transaction")
    if type(amount) is not int or type(created) is not int:
        raise MalformedStripeObjectError("a balance transaction without amount or time")
    if not isinstance(about, Mapping):
        raise MalformedStripeObjectError("a balance transaction without its source")
    return BalanceMovement(
        string(source, "id"),
        MovementType(string(source, "type")),
        amount,
        string(source, "currency"),
        datetime.fromtimestamp(created, UTC),
        about,
    )


@dataclass(frozen=True, slots=True)
class StripeFee:
    """An application fee, and how much of it was refunded, in minor units."""

    fee_id: str
    charge_id: str
    amount_refunded: int


def stripe_fee_from(source: Mapping[str, Any]) -> StripeFee:
    """Return the fee of a Stripe ``application_fee`` object.

    https://docs.stripe.com/api/application_fees/object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    amount = source.get("amount_refunded")
    if source.get("object") != "application_fee":
        raise MalformedStripeObjectError("expected an application fee")
    if type(amount) is not int:
        raise MalformedStripeObjectError("an application fee without an integer amount_refunded")
    return StripeFee(string(source, "id"), string(source, "charge"), amount)


def fee_of(movement: BalanceMovement) -> StripeFee:
    """Return the application fee that a fee refund's movement belongs to.

    Raises:
        MalformedStripeObjectError: The fee is not expanded, or not as documented.
    """
    fee = movement.source.get("fee")
    if not isinstance(fee, Mapping):
        raise MalformedStripeObjectError("a fee refund without its fee")
    return stripe_fee_from(fee)

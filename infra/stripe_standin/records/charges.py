"""Charges, and the seeds that the control API makes them from."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.stripe_standin.records.base import Metadata, StripeRecord
from infra.stripe_standin.records.conversions import Conversion

# Where a payment stands. Stripe shows it as `status`, `paid`, `captured` and `refunded` together.
# `pending` is a bank debit under way. `uncaptured` is a card authorization, which ends as `paid`,
# or is released: `expired` by time, `canceled` by the merchant.
type ChargeState = Literal["paid", "pending", "uncaptured", "failed", "expired", "canceled"]
type ChargeStatus = Literal["succeeded", "pending", "failed"]
type PaymentMethod = Literal["card", "us_bank_account", "sepa_debit"]

_RELEASED = frozenset({"expired", "canceled"})
_AUTHORIZED_ONLY = _RELEASED | {"uncaptured"}


class ChargeSeed(BaseModel):
    """A charge to create, strictly checked.

    Attributes:
        fee: Stripe's own processing fee, without the application fee. Taken once it is paid.
        account: The connected account of a direct charge; None charges on the platform.
        created: None is the time of seeding.
        amount_captured: Less than `amount` captures an authorization in part; None captures all.
        payment_method: None is a bank debit for a pending charge, and a card for any other.
        settlement: How the money is converted; None settles in the charge's currency. Stripe's
            fee is in the currency of the settlement.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: Annotated[str, Field(pattern=r"^(ch|py)_\w+$")]
    payment_intent: Annotated[str, Field(pattern=r"^pi_\w+$")] | None
    amount: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    fee: Annotated[int, Field(ge=0)]
    account: Annotated[str, Field(pattern=r"^acct_\w+$")] | None = None
    application_fee: Annotated[str, Field(pattern=r"^fee_\w+$")] | None = None
    application_fee_amount: Annotated[int, Field(ge=0)] | None = None
    created: Annotated[int, Field(ge=0)] | None = None
    metadata: Metadata = {}
    state: ChargeState = "paid"
    amount_captured: Annotated[int, Field(ge=1)] | None = None
    failure_code: str = "card_declined"
    failure_message: str = "Your card was declined."
    payment_method: PaymentMethod | None = None
    settlement: Conversion | None = None

    @model_validator(mode="after")
    def _application_fee_must_be_possible(self) -> Self:
        if (self.application_fee is None) != (self.application_fee_amount is None):
            message = "application_fee and application_fee_amount go together"
            raise ValueError(message)
        if self.application_fee is not None and self.account is None:
            message = "only a charge on a connected account has an application fee"
            raise ValueError(message)
        if (self.application_fee_amount or 0) > self.amount:
            message = "application_fee_amount is more than amount"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _captured_amount_must_be_possible(self) -> Self:
        if self.amount_captured is None:
            return self
        if self.state != "paid":
            message = "only a paid charge has an amount_captured"
            raise ValueError(message)
        if self.amount_captured > self.amount:
            message = "amount_captured is more than amount"
            raise ValueError(message)
        return self

    @property
    def is_captured_by_hand(self) -> bool:
        """True if the charge began as an authorization."""
        is_partial = (self.amount_captured or self.amount) < self.amount
        return self.state in _AUTHORIZED_ONLY or is_partial


class ChargeRecord(StripeRecord):
    """A payment, or the arrival of a transfer.

    Attributes:
        amount_captured: How much was collected; 0 until the charge is paid.
        stripe_fee: What Stripe keeps once the charge is paid.
        balance_transaction: None until the charge is paid.
        application_fee: The fee that was collected; None until the charge is paid.
        planned_application_fee: The id that the application fee gets once the charge is paid.
        manual_capture: True if the charge began as an authorization.
        settlement: How its money is converted; None settles in its own currency.
        source_transfer: The transfer that arrived as this charge (its id begins with `py_`).
        seed: What the charge was seeded from; None if the API made it.
    """

    payment_intent: str | None = None
    amount: int
    currency: str
    state: ChargeState = "paid"
    amount_captured: int = 0
    stripe_fee: int = 0
    balance_transaction: str | None = None
    application_fee: str | None = None
    application_fee_amount: int | None = None
    planned_application_fee: str | None = None
    description: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    manual_capture: bool = False
    metadata: Metadata = Field(default_factory=dict)
    payment_method: PaymentMethod = "card"
    settlement: Conversion | None = None
    source_transfer: str | None = None
    seed: ChargeSeed | None = None

    @property
    def status(self) -> ChargeStatus:
        """Stripe's `status`: an authorization has succeeded, even if it was released."""
        return self.state if self.state in {"pending", "failed"} else "succeeded"

    @property
    def is_local_payment(self) -> bool:
        """True if Stripe calls the charge a payment, as it does for bank debits: `py_…`."""
        return self.id.startswith("py_")

"""What the stand-in remembers: one record per Stripe object, holding only what varies.

Amounts are integers in minor units of the record's currency, times are Unix seconds of the
stand-in's clock. What Stripe's JSON adds to that is written where each object is rendered.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

type Json = dict[str, Any]
type Metadata = dict[str, str]
type RefundStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
type PendingReason = Literal["charge_pending", "insufficient_funds", "processing"]
type FailureReason = Literal[
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
]
type DeliveryState = Literal["queued", "delivered", "gave_up"]


class Record(BaseModel):
    """What every object has.

    Attributes:
        id: Stripe's id.
        account: The connected account the object belongs to; None is the platform.
        created: When it was made.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    account: str | None
    created: int


class ChargeSeed(BaseModel):
    """A charge as an imported order knows it, strictly checked.

    Attributes:
        fee: Stripe's own processing fee, without the application fee.
        account: The connected account of a direct charge; None charges on the platform.
        created: None is the time of seeding.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: Annotated[str, Field(pattern=r"^ch_\w+$")]
    payment_intent: Annotated[str, Field(pattern=r"^pi_\w+$")] | None
    amount: Annotated[int, Field(ge=1)]
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    fee: Annotated[int, Field(ge=0)]
    account: Annotated[str, Field(pattern=r"^acct_\w+$")] | None = None
    application_fee: Annotated[str, Field(pattern=r"^fee_\w+$")] | None = None
    application_fee_amount: Annotated[int, Field(ge=0)] | None = None
    created: Annotated[int, Field(ge=0)] | None = None
    metadata: Metadata = {}

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


class Charge(Record):
    """A succeeded card payment.

    Attributes:
        dispute: The dispute about it, if there ever was one.
        source_transfer: The transfer whose arrival this is (a `py_` charge).
        seed: What it was seeded from; None if it was made through the API.
    """

    payment_intent: str | None = None
    amount: int
    currency: str
    balance_transaction: str
    application_fee: str | None = None
    application_fee_amount: int | None = None
    description: str | None = None
    dispute: str | None = None
    metadata: Metadata = {}
    source_transfer: str | None = None
    seed: ChargeSeed | None = None


class PaymentIntent(Record):
    """A payment that has succeeded: the stand-in makes no others."""

    amount: int
    currency: str
    application_fee_amount: int | None = None
    description: str | None = None
    latest_charge: str
    metadata: Metadata = {}


class Refund(Record):
    """A refund of a charge.

    Attributes:
        balance_transaction: The debit; None while the balance has not been touched.
        failure_balance_transaction: What gave the debit back.
    """

    charge: str
    payment_intent: str | None
    amount: int
    currency: str
    status: RefundStatus
    reason: str | None = None
    metadata: Metadata = {}
    instructions_email: str | None = None
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    failure_reason: FailureReason | None = None
    pending_reason: PendingReason | None = None

    @property
    def stands(self) -> bool:
        """Whether its money is with the customer or on the way there."""
        return self.status not in {"failed", "canceled"}


class BalanceTransaction(Record):
    """One movement of an account's balance.

    Attributes:
        category: Stripe's `reporting_category`.
        stripe_fee: What Stripe kept of the amount.
        application_fee: What the platform kept of the amount.
    """

    type: str
    category: str
    amount: int
    currency: str
    source: str
    description: str | None = None
    stripe_fee: int = 0
    application_fee: int = 0


class ApplicationFee(Record):
    """The platform's part of a direct charge.

    Attributes:
        paid_by: The connected account the fee was taken from.
    """

    paid_by: str
    amount: int
    currency: str
    charge: str
    balance_transaction: str


class FeeRefund(Record):
    """What the platform gave back of an application fee."""

    fee: str
    amount: int
    currency: str
    balance_transaction: str
    metadata: Metadata = {}


class Transfer(Record):
    """Money moved from the platform to a connected account."""

    amount: int
    currency: str
    destination: str
    destination_payment: str
    balance_transaction: str
    description: str | None = None
    metadata: Metadata = {}
    source_transaction: str | None = None
    source_type: str = "card"
    transfer_group: str | None = None


class TransferReversal(Record):
    """Money of a transfer moved back."""

    transfer: str
    amount: int
    currency: str
    balance_transaction: str
    destination_payment_refund: str
    metadata: Metadata = {}


class Dispute(Record):
    """A chargeback of a card payment."""

    charge: str
    payment_intent: str | None
    amount: int
    currency: str
    status: Literal["needs_response", "won", "lost"] = "needs_response"
    balance_transactions: list[str]


class Event(Record):
    """A notice of a change, with the changed object as it was just after.

    Attributes:
        request_id: The API request that caused it; None if nothing outside did.
    """

    type: str
    api_version: str
    object: Json
    previous_attributes: Json | None = None
    request_id: str | None = None
    idempotency_key: str | None = None


class WebhookEndpoint(Record):
    """Where events are sent.

    Attributes:
        connect: Whether it hears of connected accounts (only) instead of the platform.
        old_secret: The secret being rolled out of use.
        old_secret_until: When `old_secret` stops signing.
    """

    url: str
    enabled_events: list[str]
    secret: str
    old_secret: str | None = None
    old_secret_until: int | None = None
    connect: bool = False
    api_version: str | None = None
    description: str | None = None
    disabled: bool = False
    metadata: Metadata = {}


class Attempt(BaseModel):
    """One try to deliver an event.

    Attributes:
        at: Wall time in Unix seconds.
        status_code: What the endpoint answered; None if it did not.
        error: Why there was no answer.
    """

    model_config = ConfigDict(extra="forbid")

    at: int
    status_code: int | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the endpoint took the event: with 2xx, redirections do not count."""
        return self.status_code is not None and 200 <= self.status_code < 300  # noqa: PLR2004 - 2xx


class Delivery(BaseModel):
    """One copy of an event on its way to one endpoint."""

    model_config = ConfigDict(extra="forbid")

    id: str
    event: str
    endpoint: str
    state: DeliveryState = "queued"
    attempts: list[Attempt] = []


class SavedAnswer(BaseModel):
    """The answer kept under an idempotency key.

    Attributes:
        request_id: The request that was executed.
    """

    model_config = ConfigDict(extra="forbid")

    account: str | None
    key: str
    created: int
    path: str
    params: Json
    status: int
    body: Json
    request_id: str

"""Charges, and the seeds that the control API makes them from."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.stripe_standin.records.base import Metadata, StripeRecord


class ChargeSeed(BaseModel):
    """A charge to create, strictly checked.

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


class ChargeRecord(StripeRecord):
    """A card payment that succeeded, or the arrival of a transfer.

    Attributes:
        dispute: The dispute about the charge, if there ever was one.
        source_transfer: The transfer that arrived as this charge (its id begins with `py_`).
        seed: What the charge was seeded from; None if the API made it.
    """

    payment_intent: str | None = None
    amount: int
    currency: str
    balance_transaction: str
    application_fee: str | None = None
    application_fee_amount: int | None = None
    description: str | None = None
    dispute: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    source_transfer: str | None = None
    seed: ChargeSeed | None = None

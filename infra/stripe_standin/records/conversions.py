"""Conversions of a charge's currency into the currency that its account holds."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Conversion(BaseModel):
    """The currency that a charge settles in.

    Attributes:
        currency: The currency of the balance.
        exchange_rate: How many of its minor units one minor unit of the charge gives, as text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    exchange_rate: Annotated[str, Field(pattern=r"^\d{1,6}(\.\d{1,12})?$")]

    def convert(self, amount: int) -> int:
        """Return the amount in the balance's currency, rounded half away from zero."""
        exact = amount * Decimal(self.exchange_rate)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))

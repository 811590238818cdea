"""Requests of refunds, checked strictly. Amounts in minor units."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.domain.refund import RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice

type Reason = Literal["wrong_print", "parent_changed_mind", "quality_issue", "other"]

# More than any order, and no more than Stripe accepts (eight digits in most currencies).
_MAX_AMOUNT = 99_999_999
_MAX_ITEMS = 100

LineId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Choice(_Strict):
    note: Annotated[str, StringConstraints(max_length=500)] | None = None
    fulfillment: Literal["keep"] | None = None
    expected_refundable_amount: Annotated[int, Field(ge=0, le=_MAX_AMOUNT)] | None = None


class FullPreview(_Choice):
    """All that is left of the order."""

    type: Literal["full"]
    reason: Reason | None = None

    def choice(self) -> RefundChoice:
        """Return the domain's form."""
        return RefundChoice(
            RefundType.FULL,
            keep_print=self.fulfillment == "keep",
            expected_refundable_amount=self.expected_refundable_amount,
        )


class PartialPreview(_Choice):
    """An amount."""

    type: Literal["partial"]
    reason: Reason | None = None
    amount: Annotated[int, Field(gt=0, le=_MAX_AMOUNT)]

    def choice(self) -> RefundChoice:
        """Return the domain's form."""
        return RefundChoice(
            RefundType.PARTIAL,
            amount=self.amount,
            keep_print=self.fulfillment == "keep",
            expected_refundable_amount=self.expected_refundable_amount,
        )


class RefundItemBody(_Strict):
    """Units of a line."""

    line_id: LineId
    quantity: Annotated[int, Field(gt=0, le=10_000)]


class LineItemsPreview(_Choice):
    """Products and quantities with their tax and discount, and shipping if chosen."""

    type: Literal["line_items"]
    reason: Reason | None = None
    items: Annotated[list[RefundItemBody], Field(max_length=_MAX_ITEMS)] = []
    shipping: bool = False

    @model_validator(mode="after")
    def _names_each_line_once(self) -> "LineItemsPreview":
        ids = [item.line_id for item in self.items]
        if len(set(ids)) != len(ids):
            raise ValueError("name each line once, with all its units")
        if not ids and not self.shipping:
            raise ValueError("name at least one line, or shipping")
        return self

    def choice(self) -> RefundChoice:
        """Return the domain's form."""
        return RefundChoice(
            RefundType.LINE_ITEMS,
            lines=tuple(ChosenLine(item.line_id, item.quantity) for item in self.items),
            shipping=self.shipping,
            keep_print=self.fulfillment == "keep",
            expected_refundable_amount=self.expected_refundable_amount,
        )


class FullRefund(FullPreview):
    """All that is left of the order, and why."""

    reason: Reason


class PartialRefund(PartialPreview):
    """An amount, and why."""

    reason: Reason


class LineItemsRefund(LineItemsPreview):
    """Products and quantities, and why."""

    reason: Reason

"""Requests of refunds, checked strictly. Amounts in minor units."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.domain.limits import LARGEST_AMOUNT
from shared.domain.refund import RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice
from shared.domain.refund_reason import RefundReason
from shared.edge.bodies import StrictBody

# JSON has no enums: the text of one is taken for it.
Reason = Annotated[RefundReason, Field(strict=False)]

# As many as an order may have.
_MAX_ITEMS = 1_000

LineId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Choice(StrictBody):
    note: Annotated[str, StringConstraints(max_length=500)] | None = None
    fulfillment: Literal["keep"] | None = None
    expected_refundable_amount: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)] | None = None


class FullPreview(_Choice):
    """A full refund: all that is left of the order."""

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
    """A partial refund: an amount."""

    type: Literal["partial"]
    reason: Reason | None = None
    amount: Annotated[int, Field(gt=0, le=LARGEST_AMOUNT)]

    def choice(self) -> RefundChoice:
        """Return the domain's form."""
        return RefundChoice(
            RefundType.PARTIAL,
            amount=self.amount,
            keep_print=self.fulfillment == "keep",
            expected_refundable_amount=self.expected_refundable_amount,
        )


class RefundItemBody(StrictBody):
    """Units of a line."""

    line_id: LineId
    quantity: Annotated[int, Field(gt=0, le=10_000)]


class LineItemsPreview(_Choice):
    """A line-item refund: quantities with their tax and discount, and shipping if chosen."""

    type: Literal["line_items"]
    reason: Reason | None = None
    items: list[RefundItemBody] = Field(default=[], max_length=_MAX_ITEMS)
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
    """A full refund: all that is left of the order, and the reason."""

    reason: Reason


class PartialRefund(PartialPreview):
    """A partial refund: an amount, and the reason."""

    reason: Reason


class LineItemsRefund(LineItemsPreview):
    """A line-item refund: quantities of lines, and the reason."""

    reason: Reason

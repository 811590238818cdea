"""The bodies of what needs attention. Amounts in minor units, times RFC 3339 in UTC."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints


class AttentionKind(StrEnum):
    """Why something is on the list."""

    REFUND_FAILED = "refund_failed"
    REFUND_PENDING_TOO_LONG = "refund_pending_too_long"
    REFUND_LACKS_BALANCE = "refund_lacks_balance"
    SETTLEMENT_OVERDUE = "settlement_overdue"
    MESSAGE_UNKNOWN = "message_unknown"
    MESSAGE_PARKED = "message_parked"
    CHARGE_DISPUTED = "charge_disputed"


class AttentionView(BaseModel):
    """One thing that a person must act on; ``detail`` says what to do."""

    kind: AttentionKind
    since: str
    detail: str
    order_id: str | None = None
    refund_id: str | None = None
    message_id: str | None = None
    parked_id: str | None = None
    amount: int | None = None
    currency: str | None = None


class AttentionList(BaseModel):
    """All there is, the longest waiting first. The list is whole: there is no next page."""

    items: list[AttentionView]
    next_cursor: None = None


class ResolutionBody(BaseModel):
    """How the parent got the money of a failed refund: recorded once it is done."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    paid_by: Literal["bank_transfer", "check", "cash", "new_refund", "not_owed"]
    reference: (
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")]
        | None
    ) = None


class ParkedView(BaseModel):
    """A message between the functions that was put aside."""

    parked_id: str
    reason: str
    parked_at: str
    resolved_at: str | None
    resolved_by: str | None

"""Responses of the attention list. Amounts in minor units, times RFC 3339 in UTC."""

from pydantic import BaseModel

from functions.attention.list_attention import AttentionItem, AttentionKind
from shared.domain.parked import ParkedMessage

_DETAIL = {
    AttentionKind.REFUND_FAILED: (
        "The money did not reach the parent. Refund again or pay the parent another way. "
        "Then record how at the refund's resolution."
    ),
    AttentionKind.REFUND_PENDING_TOO_LONG: (
        "Stripe has not confirmed this refund for a day. Look it up in Stripe. "
        "If Stripe needs something from the parent, write to them."
    ),
    AttentionKind.REFUND_LACKS_BALANCE: (
        "Stripe's balance is too low for this refund. Top up the Stripe account. "
        "Stripe will then send the refund by itself."
    ),
    AttentionKind.SETTLEMENT_OVERDUE: (
        "Stripe confirmed this refund, but the ledger does not have it yet. "
        "Tell PPS if this does not change."
    ),
    AttentionKind.MESSAGE_UNKNOWN: (
        "We do not know whether this message reached the parent, and we will not send it again. "
        "Ask the parent. Then record the answer at the message's resolution."
    ),
    AttentionKind.CHARGE_DISPUTED: (
        "The parent disputes the charge with their bank. Answer the dispute in Stripe. "
        "You can refund again once it is closed."
    ),
    AttentionKind.MESSAGE_PARKED: (
        "The refund system could not process one of its own messages. "
        "Tell PPS. PPS repairs it and records the resolution."
    ),
    AttentionKind.PAYOUTS_ON_HOLD: (
        "Stripe could not pay your account, so your payouts are on hold. The money is in your "
        "balance. Repair the account in Stripe or name another one, and tell PPS. The next payout "
        "then pays everything that is due."
    ),
}


class AttentionView(BaseModel):
    """One thing that a person must act on. ``detail`` says what to do."""

    kind: AttentionKind
    since: str
    detail: str
    order_id: str | None = None
    refund_id: str | None = None
    message_id: str | None = None
    parked_id: str | None = None
    payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None


class AttentionList(BaseModel):
    """Everything that needs attention, the longest waiting first. There is no next page."""

    items: list[AttentionView]
    next_cursor: None = None


class ParkedView(BaseModel):
    """A message inside the refund system that could not be processed."""

    parked_id: str
    reason: str
    parked_at: str
    resolved_at: str | None
    resolved_by: str | None


def attention_list(items: list[AttentionItem]) -> AttentionList:
    """Return the list as the API shows it."""
    return AttentionList(items=[_attention_view(item) for item in items])


def _attention_view(item: AttentionItem) -> AttentionView:
    detail = _DETAIL[item.kind]
    return AttentionView(
        kind=item.kind,
        since=item.since,
        detail=f"{detail} Reason: {item.reason}." if item.reason else detail,
        order_id=item.order_id,
        refund_id=item.refund_id,
        message_id=item.message_id,
        parked_id=item.parked_id,
        payout_id=item.payout_id,
        amount=item.amount,
        currency=item.currency,
    )


def parked_view(parked: ParkedMessage) -> ParkedView:
    """Return a parked message as the API shows it."""
    return ParkedView(
        parked_id=parked.parked_id,
        reason=parked.reason,
        parked_at=parked.parked_at,
        resolved_at=parked.resolved_at,
        resolved_by=parked.resolved_by,
    )

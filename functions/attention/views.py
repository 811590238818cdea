"""Responses of the attention list. Amounts in minor units, times RFC 3339 in UTC."""

from collections import Counter
from datetime import datetime
from enum import StrEnum

from functions.attention.list_attention import AttentionItem, AttentionKind
from shared.domain.dispute import Dispute
from shared.domain.parked import ParkedMessage
from shared.edge.auth import ALLOWED, Action, Role
from shared.views.people import Names, optional_name, shown_name
from shared.views.view import View

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
    AttentionKind.MESSAGE_BOUNCED: (
        "This message came back, and another one to the same address would come back too. Contact "
        "the parent in another way. Dismiss it when you have."
    ),
    AttentionKind.MESSAGE_COMPLAINED: (
        "The parent marked this message as spam, so the mail service does not deliver to the "
        "address any more. Contact the parent in another way. Dismiss it when you have."
    ),
    AttentionKind.MESSAGE_REJECTED: (
        "The mail service took this message but did not send it. Write it with other words, or "
        "contact the parent in another way. Dismiss it when you have."
    ),
    AttentionKind.CHARGE_DISPUTED: (
        "The parent disputes the charge with their bank, and Stripe has taken the money back. "
        "Answer the dispute in Stripe before it is due."
    ),
    AttentionKind.DISPUTE_INQUIRY: (
        "The parent's bank asks about this charge. No money was taken yet. Refund the order now to "
        "avoid a dispute, or answer in Stripe."
    ),
    AttentionKind.DISPUTE_UNDER_REVIEW: (
        "The bank decides about this dispute. There is nothing to do until it has decided."
    ),
    AttentionKind.DISPUTE_LOST: (
        "The dispute is lost: the parent keeps the money, and your next payout carries the "
        "deduction. There is nothing left to do. Dismiss it when you have seen it."
    ),
    AttentionKind.CHARGE_DIFFERS: (
        "Stripe charged this order differently than it was imported, so it is not in your payouts. "
        "Import the order again with the amounts that Stripe has."
    ),
    AttentionKind.CHARGE_NOT_FOUND: (
        "Stripe does not know this order's charge, so it is not in your payouts. Import the order "
        "again with the right charge and account."
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
    AttentionKind.ACCOUNT_DISCONNECTED: (
        "This Stripe account is not connected to PPS any more, or it is closed. Refunds of its "
        "charges wait, and PPS cannot pay it. Connect the account to PPS again. What waits then "
        "goes on by itself."
    ),
}


class AttentionAction(StrEnum):
    """What the page can offer for an item."""

    RESOLVE = "resolve"
    DISMISS = "dismiss"
    OPEN_ORDER = "open_order"


# What takes an item off the list, and which role's action that needs.
_TAKES_OFF: dict[AttentionKind, tuple[AttentionAction, Action]] = {
    AttentionKind.REFUND_FAILED: (AttentionAction.RESOLVE, Action.RESOLVE),
    AttentionKind.MESSAGE_UNKNOWN: (AttentionAction.RESOLVE, Action.SEND_MESSAGE),
    AttentionKind.MESSAGE_BOUNCED: (AttentionAction.DISMISS, Action.RESOLVE),
    AttentionKind.MESSAGE_COMPLAINED: (AttentionAction.DISMISS, Action.RESOLVE),
    AttentionKind.MESSAGE_REJECTED: (AttentionAction.DISMISS, Action.RESOLVE),
    AttentionKind.MESSAGE_PARKED: (AttentionAction.RESOLVE, Action.RESOLVE),
    AttentionKind.DISPUTE_LOST: (AttentionAction.DISMISS, Action.RESOLVE),
}


class AttentionView(View):
    """One thing that a person must act on. ``detail`` says what to do.

    ``age_seconds`` is how long it has waited. ``actions`` are what the caller may do about it here.
    """

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
    dispute_id: str | None = None
    due_by: str | None = None
    account_id: str | None = None
    parent_name: str | None = None
    age_seconds: int
    actions: list[AttentionAction]


class AttentionCount(View):
    """How many things need attention, in all and by kind."""

    count: int
    by_kind: dict[AttentionKind, int]


class AttentionList(View):
    """Everything that needs attention, the longest waiting first. There is no next page."""

    count: int
    items: list[AttentionView]
    next_cursor: None = None


class DismissedView(View):
    """A lost dispute that was dismissed from the attention list."""

    order_id: str
    dispute_id: str
    status: str
    dismissed_by: str
    dismissed_by_name: str
    note: str | None


class ParkedView(View):
    """A message inside the refund system that could not be processed."""

    parked_id: str
    reason: str
    parked_at: str
    resolved_at: str | None
    resolved_by: str | None
    resolved_by_name: str | None
    note: str | None


def attention_list(
    items: list[AttentionItem], roles: frozenset[Role], now: datetime
) -> AttentionList:
    """Return the list as the API shows it to a caller with these roles."""
    return AttentionList(
        count=len(items), items=[_attention_view(item, roles, now) for item in items]
    )


def attention_count(items: list[AttentionItem]) -> AttentionCount:
    """Return how long the list is."""
    return AttentionCount(count=len(items), by_kind=Counter(item.kind for item in items))


def _attention_view(item: AttentionItem, roles: frozenset[Role], now: datetime) -> AttentionView:
    detail = _DETAIL[item.kind]
    waited = now - datetime.fromisoformat(item.since)
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
        dispute_id=item.dispute_id,
        due_by=item.due_by,
        account_id=item.account_id,
        parent_name=item.parent_name,
        age_seconds=max(0, int(waited.total_seconds())),
        actions=_actions(item, roles),
    )


def _actions(item: AttentionItem, roles: frozenset[Role]) -> list[AttentionAction]:
    actions = []
    if item.kind in _TAKES_OFF:
        offered, needed = _TAKES_OFF[item.kind]
        if roles & ALLOWED[needed]:
            actions.append(offered)
    if item.order_id is not None and roles & ALLOWED[Action.READ_ORDERS]:
        actions.append(AttentionAction.OPEN_ORDER)
    return actions


def dismissed_view(order_id: str, dispute: Dispute, names: Names) -> DismissedView:
    """Return a dismissed dispute as the API shows it."""
    by = dispute.dismissed_by or ""
    return DismissedView(
        order_id=order_id,
        dispute_id=dispute.dispute_id,
        status=dispute.status,
        dismissed_by=by,
        dismissed_by_name=shown_name(names, by),
        note=dispute.dismissal_note,
    )


def parked_view(parked: ParkedMessage, names: Names) -> ParkedView:
    """Return a parked message as the API shows it."""
    return ParkedView(
        parked_id=parked.parked_id,
        reason=parked.reason,
        parked_at=parked.parked_at,
        resolved_at=parked.resolved_at,
        resolved_by=parked.resolved_by,
        resolved_by_name=optional_name(names, parked.resolved_by),
        note=parked.resolution,
    )

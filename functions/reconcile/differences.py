"""The rules that say whether Stripe and the books differ. Pure."""

from collections.abc import Iterable

from functions.reconcile.findings import FindingKind
from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.payout import Payout, PayoutStatus, studio_of_payout
from shared.domain.refund import Refund, RefundStatus
from shared.domain.settlement import settled_kind
from shared.domain.stripe_balance import BalanceMovement
from shared.domain.stripe_refund import StripeRefund
from shared.domain.stripe_transfer import StripeTransfer


def amounts_differ(report: StripeRefund, refund: Refund) -> bool:
    """Say whether Stripe refunded another amount than the books have."""
    return (report.amount, report.currency) != (refund.amount, refund.currency)


def entries_differ(refund: Refund, entries: Iterable[LedgerEntry]) -> bool:
    """Say whether the ledger has a refund otherwise than the orders' side.

    Args:
        refund: A refund that is owed no settlement.
        entries: The entries it names, in order: its settlement's, and its late failure's.
    """
    share = refund.rev_share_reversed_amount
    expected = [
        (kind, refund.order_id, refund.refund_id, refund.stripe_refund_id, gross)
        for kind, seq, gross in (
            (settled_kind(refund), refund.settled_seq, -refund.amount),
            ("refund_failed", refund.failed_seq, refund.amount),
        )
        if seq is not None
    ]
    found = list(entries)
    # The share that a late failure re-applies depends on the order's state at that time, which is
    # not kept: it is not compared.
    return expected != [
        (each.kind, each.order_id, each.refund_id, each.stripe_refund_id, each.gross_amount)
        for each in found
    ] or any(each.kind == "refund" and each.rev_share_amount != share for each in found)


def payout_entry_differs(payout: Payout, entry: LedgerEntry | None) -> bool:
    """Say whether the ledger has a paid payout otherwise than the payout itself."""
    if entry is None:
        return True
    found = (entry.kind, entry.payout_id, entry.payable_amount, entry.closed_seq)
    return found != (
        EntryKind.PAYOUT_CLOSED,
        payout.payout_id,
        -payout.paid_amount,
        payout.last_seq,
    )


def source_differs(movement: BalanceMovement) -> bool:
    """Say whether a balance moved by another amount than its source's.

    An account may keep its balance in another currency. Then the amounts cannot be compared.
    """
    if movement.currency != movement.source.get("currency"):
        return False
    return movement.amount != movement.expected_amount


def movements_differ(
    report: StripeRefund, movements: Iterable[BalanceMovement], *, complete: bool
) -> bool:
    """Say whether a refund moved the account's balance otherwise than its amount and state say.

    Args:
        report: The refund as Stripe has it.
        movements: The movements that it caused in the window that was read.
        complete: Whether that window holds all movements of the refund.
    """
    away: list[int] = []
    back: list[int] = []
    for movement in movements:
        if movement.currency != report.currency:
            return False  # the balance is in another currency: the amounts cannot be compared
        (away if movement.takes_money else back).append(movement.amount)
    if any(amount != -report.amount for amount in away) or len(away) > 1:
        return True
    if any(amount != report.amount for amount in back) or len(back) > 1:
        return True
    if not complete:
        return False
    if report.status is RefundStatus.SUCCEEDED:
        return (len(away), len(back)) != (1, 0)
    # A pending refund may have moved the balance already. All of a failed one must be back.
    return report.status is not RefundStatus.PENDING and len(away) != len(back)


def transfer_difference(transfer: StripeTransfer, payout: Payout | None) -> FindingKind | None:
    """Return how a transfer at Stripe differs from its payout, or None."""
    if payout is None:
        is_ours = studio_of_payout(transfer.group or "") is not None
        return FindingKind.TRANSFER_UNKNOWN_HERE if is_ours else FindingKind.FOREIGN_OBJECT
    if payout.is_open:
        return None  # the payout run lists the transfers of its group before anything else
    if payout.status is not PayoutStatus.PAID or payout.transfer_id != transfer.transfer_id:
        # The money is in the balance, or another transfer took it. This one must have come back.
        return None if transfer.is_fully_reversed else FindingKind.TRANSFER_UNKNOWN_HERE
    if transfer.amount != payout.paid_amount:
        return FindingKind.TRANSFER_AMOUNT_DIFFERS
    is_known = transfer.amount_reversed == payout.reversed_amount
    return None if is_known else FindingKind.TRANSFER_REVERSED


def at_rest(refunds: Iterable[Refund], until: str) -> bool:
    """Say whether no refund moves an order's application fee.

    Args:
        refunds: The order's refunds.
        until: RFC 3339 in UTC; a refund that changed since then still moves the fee.
    """
    return not any(
        refund.is_open or any(step.at >= until for step in refund.history) for refund in refunds
    )

"""What the match finds: differences between Stripe, the orders' side and the ledger. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.payout import Payout, PayoutStatus
from shared.domain.refund import Refund, RefundStatus
from shared.domain.stripe_balance import BalanceMovement, MovementType, StripeFee
from shared.domain.stripe_refund import MalformedStripeObjectError, StripeRefund
from shared.domain.stripe_transfer import StripeTransfer
from shared.workflow.record_stripe_refund import ReportOutcome


class FindingKind(StrEnum):
    """How Stripe and the books can differ. What each means for people: docs/operations.md."""

    REFUND_NOT_CONFIRMED = "refund_not_confirmed"
    REFUND_UNKNOWN_HERE = "refund_unknown_here"
    REFUND_FAILURE_MISSED = "refund_failure_missed"
    SETTLEMENT_MISSING = "settlement_missing"
    REFUND_NOT_AT_STRIPE = "refund_not_at_stripe"
    REFUND_STATUS_DIFFERS = "refund_status_differs"
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    CHARGE_UNKNOWN_HERE = "charge_unknown_here"
    ACCOUNT_DIFFERS = "account_differs"
    CURRENCY_DIFFERS = "currency_differs"
    LEDGER_DIFFERS = "ledger_differs"
    BALANCE_DIFFERS = "balance_differs"
    FEE_REFUND_MISSING = "fee_refund_missing"
    FEE_REFUND_UNKNOWN_HERE = "fee_refund_unknown_here"
    FEE_REFUND_DIFFERS = "fee_refund_differs"
    TRANSFER_UNKNOWN_HERE = "transfer_unknown_here"
    TRANSFER_NOT_CONFIRMED = "transfer_not_confirmed"
    TRANSFER_NOT_AT_STRIPE = "transfer_not_at_stripe"
    TRANSFER_AMOUNT_DIFFERS = "transfer_amount_differs"
    TRANSFER_REVERSED = "transfer_reversed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference: its kind, which objects it is about, and the amounts on both sides.

    Amounts in minor units, ``amount`` as the books have it and ``stripe_amount`` as Stripe has.
    ``healed`` says that the ordinary path has been given what it lacked.
    """

    kind: FindingKind
    healed: bool = False
    account_id: str | None = None
    studio_id: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    payout_id: str | None = None
    stripe_id: str | None = None
    amount: int | None = None
    stripe_amount: int | None = None
    currency: str | None = None

    def content(self) -> dict[str, str | int | bool]:
        """Return what is set of it, as it is logged and answered."""
        return {name: value for name, value in asdict(self).items() if value is not None}


# What a report that was not known already was, and whether recording it put the books level.
_OF_OUTCOME: dict[ReportOutcome, tuple[FindingKind, bool]] = {
    ReportOutcome.CONFIRMED: (FindingKind.REFUND_NOT_CONFIRMED, True),
    ReportOutcome.PENDING: (FindingKind.REFUND_NOT_CONFIRMED, True),
    ReportOutcome.TAKEN_IN: (FindingKind.REFUND_UNKNOWN_HERE, True),
    ReportOutcome.FAILED: (FindingKind.REFUND_FAILURE_MISSED, True),
    ReportOutcome.FAILED_LATE: (FindingKind.REFUND_FAILURE_MISSED, True),
    ReportOutcome.OUTDATED: (FindingKind.REFUND_STATUS_DIFFERS, False),
    ReportOutcome.UNKNOWN_CHARGE: (FindingKind.CHARGE_UNKNOWN_HERE, False),
    ReportOutcome.ACCOUNT_MISMATCH: (FindingKind.ACCOUNT_DIFFERS, False),
    ReportOutcome.CURRENCY_MISMATCH: (FindingKind.CURRENCY_DIFFERS, False),
}


def of_report(
    report: StripeRefund, outcome: ReportOutcome, refund: Refund | None, account_id: str | None
) -> Finding | None:
    """Return what recording Stripe's report of a refund has brought to light, or None.

    A studio's own Stripe account may serve other business of the studio: a refund of a charge that
    is not known here is a difference only on the platform's account, or where it names our refund.
    """
    others = account_id is not None and report.refund_id is None
    if outcome is ReportOutcome.REPEATED or (outcome is ReportOutcome.UNKNOWN_CHARGE and others):
        return None
    kind, healed = _OF_OUTCOME[outcome]
    order = refund.order_key if refund else report.order_key
    return Finding(
        kind,
        healed,
        account_id,
        studio_id=refund.studio_id if refund else None,
        order_id=order.order_id if order else None,
        refund_id=refund.refund_id if refund else report.refund_id,
        stripe_id=report.stripe_refund_id,
        amount=refund.amount if refund else None,
        stripe_amount=report.amount,
        currency=report.currency,
    )


def of_refund(kind: FindingKind, refund: Refund, *, healed: bool = False) -> Finding:
    """Return a difference about a refund of ours."""
    return Finding(
        kind,
        healed,
        refund.account_id,
        refund.studio_id,
        refund.order_id,
        refund.refund_id,
        stripe_id=refund.stripe_refund_id,
        amount=refund.amount,
        currency=refund.currency,
    )


def of_entry(entry: LedgerEntry) -> Finding:
    """Return that the ledger has an entry whose refund is not there, or names another entry."""
    return Finding(
        FindingKind.LEDGER_DIFFERS,
        studio_id=entry.studio_id,
        order_id=entry.order_id,
        refund_id=entry.refund_id,
        stripe_id=entry.stripe_refund_id,
        amount=entry.gross_amount,
        currency=entry.currency,
    )


def of_movements(
    report: StripeRefund, movements: Iterable[BalanceMovement], account_id: str | None
) -> Finding:
    """Return that a refund moved its account's balance otherwise than it should have."""
    return Finding(
        FindingKind.BALANCE_DIFFERS,
        account_id=account_id,
        studio_id=report.order_key.studio_id if report.order_key else None,
        order_id=report.order_key.order_id if report.order_key else None,
        refund_id=report.refund_id,
        stripe_id=report.stripe_refund_id,
        amount=-report.amount,
        stripe_amount=sum(each.amount for each in movements),
        currency=report.currency,
    )


def of_transfer(kind: FindingKind, transfer: StripeTransfer, payout: Payout | None) -> Finding:
    """Return a difference about a transfer, and the payout it was made for if that is known."""
    reversed_ = kind is FindingKind.TRANSFER_REVERSED
    return Finding(
        kind,
        account_id=None,
        studio_id=payout.studio_id if payout else None,
        payout_id=payout.payout_id if payout else transfer.group,
        stripe_id=transfer.transfer_id,
        amount=payout.paid_amount if payout else None,
        stripe_amount=transfer.amount - (transfer.amount_reversed if reversed_ else 0),
        currency=payout.currency if payout else None,
    )


def amounts_differ(report: StripeRefund, refund: Refund) -> bool:
    """Say whether Stripe sent back another amount than the refund's."""
    return (report.amount, report.currency) != (refund.amount, refund.currency)


def entries_differ(refund: Refund, entries: Iterable[LedgerEntry]) -> bool:
    """Say whether the ledger has a refund otherwise than the orders' side.

    Args:
        refund: A refund with all it is owed in the ledger.
        entries: Those that it names, in order: of its settlement, and of its late failure.
    """
    share = refund.rev_share_reversed_amount
    expected = [
        (kind, refund.order_id, refund.refund_id, refund.stripe_refund_id, gross)
        for kind, seq, gross in (
            ("refund", refund.settled_seq, -refund.amount),
            ("refund_failed", refund.failed_seq, refund.amount),
        )
        if seq is not None
    ]
    found = list(entries)
    # What a late failure re-applies follows from the order as it then stood: not compared.
    return expected != [
        (each.kind, each.order_id, each.refund_id, each.stripe_refund_id, each.gross_amount)
        for each in found
    ] or any(each.kind == "refund" and each.rev_share_amount != share for each in found)


def payout_entry_differs(payout: Payout, entry: LedgerEntry | None) -> bool:
    """Say whether the ledger has a paid payout otherwise than its own item."""
    if entry is None:
        return True
    found = (entry.kind, entry.payout_id, entry.payable_amount)
    return found != (EntryKind.PAYOUT, payout.payout_id, -payout.paid_amount)


_AWAY = frozenset(
    {
        MovementType.REFUND,
        MovementType.PAYMENT_REFUND,
        MovementType.APPLICATION_FEE_REFUND,
        MovementType.TRANSFER,
    }
)


def source_differs(movement: BalanceMovement) -> bool:
    """Say whether a balance moved by another amount than that of what moved it.

    An account may keep its balance in another currency: then the amounts say nothing.
    """
    if movement.currency != movement.source.get("currency"):
        return False
    return movement.amount != _expected(movement)


def _expected(movement: BalanceMovement) -> int:
    amount = movement.source.get("amount")
    if type(amount) is not int:
        raise MalformedStripeObjectError("what moved a balance has no integer amount")
    return -amount if movement.type in _AWAY else amount


def of_movement(movement: BalanceMovement) -> Finding:
    """Return that the platform's balance moved by another amount than that of what moved it."""
    return Finding(
        FindingKind.BALANCE_DIFFERS,
        stripe_id=movement.movement_id,
        amount=_expected(movement),
        stripe_amount=movement.amount,
        currency=movement.currency,
    )


def at_rest(refunds: Iterable[Refund], until: str) -> bool:
    """Say whether nothing moves an order's application fee, or has since ``until`` (RFC 3339)."""
    return not any(
        refund.is_open or any(step.at >= until for step in refund.history) for refund in refunds
    )


def of_fee(
    kind: FindingKind, fee: StripeFee | None, ours: FeeRefund | None, *, healed: bool = False
) -> Finding:
    """Return a difference about what was given back of an application fee."""
    at_stripe = fee.fee_id if fee else None
    return Finding(
        kind,
        healed,
        studio_id=ours.studio_id if ours else None,
        order_id=ours.order_id if ours else None,
        stripe_id=ours.application_fee_id if ours else at_stripe,
        amount=ours.target_amount if ours else None,
        stripe_amount=fee.amount_refunded if fee else None,
    )


def movements_differ(
    report: StripeRefund, movements: Iterable[BalanceMovement], *, all_there: bool
) -> bool:
    """Say whether a refund moved the account's balance otherwise than its amount and state say.

    Args:
        report: The refund as Stripe has it.
        movements: The movements that it caused, of those that were read.
        all_there: Whether the time that was read has the refund's whole life in it.
    """
    away: list[int] = []
    back: list[int] = []
    for movement in movements:
        if movement.currency != report.currency:
            return False  # the balance is in another currency: its amounts say nothing of this
        (away if movement.type in _AWAY else back).append(movement.amount)
    if any(amount != -report.amount for amount in away) or len(away) > 1:
        return True
    if any(amount != report.amount for amount in back) or len(back) > 1:
        return True
    if not all_there:
        return False
    if report.status is RefundStatus.SUCCEEDED:
        return (len(away), len(back)) != (1, 0)
    # While it waits it may have moved the balance already; once it failed all of it came back.
    return report.status is not RefundStatus.PENDING and len(away) != len(back)


def transfer_difference(transfer: StripeTransfer, payout: Payout | None) -> FindingKind | None:
    """Return how a transfer at Stripe differs from the payout it was made for, or None."""
    if payout is None:
        return FindingKind.TRANSFER_UNKNOWN_HERE
    if payout.is_open:
        return None  # the payout run lists the transfers of its group before anything else
    if payout.status is not PayoutStatus.PAID or payout.transfer_id != transfer.transfer_id:
        # The balance has the money, or another transfer took it; it must not be away as well.
        return None if transfer.came_back else FindingKind.TRANSFER_UNKNOWN_HERE
    if transfer.amount != payout.paid_amount:
        return FindingKind.TRANSFER_AMOUNT_DIFFERS
    return FindingKind.TRANSFER_REVERSED if transfer.amount_reversed else None

"""Findings: differences between Stripe, the orders' side and the ledger. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import LedgerEntry, LedgerHead
from shared.domain.order import OrderKey, OrderState
from shared.domain.payment_status import PaymentStatus
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.domain.stripe_balance import BalanceMovement, StripeFee
from shared.domain.stripe_dispute import StripeDispute
from shared.domain.stripe_refund import StripeRefund
from shared.domain.stripe_transfer import StripeTransfer
from shared.workflow.record_stripe_refund import ReportOutcome


class FindingKind(StrEnum):
    """How Stripe and the books can differ. docs/operations.md says what to do about each."""

    REFUND_NOT_CONFIRMED = "refund_not_confirmed"
    REFUND_UNKNOWN_HERE = "refund_unknown_here"
    REFUND_FAILURE_MISSED = "refund_failure_missed"
    SETTLEMENT_MISSING = "settlement_missing"
    REFUND_NOT_AT_STRIPE = "refund_not_at_stripe"
    REFUND_STATUS_DIFFERS = "refund_status_differs"
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    # No difference: it is booked. But the order's total, or its charge, is not what it seems.
    REFUNDS_EXCEED_ORDER = "refunds_exceed_order"
    CHARGE_UNKNOWN_HERE = "charge_unknown_here"
    CHARGE_DIFFERS = "charge_differs"
    CHARGE_NOT_AT_STRIPE = "charge_not_at_stripe"
    DISPUTE_MISSED = "dispute_missed"
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
    # An object on the platform's account that belongs to other business. It is named once.
    FOREIGN_OBJECT = "foreign_object"
    # No difference, but money that PPS has to get back by other means.
    NEGATIVE_BALANCE_UNCOVERED = "negative_balance_uncovered"
    # No difference, but Stripe does not let us compare the account.
    ACCOUNT_DISCONNECTED = "account_disconnected"


# Findings that hold no watermark up: they do not say that Stripe and the books differ at a time.
STANDING = frozenset(
    {
        FindingKind.REFUNDS_EXCEED_ORDER,
        FindingKind.CHARGE_DIFFERS,
        FindingKind.CHARGE_NOT_AT_STRIPE,
        FindingKind.NEGATIVE_BALANCE_UNCOVERED,
        FindingKind.ACCOUNT_DISCONNECTED,
        FindingKind.FOREIGN_OBJECT,
    }
)

# Findings that a person deals with elsewhere: they must not alarm every day until then.
WITHOUT_ALARM = frozenset(
    {FindingKind.NEGATIVE_BALANCE_UNCOVERED, FindingKind.ACCOUNT_DISCONNECTED}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: its kind, the objects it is about, and both amounts in minor units.

    Attributes:
        healed: Whether the function has recorded or announced what was missing.
        amount: The amount in the books.
        stripe_amount: The amount at Stripe.
        currency: The currency of the books, or of both.
        stripe_currency: The currency at Stripe, if it is another.
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
    stripe_currency: str | None = None

    def content(self) -> dict[str, str | int | bool]:
        """Return the fields that are set, for the log and the answer."""
        return {name: value for name, value in asdict(self).items() if value is not None}


# The finding that each outcome of recording a report is, and whether recording has healed it.
_OF_OUTCOME: dict[ReportOutcome, tuple[FindingKind, bool]] = {
    ReportOutcome.CONFIRMED: (FindingKind.REFUND_NOT_CONFIRMED, True),
    ReportOutcome.PENDING: (FindingKind.REFUND_NOT_CONFIRMED, True),
    ReportOutcome.EXTERNAL: (FindingKind.REFUND_UNKNOWN_HERE, True),
    ReportOutcome.FAILED: (FindingKind.REFUND_FAILURE_MISSED, True),
    ReportOutcome.FAILED_LATE: (FindingKind.REFUND_FAILURE_MISSED, True),
    ReportOutcome.OUTDATED: (FindingKind.REFUND_STATUS_DIFFERS, False),
    ReportOutcome.UNKNOWN_CHARGE: (FindingKind.CHARGE_UNKNOWN_HERE, False),
    ReportOutcome.ACCOUNT_MISMATCH: (FindingKind.ACCOUNT_DIFFERS, False),
    ReportOutcome.CURRENCY_MISMATCH: (FindingKind.CURRENCY_DIFFERS, False),
    ReportOutcome.ORDER_NOT_PAID: (FindingKind.REFUND_UNKNOWN_HERE, True),
}


def of_report(
    report: StripeRefund, outcome: ReportOutcome, refund: Refund | None, account_id: str | None
) -> Finding | None:
    """Return the finding about Stripe's report of a refund, or None if it was known already.

    An account may also serve other business. A refund of an unknown charge whose metadata names no
    refund of ours is a foreign object on the platform's account, and no finding on a studio's own.
    """
    if outcome in {ReportOutcome.REPEATED, ReportOutcome.RELEASED}:
        return None
    kind, healed = _OF_OUTCOME[outcome]
    if outcome is ReportOutcome.UNKNOWN_CHARGE and report.refund_id is None:
        if account_id is not None:
            return None
        kind = FindingKind.FOREIGN_OBJECT
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


def of_payment(state: OrderState) -> Finding:
    """Return the finding that an order's charge differs from its import, or is not at Stripe."""
    missing = state.payment_status is PaymentStatus.NOT_FOUND
    return Finding(
        FindingKind.CHARGE_NOT_AT_STRIPE if missing else FindingKind.CHARGE_DIFFERS,
        account_id=state.account_id,
        studio_id=state.studio_id,
        order_id=state.order_id,
        amount=state.total_amount,
        stripe_amount=state.charged_amount,
        currency=state.currency,
    )


def of_dispute(report: StripeDispute, order: OrderKey, account_id: str | None) -> Finding:
    """Return the finding that the books did not have a dispute as Stripe has it."""
    return Finding(
        FindingKind.DISPUTE_MISSED,
        healed=True,
        account_id=account_id,
        studio_id=order.studio_id,
        order_id=order.order_id,
        stripe_id=report.dispute_id,
        stripe_amount=report.withdrawn_amount,
        currency=report.currency,
    )


def of_exceeded(refund: Refund, state: OrderState) -> Finding:
    """Return the finding that more went back of an order than its total, with both sums."""
    return Finding(
        FindingKind.REFUNDS_EXCEED_ORDER,
        account_id=refund.account_id,
        studio_id=refund.studio_id,
        order_id=refund.order_id,
        refund_id=refund.refund_id,
        stripe_id=refund.stripe_refund_id,
        amount=state.total_amount,
        stripe_amount=state.committed_amount,
        currency=state.currency,
    )


def of_currency(report: StripeRefund, state: OrderState) -> Finding:
    """Return the finding that Stripe refunded an order in another currency, with both sums."""
    return Finding(
        FindingKind.CURRENCY_DIFFERS,
        account_id=state.account_id,
        studio_id=state.studio_id,
        order_id=state.order_id,
        stripe_id=report.stripe_refund_id,
        amount=state.total_amount,
        stripe_amount=report.amount,
        currency=state.currency,
        stripe_currency=report.currency,
    )


def of_refund(kind: FindingKind, refund: Refund, *, healed: bool = False) -> Finding:
    """Return a finding about a refund in the books."""
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
    """Return the finding that an entry's refund is missing, or names another entry."""
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
    """Return the finding that a refund moved its account's balance by another amount."""
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


def of_movement(movement: BalanceMovement) -> Finding:
    """Return the finding that the platform's balance moved by another amount than its source's."""
    return Finding(
        FindingKind.BALANCE_DIFFERS,
        stripe_id=movement.movement_id,
        amount=movement.expected_amount,
        stripe_amount=movement.amount,
        currency=movement.currency,
    )


def of_fee(
    kind: FindingKind, fee: StripeFee | None, ours: FeeRefund | None, *, healed: bool = False
) -> Finding:
    """Return a finding about the refunds of an application fee.

    Args:
        kind: The kind.
        fee: The fee at Stripe, or None.
        ours: The fee's refund in the books, or None.
        healed: Whether the missing refund was announced.
    """
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


def of_transfer(
    kind: FindingKind, transfer: StripeTransfer, payout: Payout | None, *, healed: bool = False
) -> Finding:
    """Return a finding about a transfer, with its payout if that is known."""
    reversed_ = kind is FindingKind.TRANSFER_REVERSED
    in_books = payout.paid_amount if payout else None
    if payout and reversed_:
        in_books = payout.paid_amount - payout.reversed_amount
    return Finding(
        kind,
        healed,
        account_id=None,
        studio_id=payout.studio_id if payout else None,
        payout_id=payout.payout_id if payout else transfer.group,
        stripe_id=transfer.transfer_id,
        amount=in_books,
        stripe_amount=transfer.amount - (transfer.amount_reversed if reversed_ else 0),
        currency=payout.currency if payout else None,
    )


def of_payout(kind: FindingKind, payout: Payout) -> Finding:
    """Return a finding about a payout in the books."""
    return Finding(
        kind,
        studio_id=payout.studio_id,
        payout_id=payout.payout_id,
        stripe_id=payout.transfer_id,
        amount=payout.paid_amount,
        currency=payout.currency,
    )


def of_disconnected(account_id: str, studio_ids: Sequence[str]) -> Finding:
    """Return the finding that an account is not connected any more, with its studio.

    If several studios share the account, it names none.
    """
    only = studio_ids[0] if len(studio_ids) == 1 else None
    return Finding(FindingKind.ACCOUNT_DISCONNECTED, account_id=account_id, studio_id=only)


def of_negative_balance(head: LedgerHead, reversible: Payout | None) -> Finding:
    """Return the finding that a studio owes PPS, and no sale will cover it.

    Args:
        head: The studio's ledger head.
        reversible: A payout whose transfer could be reversed, or None.
    """
    return Finding(
        FindingKind.NEGATIVE_BALANCE_UNCOVERED,
        studio_id=head.studio_id,
        payout_id=reversible.payout_id if reversible else None,
        stripe_id=reversible.transfer_id if reversible else None,
        amount=head.payable_balance_amount,
        currency=head.currency,
    )

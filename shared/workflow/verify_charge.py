"""Reads an order's charge at Stripe, and makes the books say what Stripe says.

It runs after an import, after each event about a charge or a dispute, when a refund meets
something unexpected, and on a schedule while something is open. Events only say that there is
something to read. So it does not matter whether they come twice, late, in another order, or not at
all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.clock import Clock, rfc3339
from shared.domain.charge_posting import ChargePosting, post_dispute, post_payment
from shared.domain.dispute import Dispute, find
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.fee_refund import FeeRefund, with_target_of
from shared.domain.imported_order import ImportedOrder
from shared.domain.ledger import LedgerHead, Posting, append
from shared.domain.order import OrderKey, OrderState
from shared.domain.payment import Payment, payment_of
from shared.domain.payment_status import FIRST_CHECK_DELAY, PaymentStatus
from shared.domain.refund import FIRST_POLL_DELAY
from shared.domain.stripe_charge import StripeCharge
from shared.domain.stripe_dispute import StripeDispute
from shared.gateways.charge_store import ChargeStore
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.order_refunds import SettlementRecord
from shared.gateways.orders_table import OrderRecord, OrdersTable
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.errors import UNKNOWN_TO_STRIPE
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.announcers import FeeRefundAnnouncer
from shared.workflow.record_stripe_refund import RecordStripeRefund

if TYPE_CHECKING:
    from shared.workflow.keep_running_sums import KeepRunningSums

# Sales, settlements and payouts change the same ledger; each takes well under a second.
_CONTENTION_SECONDS = 8.0


class ChargeOutcome(StrEnum):
    """What reading a charge has changed, as the name of the metric that counts it."""

    PAID = "ChargePaid"
    NOT_PAID = "ChargeNotPaid"
    DIFFERS = "ChargeDiffers"
    NOT_FOUND = "ChargeNotFound"
    UPDATED = "ChargeUpdated"
    UNCHANGED = "ChargeUnchanged"
    # Nothing was read. A schedule reads it again while something is open.
    ACCOUNT_DISCONNECTED = "ChargeWaitsForAccount"


class NoChargeError(Exception):
    """There is no such order, or it has no charge. No retry can help."""


@dataclass(frozen=True, slots=True)
class _AtStripe:
    """What Stripe says about a charge; ``charge`` is None if Stripe does not know it."""

    charge: StripeCharge | None
    disputes: tuple[StripeDispute, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyCharge:
    """Makes the books of one order follow its charge.

    Attributes:
        keep_sums: Stores running sums of the ledger now and then. None leaves it to others: whoever
            stores them next makes up for it.
    """

    orders: OrdersTable
    store: ChargeStore
    charges: StripeCharges
    refunds: StripeRefunds
    fee_refund_queue: FeeRefundAnnouncer
    record: RecordStripeRefund
    accounts: AccountWatch
    clock: Clock
    keep_sums: "KeepRunningSums | None" = None

    def __call__(self, order: OrderKey) -> ChargeOutcome:
        """Read the charge, enter what is missing, and return what has changed.

        The sale comes first, then the refunds, then the disputes.

        Raises:
            NoChargeError: There is no such order, or it has no charge.
            StripeRefusedError, StripeOutcomeUnknownError: Stripe did not answer everything.
            StaleStateError: Others kept changing the order or the ledger; try again later.
        """
        record = self.orders.load_order(order)
        if record is None or record.order.charge_id is None:
            raise NoChargeError(f"order {order.order_id} does not exist or has no charge")
        charge_id, account_id = record.order.charge_id, record.order.account_id
        try:
            outcome = self._follow(record, charge_id)
        except (StripeRefusedError, StripeOutcomeUnknownError) as error:
            if not self.accounts.explains(error, account_id):
                raise
            return ChargeOutcome.ACCOUNT_DISCONNECTED
        self.accounts.recheck_safely(account_id)
        return outcome

    def _follow(self, record: OrderRecord, charge_id: str) -> ChargeOutcome:
        account_id = record.order.account_id
        at_stripe = self._read(charge_id, account_id, record.state)
        outcome = self._post(record.imported, at_stripe)
        if at_stripe.charge is not None and at_stripe.charge.amount_refunded:
            for report in self.refunds.list_of_charge(charge_id, account_id):
                self.record(report, account_id)
        return outcome

    def _read(self, charge_id: str, account_id: str | None, state: OrderState) -> _AtStripe:
        try:
            charge = self.charges.get(charge_id, account_id)
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            return _AtStripe(None)
        if not charge.amount_captured and not state.disputes:
            return _AtStripe(charge)  # no money was taken that a bank could ask back
        return _AtStripe(charge, tuple(self.charges.list_disputes(charge_id, account_id)))

    def _post(self, imported: ImportedOrder, at_stripe: _AtStripe) -> ChargeOutcome:
        for _ in tries(_CONTENTION_SECONDS):
            record = self.orders.load_settlement(imported.key)
            if record is None:
                raise NoChargeError(f"order {imported.order_id} has no state")
            posting = self._posting(imported, record.state, at_stripe)
            if posting.state == record.state:
                self._announce(record.fee_refund)
                return ChargeOutcome.UNCHANGED
            try:
                self._write(record, posting)
            except StaleStateError:
                continue
            return _outcome(record.state, posting.state)
        raise StaleStateError

    def _posting(
        self, imported: ImportedOrder, state: OrderState, at_stripe: _AtStripe
    ) -> ChargePosting:
        at = rfc3339(self.clock())
        charge = at_stripe.charge
        if charge is None:
            missing = Payment(PaymentStatus.NOT_FOUND, state.stripe_fee_amount)
            posting = post_payment(state, missing, at, at)
        else:
            payment = payment_of(imported.order, charge)
            paid_at = rfc3339(charge.paid_at) if charge.paid_at else at
            posting = post_payment(state, payment, at, paid_at)
        if posting.state.payment_status is PaymentStatus.PAID:
            for report in at_stripe.disputes:
                for dispute, before_ledger in _reports(state, report):
                    posting = post_dispute(posting, dispute, at, before_ledger=before_ledger)
        return replace(posting, state=self._checked(state, posting.state))

    def _checked(self, before: OrderState, after: OrderState) -> OrderState:
        """Return the state with the time when its charge is read again, if that is needed."""
        if not after.must_be_checked:
            return replace(after, next_check_at=None, check_count=0)
        if before.must_be_checked and before.next_check_at is not None:
            return after
        return replace(after, next_check_at=rfc3339(self.clock() + FIRST_CHECK_DELAY))

    def _write(self, record: SettlementRecord, posting: ChargePosting) -> None:
        postings = []
        if posting.drafts:
            head = self._head(posting.state)
            for draft in posting.drafts:
                entry, after = append(head, draft.facts, draft.amounts)
                postings.append(Posting(entry, head, after))
                head = after
        fee_refund = self._fee_refund(record, posting)
        self.store.record_charge(posting.state, postings, fee_refund)
        self._announce(fee_refund and replace(fee_refund, version=fee_refund.version + 1))
        if postings and self.keep_sums is not None:
            first, last = postings[0].entry, postings[-1].entry
            self.keep_sums(last.studio_id, first.seq, last.seq)

    def _head(self, state: OrderState) -> LedgerHead:
        head = self.store.load_head(state.studio_id)
        if head is None:
            raise LookupError(f"studio {state.studio_id} has no ledger")
        return head

    def _fee_refund(self, record: SettlementRecord, posting: ChargePosting) -> FeeRefund | None:
        """Return the application fee's refund with its new target, or None if it is unchanged."""
        if posting.fee_refund_amount == 0:
            return None
        next_poll_at = rfc3339(self.clock() + FIRST_POLL_DELAY)
        correlation_id = posting.drafts[-1].facts.dispute_id or posting.state.order_id
        return with_target_of(posting.state, record.fee_refund, next_poll_at, correlation_id)

    def _announce(self, fee_refund: FeeRefund | None) -> None:
        if fee_refund is not None and fee_refund.is_open:
            self.fee_refund_queue.announce(fee_refund)


def _reports(state: OrderState, report: StripeDispute) -> Iterator[tuple[Dispute, bool]]:
    """Yield a dispute as it is now, each time with whether its news are from before the ledger.

    A dispute may take money before the studio's ledger starts and give it back afterwards. So it
    is reported twice then: first without the movements since the start, and then with them.
    """
    if state.ledger_starts_at is not None:
        known = find(state.disputes, report.dispute_id)
        starts_at = datetime.fromisoformat(state.ledger_starts_at)
        ids = known.balance_transaction_ids if known else ()
        yield _dispute(report.as_moved_before(starts_at, ids)), True
    yield _dispute(report), False


def _dispute(report: StripeDispute) -> Dispute:
    return Dispute(
        dispute_id=report.dispute_id,
        status=report.status,
        amount=report.amount,
        is_charge_refundable=report.is_charge_refundable,
        created_at=rfc3339(report.created),
        reason=report.reason,
        due_by=rfc3339(report.due_by) if report.due_by else None,
        withdrawn_amount=report.withdrawn_amount,
        fee_amount=report.fee_amount,
        balance_transaction_ids=report.balance_transaction_ids,
    )


_OUTCOMES = {
    PaymentStatus.PAID: ChargeOutcome.PAID,
    PaymentStatus.DIFFERS: ChargeOutcome.DIFFERS,
    PaymentStatus.NOT_FOUND: ChargeOutcome.NOT_FOUND,
}


def _outcome(before: OrderState, after: OrderState) -> ChargeOutcome:
    if before.payment_status is after.payment_status:
        return ChargeOutcome.UPDATED
    return _OUTCOMES.get(after.payment_status, ChargeOutcome.NOT_PAID)

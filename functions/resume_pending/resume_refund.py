"""Resumes one open refund by asking Stripe for its state."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.account_access import ACCOUNT_DISCONNECTED
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.refund import IN_FLIGHT, Refund, RefundStatus
from shared.domain.refusal import Refusal
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.orders_table import OrdersTable
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.account_watch import AccountWatch
from shared.workflow.announcers import SettlementAnnouncer
from shared.workflow.record_stripe_refund import RecordStripeRefund
from shared.workflow.release_refused import release_refused
from shared.workflow.stripe_attempt import ensure_at_stripe


@dataclass(frozen=True, slots=True)
class ResumeRefund:
    """Takes an open refund one step on: announces, records or sends what was interrupted.

    It is also the ``AttemptSteps`` of a refund.
    """

    orders: OrdersTable
    stripe: StripeRefunds
    queue: SettlementAnnouncer
    record: RecordStripeRefund
    accounts: AccountWatch
    clock: Clock

    def __call__(self, refund: Refund) -> str:
        """Resume the refund and return the outcome, as the name of a metric.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError, StaleStateError: Nothing is lost; the
                next round goes on from here.
        """
        if refund.settlement_owed:
            self.queue.announce(refund)
            return "SettlementAnnouncedAgain"
        try:
            outcome = self._ask_stripe(refund)
        except (StripeRefusedError, StripeOutcomeUnknownError) as error:
            if not self.accounts.explains(error, refund.account_id):
                raise
            return self._wait_for_account(refund)
        self.accounts.recheck_safely(refund.account_id)
        return outcome

    def _ask_stripe(self, refund: Refund) -> str:
        if refund.stripe_refund_id is not None:
            report = self.stripe.get(refund.stripe_refund_id, refund.account_id)
            return self._record(refund, report)
        answer = ensure_at_stripe(self, refund, self.clock())
        if isinstance(answer.report, StripeRefusedError):
            return self._release(answer.intent, answer.report)
        return self._record(answer.intent, answer.report)

    def find_at_stripe(self, refund: Refund) -> StripeRefund | None:
        """Find the refund among those of its charge, by the id in its metadata."""
        reports = self.stripe.list_of_charge(refund.charge_id, refund.account_id)
        return next((each for each in reports if each.refund_id == refund.refund_id), None)

    def send(self, refund: Refund) -> StripeRefund:
        """Send the refund to the parent."""
        return self.stripe.create(refund)

    def with_new_attempt(self, refund: Refund) -> Refund:
        """Store the refund's next attempt."""
        return self.orders.advance_refund(
            replace(refund, attempt=refund.attempt + 1, attempt_at=rfc3339(self.clock()))
        )

    def _wait_for_account(self, refund: Refund) -> str:
        """Say on the refund that its account is disconnected. It stays open, and its money too."""
        current = self.orders.get_refund(refund.order_key, refund.refund_id)
        is_told = current is None or current.pending_reason == ACCOUNT_DISCONNECTED
        if current is not None and current.status in IN_FLIGHT and not is_told:
            self.orders.advance_refund(replace(current, pending_reason=ACCOUNT_DISCONNECTED))
        return "RefundWaitsForAccount"

    def _record(self, refund: Refund, report: StripeRefund) -> str:
        outcome, _ = self.record(report, refund.account_id)
        return outcome.value

    def _release(self, refund: Refund, refusal: StripeRefusedError) -> str:
        released = release_refused(
            self.orders,
            refund,
            Refusal(refusal.reason, refusal.detail),
            self.clock,
            self.record.actor,
        )
        if released.status is not RefundStatus.FAILED:
            raise refusal
        return "RefundRefused"

"""Moving an open refund on, by what Stripe answers when asked."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refusal import Refusal
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.orders_table import OrdersTable
from shared.gateways.stripe_api import StripeApi
from shared.workflow.attempts import key_forgotten
from shared.workflow.record_stripe_refund import Announcer, RecordStripeRefund
from shared.workflow.release_refused import release_refused

ACTOR = "reconcile"


@dataclass(frozen=True, slots=True)
class CarryOnRefund:
    """Takes an open refund one step on: it asks, records, and sends again what was lost."""

    orders: OrdersTable
    stripe: StripeApi
    queue: Announcer
    record: RecordStripeRefund
    clock: Clock

    def __call__(self, refund: Refund) -> str:
        """Carry the refund on and return what was done, as the name of a metric.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError, StaleStateError: Not now; nothing is
                lost, the next round goes on from here.
        """
        if refund.settlement_owed:
            self.queue.announce(refund)
            return "SettlementAnnouncedAgain"
        if refund.stripe_refund_id is not None:
            return self._recorded(
                refund, self.stripe.get_refund(refund.stripe_refund_id, refund.account_id)
            )
        return self._send_again(refund)

    def _send_again(self, refund: Refund) -> str:
        """Carry on a refund whose answer was lost, or that was never sent.

        A complete list that shows it settles the matter. Otherwise the same attempt is sent
        again: under its key Stripe does it once, even while the first call is still under way. A
        new attempt begins only where the key is used up: Stripe repeats a failure it saved, or may
        have forgotten the key. Writing the new number is the lease: two cannot both begin one.
        """
        if found := self._listed(refund):
            return self._recorded(refund, found)
        if key_forgotten(refund.attempt_at, self.clock()):
            refund = self._new_attempt(refund)
        try:
            answer = self._sent(refund)
        except StripeOutcomeUnknownError as unknown:
            if not unknown.key_spent:
                raise
            if found := self._listed(refund):
                return self._recorded(refund, found)
            refund = self._new_attempt(refund)
            answer = self._sent(refund)
        return self._recorded(refund, answer) if answer else "RefundRefused"

    def _listed(self, refund: Refund) -> StripeRefund | None:
        reports = self.stripe.list_refunds(refund.charge_id, refund.account_id)
        return next((each for each in reports if each.refund_id == refund.refund_id), None)

    def _new_attempt(self, refund: Refund) -> Refund:
        return self.orders.advance_refund(
            replace(refund, attempt=refund.attempt + 1, attempt_at=rfc3339(self.clock()))
        )

    def _sent(self, refund: Refund) -> StripeRefund | None:
        """Send the refund; None where Stripe surely refused it and its money is free again."""
        try:
            return self.stripe.create_refund(refund)
        except StripeRefusedError as refusal:
            released = release_refused(
                self.orders, refund, Refusal(refusal.reason, refusal.detail), self.clock, ACTOR
            )
            if released.status is not RefundStatus.FAILED:
                raise
            return None

    def _recorded(self, refund: Refund, report: StripeRefund) -> str:
        outcome, _ = self.record(report, refund.account_id)
        return outcome.value

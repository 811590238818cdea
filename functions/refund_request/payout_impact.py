"""What a refund does to the studio's next payout, and whether the studio refuses such a refund."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.refund_request.refunds_in_flight import RefundsInFlight
from shared.domain.errors import NegativeBalanceLimitError
from shared.domain.money import money_text
from shared.domain.order import OrderState
from shared.domain.refund_quote import RefundWarning
from shared.domain.settlement import Effect, payable_effect
from shared.domain.studio import OnNegativeLimit, Studio
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.studios import Studios

if TYPE_CHECKING:
    from shared.gateways.table import Step


@dataclass(frozen=True, slots=True)
class NextPayoutEffect:
    """The next payout's total before and after a refund, in minor units, with warnings.

    ``in_flight_amount`` is what other refunds will take from it that are not settled yet. The
    warnings count it.
    """

    before_amount: int
    after_amount: int
    in_flight_amount: int
    warnings: list[RefundWarning]


@dataclass(frozen=True, slots=True)
class PayoutImpact:
    """Reads the ledger as it is now, and the refunds in flight, which are not in it yet.

    Those are read first. So a refund that settles meanwhile is counted twice rather than never.
    """

    ledger: LedgerStore
    studios: Studios
    in_flight: RefundsInFlight

    def load_studio(self, studio_id: str) -> Studio:
        """Return the studio of an order."""
        # A change of the studio's settings may count from the next moment on.
        studio = self.studios.get(studio_id, consistent=False) or self.studios.get(studio_id)
        if studio is None:
            raise LookupError(f"studio {studio_id} has orders but is not stored")
        return studio

    def effect(self, studio: Studio, state: OrderState, effect: Effect) -> NextPayoutEffect:
        """Return what a refund does to the next payout of the order's studio.

        Args:
            studio: The order's studio.
            state: The order's state.
            effect: The effect of settling the refund.
        """
        in_flight = self.in_flight.payable_amount(state)
        before, after = self._before_and_after(state, effect)
        limit = studio.negative_balance_limit
        warnings = []
        if after + in_flight < min(before + in_flight, 0):
            warnings.append(RefundWarning.NEXT_PAYOUT_NEGATIVE)
        if after + in_flight < min(before + in_flight, -limit):
            warnings.append(RefundWarning.NEGATIVE_BALANCE_LIMIT)
        return NextPayoutEffect(before, after, in_flight, warnings)

    def require_within_limit(
        self, studio: Studio, state: OrderState, effect: Effect
    ) -> "tuple[Step, ...]":
        """Check the refund against the studio's limit, if the studio refuses refunds beyond it.

        Most studios only want a warning, so that the parent does not wait.

        Returns:
            The steps to take in the transaction that reserves the money. They fail if another
            request has reserved some meanwhile.

        Raises:
            BusyError: Too many refunds of the studio are in flight.
            NegativeBalanceLimitError: The refund would take the studio's next payout further below
                zero than its limit, and the studio refuses such refunds.
        """
        if studio.on_negative_limit is not OnNegativeLimit.REFUSE:
            return ()
        limit, currency = studio.negative_balance_limit, studio.currency
        in_flight, guard = self.in_flight.guarded(state)
        before, after = (each + in_flight for each in self._before_and_after(state, effect))
        if after < min(before, -limit):
            raise NegativeBalanceLimitError(
                f"This refund would bring your next payout to {money_text(after, currency)}. Your "
                f"studio refuses refunds that bring it below {money_text(-limit, currency)}. "
                "Refunds that have not settled yet count. Refund less, or wait for more sales."
            )
        return (self.in_flight.guards.put(guard),)

    def _before_and_after(self, state: OrderState, effect: Effect) -> tuple[int, int]:
        head = self.ledger.load_head(state.studio_id)
        before = head.payable_balance_amount if head else 0
        return before, before + payable_effect(state, effect)

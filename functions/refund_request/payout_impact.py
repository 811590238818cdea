"""What a refund does to the studio's next payout, and whether the studio refuses such a refund."""

from dataclasses import dataclass

from shared.domain.errors import NegativeBalanceLimitError
from shared.domain.order import OrderState
from shared.domain.refund_quote import RefundWarning
from shared.domain.settlement import Effect, payable_effect
from shared.domain.studio import OnNegativeLimit, Studio
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.studios import Studios


@dataclass(frozen=True, slots=True)
class NextPayoutEffect:
    """The next payout's total before and after a refund, in minor units, with warnings."""

    before_amount: int
    after_amount: int
    warnings: list[RefundWarning]


@dataclass(frozen=True, slots=True)
class PayoutImpact:
    """Reads the ledger as it is now. Refunds that are on their way are not in it yet."""

    ledger: LedgerStore
    studios: Studios

    def load_studio(self, studio_id: str) -> Studio:
        """Return the studio of an order."""
        studio = self.studios.get(studio_id)
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
        before, after = self._before_and_after(state, effect)
        limit = studio.negative_balance_limit
        warnings = []
        if after < min(before, 0):
            warnings.append(RefundWarning.NEXT_PAYOUT_NEGATIVE)
        if after < min(before, -limit):
            warnings.append(RefundWarning.NEGATIVE_BALANCE_LIMIT)
        return NextPayoutEffect(before, after, warnings)

    def require_within_limit(self, studio: Studio, state: OrderState, effect: Effect) -> None:
        """Check the refund against the studio's limit, if the studio refuses refunds beyond it.

        Most studios only want a warning, so that the parent does not wait.

        Raises:
            NegativeBalanceLimitError: The refund would take the studio's next payout further below
                zero than its limit, and the studio refuses such refunds.
        """
        if studio.on_negative_limit is not OnNegativeLimit.REFUSE:
            return
        limit = studio.negative_balance_limit
        before, after = self._before_and_after(state, effect)
        if after < min(before, -limit):
            raise NegativeBalanceLimitError(
                f"This refund would bring your next payout to {after}. Your studio refuses refunds "
                f"that bring it below -{limit} (minor units). Refund less, or wait for more sales."
            )

    def _before_and_after(self, state: OrderState, effect: Effect) -> tuple[int, int]:
        head = self.ledger.load_head(state.studio_id)
        before = head.payable_balance_amount if head else 0
        return before, before + payable_effect(state, effect)

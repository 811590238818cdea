"""A hold: a studio's payouts stop because Stripe cannot pay its account."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.domain.payout import Payout


@dataclass(frozen=True, slots=True)
class PayoutHold:
    """Why a studio's payouts are on hold, and who released them; the amount in minor units.

    ``payout_id`` failed last, and its ``amount`` is in the balance again. ``reason`` is Stripe's
    code. No payout is closed until the hold is released. Times are RFC 3339 in UTC.
    """

    studio_id: str
    payout_id: str
    account_id: str | None
    amount: int
    currency: str
    reason: str
    held_at: str
    released_at: str | None = None
    released_because: str | None = None
    version: int = 0

    @property
    def is_active(self) -> bool:
        """Whether nobody has released it."""
        return self.released_at is None

    def released(self, because: str, at: str) -> "PayoutHold":
        """Return it released.

        Args:
            because: Who released it, and why; no personal data.
            at: Now, RFC 3339 in UTC.
        """
        return replace(self, released_at=at, released_because=because)


def hold_after(
    payout: "Payout", reason: str, at: str, known: PayoutHold | None = None
) -> PayoutHold:
    """Return the hold after a transfer that Stripe definitively did not make.

    Args:
        payout: The payout before it failed.
        reason: Stripe's code.
        at: Now, RFC 3339 in UTC.
        known: The studio's hold as stored. If it is still active, its time stays.
    """
    since = known.held_at if known and known.is_active else at
    return PayoutHold(
        payout.studio_id,
        payout.payout_id,
        payout.account_id,
        payout.paid_amount,
        payout.currency,
        reason,
        since,
        version=known.version if known else 0,
    )

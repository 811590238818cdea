"""What use cases announce, and to whom. A queue does it; a restore does it at once."""

from typing import Protocol

from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.domain.refund import Refund


class SettlementAnnouncer(Protocol):
    """Announces refunds that need a settlement."""

    def announce(self, refund: Refund, /) -> None:
        """Announce that the refund needs a settlement."""


class FeeRefundAnnouncer(Protocol):
    """Announces application fees that need a refund."""

    def announce(self, fee_refund: FeeRefund, /) -> None:
        """Announce that a fee must be refunded up to its target."""


class ChargeAnnouncer(Protocol):
    """Announces orders whose charge must be read at Stripe."""

    def announce(self, *orders: OrderKey) -> None:
        """Announce that these orders' charges must be read."""

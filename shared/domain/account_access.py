"""Whether PPS can still act for a Stripe account that studios connected."""

from dataclasses import dataclass, replace
from enum import StrEnum

# Why a refund waits, or was refused: the account it is on is not connected to PPS.
ACCOUNT_DISCONNECTED = "account_disconnected"


class LearnedFrom(StrEnum):
    """What made us ask Stripe about an account."""

    EVENT = "event"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """What Stripe last said about an account that left; times RFC 3339 in UTC.

    ``disconnected_at`` is when we learned that it left last, and ``learned_from`` how.
    ``connected_at`` is when we learned that it is back; None while it is away.
    """

    account_id: str
    disconnected_at: str
    learned_from: LearnedFrom
    connected_at: str | None = None
    version: int = 0

    @property
    def is_disconnected(self) -> bool:
        """Whether PPS cannot act for the account."""
        return self.connected_at is None

    def was_away_at(self, time: str) -> bool:
        """Return whether the account was away at a time, or came back after it."""
        return self.connected_at is None or self.connected_at >= time


def access_after(
    known: AccountAccess | None,
    account_id: str,
    at: str,
    learned_from: LearnedFrom,
    *,
    is_connected: bool,
) -> AccountAccess | None:
    """Return the access after Stripe's answer, or what was known if the answer changes nothing.

    Args:
        known: What was known; None if the account never left.
        account_id: The account.
        at: Now, RFC 3339 in UTC.
        learned_from: What made us ask.
        is_connected: What Stripe answered.
    """
    was_connected = known is None or not known.is_disconnected
    if is_connected == was_connected:
        return known
    if is_connected and known is not None:
        return replace(known, connected_at=at)
    version = known.version if known else 0
    return AccountAccess(account_id, at, learned_from, version=version)

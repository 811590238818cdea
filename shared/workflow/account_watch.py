"""Keeps the record of which connected accounts have left, from what Stripe says about them.

An event or a refusal only makes us ask. So a platform key that stopped working marks no account,
and events may repeat and come in any order.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.clock import Clock, rfc3339
from shared.domain.account_access import AccountAccess, LearnedFrom, access_after
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.edge.observability import count, logger
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.conflict import StaleStateError
from shared.workflow.transient_errors import TRANSIENT_ERRORS


class AccountOutcome(StrEnum):
    """What asking about an account has changed, as the name of the metric that counts it."""

    DISCONNECTED = "AccountDisconnected"
    CONNECTED = "AccountConnectedAgain"
    UNCHANGED = "AccountUnchanged"


class AccountReader(Protocol):
    """Asks Stripe about connected accounts."""

    def is_connected(self, account_id: str) -> bool:
        """Return whether the platform may act for an account."""


@dataclass(frozen=True, slots=True)
class AccountWatch:
    """Marks accounts that left, and clears the mark when they are back."""

    accesses: AccountAccesses
    stripe: AccountReader
    clock: Clock

    def check(self, account_id: str, learned_from: LearnedFrom) -> AccountOutcome:
        """Ask Stripe whether an account is connected, and record a change.

        Raises:
            StripeRefusedError, StripeOutcomeUnknownError: Stripe did not answer. Nothing changed.
            StaleStateError: Another function recorded another answer.
        """
        return self._ask(self.accesses.get(account_id), account_id, learned_from)

    def recheck(self, account_id: str | None) -> AccountOutcome:
        """Ask Stripe again about an account that is marked. Any other costs half a read unit.

        Args:
            account_id: None for the platform's own account, which is never marked.

        Raises:
            StripeRefusedError, StripeOutcomeUnknownError, StaleStateError: As ``check``.
        """
        if account_id is None:
            return AccountOutcome.UNCHANGED
        # An account that was marked a moment ago is asked about by the next call.
        known = self.accesses.get(account_id, consistent=False)
        if known is None or not known.is_disconnected:
            return AccountOutcome.UNCHANGED
        return self._ask(known, account_id, known.learned_from)

    def recheck_safely(self, account_id: str | None) -> None:
        """Recheck an account. If Stripe does not answer now, a later call does it.

        Args:
            account_id: None for the platform's own account.
        """
        try:
            self.recheck(account_id)
        except TRANSIENT_ERRORS as reason:
            logger.warning("account not asked about", account_id=account_id, reason=str(reason))

    def explains(self, error: Exception, account_id: str | None) -> bool:
        """Return whether a call failed because its account is disconnected, and mark the account.

        Args:
            error: How the call failed.
            account_id: The account that the call was on; None for the platform's own.
        """
        if not isinstance(error, StripeRefusedError | StripeOutcomeUnknownError):
            return False
        return account_id is not None and error.access_denied and self.is_gone(account_id)

    def is_gone(self, account_id: str) -> bool:
        """Return whether Stripe says that an account is disconnected, and record it.

        False if Stripe does not say so now.
        """
        try:
            self.check(account_id, LearnedFrom.REFUSAL)
        except StaleStateError:
            pass  # another function has just recorded Stripe's answer
        except TRANSIENT_ERRORS as reason:
            logger.warning("account not asked about", account_id=account_id, reason=str(reason))
            return False
        known = self.accesses.get(account_id)
        return known is not None and known.is_disconnected

    def _ask(
        self, known: AccountAccess | None, account_id: str, learned_from: LearnedFrom
    ) -> AccountOutcome:
        is_connected = self.stripe.is_connected(account_id)
        at = rfc3339(self.clock())
        after = access_after(known, account_id, at, learned_from, is_connected=is_connected)
        if after is None or after == known:
            return AccountOutcome.UNCHANGED
        self.accesses.record(after)
        outcome = AccountOutcome.CONNECTED if is_connected else AccountOutcome.DISCONNECTED
        count(outcome.value)
        logger.warning("account", account_id=account_id, outcome=outcome.value)
        return outcome

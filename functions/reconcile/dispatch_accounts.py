"""Announces the Stripe accounts that are due, one message an account."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock, rfc3339
from shared.domain.reconciliation import INTERVAL, AskedBy, ReconciliationWork
from shared.gateways.reconcile_queue import ReconcileQueue
from shared.gateways.reconciliations import Reconciliations

_ACCOUNTS_PER_PAGE = 1000


@dataclass(slots=True)
class Dispatch:
    """The result of one run.

    Attributes:
        announced: How many accounts were announced.
        is_complete: Whether there was time for all that are due.
        oldest_seconds: How long ago the account that waits longest was compared, or was new.
    """

    announced: int = 0
    is_complete: bool = True
    oldest_seconds: int = 0


@dataclass(frozen=True, slots=True)
class AskedAccounts:
    """A page of the accounts that an operator asked for.

    Attributes:
        asked_at: When, RFC 3339 in UTC: a pass that began since then is an answer.
        account_ids: The accounts. None is the platform's own.
        last_place: Where the next page begins; None on the last one.
    """

    asked_at: str
    account_ids: list[str | None]
    last_place: str | None


@dataclass(frozen=True, slots=True)
class DispatchAccounts:
    """Announces accounts. It reads no account, only the index of what is due.

    An account stays due until its pass is at its end. So a message that is lost or repeated does no
    harm, and what one run has no time for is first in the next one.
    """

    reconciliations: Reconciliations
    queue: ReconcileQueue
    clock: Clock

    def __call__(self, *, time_is_up: Callable[[], bool]) -> Dispatch:
        """Announce the accounts that are due, those that have waited longest first.

        Args:
            time_is_up: Whether to stop, so that the run ends before the function times out.

        Raises:
            QueueBusyError: SQS did not take all messages. The rest is still due.
        """
        now = self.clock()
        at, result = rfc3339(now), Dispatch()
        self.reconciliations.begin(None, at)

        def works() -> Iterator[ReconciliationWork]:
            for account in self.reconciliations.due(at):
                if time_is_up():
                    result.is_complete = False
                    return
                waited = now - datetime.fromisoformat(account.due_at)
                result.oldest_seconds = max(result.oldest_seconds, _seconds(waited + INTERVAL))
                yield ReconciliationWork(account.account_id, AskedBy.SCHEDULE, at, at)

        result.announced = self.queue.announce(works())
        return result

    def ask(
        self, *, since: datetime | None, after: str | None, asked_at: str | None
    ) -> AskedAccounts:
        """Announce a page of all accounts, due or not, for an operator.

        Args:
            since: Where to begin at the latest.
            after: The ``last_place`` of the page before, or None for the first one.
            asked_at: The ``asked_at`` of the first page, or None for the first one.

        Raises:
            QueueBusyError: SQS did not take all messages. Ask for the page again.
        """
        at = asked_at or rfc3339(self.clock())
        if after is None:
            self.reconciliations.begin(None, at)
        page = self.reconciliations.page(_ACCOUNTS_PER_PAGE, after)
        accounts = [each.account_id for each in page.accounts if each.account_id is not None]
        # The index may not show a new platform account yet.
        asked: list[str | None] = [*([None] if after is None else []), *accounts]
        begin = rfc3339(since) if since else at
        self.queue.announce(ReconciliationWork(each, AskedBy.OPERATOR, at, begin) for each in asked)
        return AskedAccounts(at, asked, page.last_place)


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())

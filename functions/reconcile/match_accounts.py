"""The daily match: Stripe against the orders' side against the ledger, account by account."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from functions.reconcile.findings import Finding
from functions.reconcile.match_fee_refunds import MatchFeeRefunds
from functions.reconcile.match_refunds import Account, MatchRefunds, Window
from functions.reconcile.match_transfers import MatchTransfers
from shared.clock import Clock, rfc3339
from shared.edge.observability import logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios
from shared.gateways.watermarks import Watermark, Watermarks

# What happened since may be on its way still, by webhook or queue: that is no difference.
GRACE = timedelta(minutes=15)
# Stripe's lists may show an object a little late, and its clock is not ours.
OVERLAP = timedelta(hours=2)
# Stripe fails a refund up to 30 days after it was made: https://docs.stripe.com/refunds
LOOK_BACK = timedelta(days=35)
# Looked at hourly, so that what one run had no time for does not wait for the next day.
EVERY = timedelta(hours=20)
# What is matched before the watermark moves and the time that is left is looked at.
STRETCH = timedelta(days=7)


@dataclass(slots=True)
class Match:
    """What a match came to.

    Attributes:
        findings: All differences, those that were healed too.
        matched: How many accounts were looked at whole.
        failed: Accounts that could not be, "platform" for PPS's own.
        complete: Whether there was time for all of them.
        oldest_seconds: How long ago the account was matched that has waited longest.
    """

    findings: list[Finding] = field(default_factory=list)
    matched: int = 0
    failed: list[str] = field(default_factory=list)
    complete: bool = True
    oldest_seconds: int = 0


@dataclass(frozen=True, slots=True)
class MatchAccounts:
    """Matches each Stripe account from its watermark on, a week at a time.

    The watermark moves only over a time in which nothing differed. So a difference is found again
    each day until it is gone, for 35 days, and one that was healed has to show that it is; a run
    that dies in the middle of a week has moved nothing over it.
    """

    studios: Studios
    payouts: PayoutsTable
    watermarks: Watermarks
    refunds: MatchRefunds
    fee_refunds: MatchFeeRefunds
    transfers: MatchTransfers
    clock: Clock

    def __call__(
        self,
        *,
        due_only: bool,
        time_is_up: Callable[[], bool],
        since: datetime | None = None,
    ) -> Match:
        """Match accounts, those that have waited longest first.

        What is wrong with one does not keep the others waiting.

        Args:
            due_only: Only those that have not been looked at for a day.
            time_is_up: Whether to stop, so that the run ends before the function does; the next
                one goes on from there.
            since: From when on, where that is before the watermarks.
        """
        match, now = Match(), self.clock()
        accounts = [(self.watermarks.get(each.account_id), each) for each in self._accounts()]
        accounts.sort(key=lambda account: account[0].matched_at if account[0] else "")
        waiting = []
        for before, account in accounts:
            due = before is None or before.matched_at <= rfc3339(now - EVERY)
            asked = match.complete and (due or not due_only)
            if not (asked and self._safely(account, before, since, match, time_is_up)):
                waiting.append(before)
        ages = [now - datetime.fromisoformat(each.matched_at) for each in waiting if each]
        match.oldest_seconds = int(max(ages, default=timedelta(0)).total_seconds())
        return match

    def _accounts(self) -> Iterator[Account]:
        """Yield the platform's account with all that was charged there, then the studios' own."""
        of_account: dict[str, list[str]] = defaultdict(list)
        of_platform: list[str] = []
        for studio_id in self.payouts.studios():
            studio = self.studios.get(studio_id)
            account_id = studio.stripe_account_id if studio else None
            (of_account[account_id] if account_id else of_platform).append(studio_id)
        everybody = (*of_platform, *(each for ids in of_account.values() for each in ids))
        yield Account(None, everybody)
        for account_id, studio_ids in of_account.items():
            yield Account(account_id, tuple(studio_ids))

    def _safely(
        self,
        account: Account,
        before: Watermark | None,
        since: datetime | None,
        match: Match,
        time_is_up: Callable[[], bool],
    ) -> bool:
        """Match an account, and return whether that was done to its end."""
        name = account.account_id or "platform"
        try:
            match.complete = self._match(account, before, since, match.findings, time_is_up)
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot match", account_id=name)
            match.failed.append(name)
            return False
        match.matched += match.complete
        logger.info("matched", account_id=name, complete=match.complete)
        return match.complete

    def _match(
        self,
        account: Account,
        before: Watermark | None,
        since: datetime | None,
        findings: list[Finding],
        time_is_up: Callable[[], bool],
    ) -> bool:
        """Match week by week; False where there was no time for all of them."""
        now, mark = self.clock(), before
        until, start = now - GRACE, now - LOOK_BACK
        if before is not None:
            start = max(start, datetime.fromisoformat(before.until) - OVERLAP)
        start = min(start, since or start)
        clean = before.until if before else rfc3339(start)
        # Until all of it was looked at, it was not looked at: then this account comes first.
        looked_at = before.matched_at if before else rfc3339(start)
        known = len(findings)
        for week in weeks(start, until, now):
            if time_is_up():
                return False
            for finding in self._differences(account, week):
                logger.warning("finding", finding=finding.content())
                findings.append(finding)
            if len(findings) == known:
                clean = max(clean, rfc3339(week.until))
            if week.until == until:
                looked_at = rfc3339(now)
            mark = self._moved(account, mark, Watermark(clean, looked_at))
        return True

    def _moved(self, account: Account, mark: Watermark | None, to: Watermark) -> Watermark | None:
        try:
            self.watermarks.move(account.account_id, mark, to)
        except StaleStateError:
            logger.info("another match was faster", account_id=account.account_id)
            return mark
        return to

    def _differences(self, account: Account, window: Window) -> Iterator[Finding]:
        yield from self.refunds(account, window)
        if account.account_id is None:
            yield from self.fee_refunds(account, window)
            yield from self.transfers(account.studio_ids, window)


def weeks(start: datetime, until: datetime, now: datetime) -> Iterator[Window]:
    """Yield a time week by week, the last one shorter, the oldest first."""
    while start < until:
        end = min(start + STRETCH, until)
        yield Window(start, end, now)
        start = end

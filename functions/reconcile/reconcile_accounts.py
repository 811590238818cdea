"""Compares Stripe with the orders' side and the ledger, account by account."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from functions.reconcile.find_uncovered import FindUncovered
from functions.reconcile.findings import Finding, of_disconnected
from functions.reconcile.reconcile_charges import ReconcileCharges
from functions.reconcile.reconcile_fee_refunds import ReconcileFeeRefunds
from functions.reconcile.reconcile_refunds import ReconcileRefunds
from functions.reconcile.reconcile_transfers import ReconcileTransfers
from functions.reconcile.scope import Account, Window, windows
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.edge.observability import logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.studios import Studios
from shared.gateways.watermarks import Watermark, Watermarks
from shared.workflow.account_watch import AccountWatch

# What happened since then may still be in a webhook or a queue: it is not compared yet.
GRACE = timedelta(minutes=15)
# Stripe's lists may show an object a little late, and its clock is not ours.
OVERLAP = timedelta(hours=2)
# Stripe fails a refund up to 30 days after it was made: https://docs.stripe.com/refunds
LOOK_BACK = timedelta(days=35)
# Below a day: the schedule is hourly, and an account that is missed once need not wait for a day.
INTERVAL = timedelta(hours=20)


@dataclass(slots=True)
class Reconciliation:
    """The result of one run.

    Attributes:
        findings: All differences, also those that were healed.
        reconciled: How many accounts were compared to the end.
        failed: Accounts that could not be compared; "platform" is PPS's own.
        complete: Whether there was time for all accounts.
        oldest_seconds: How long ago the account that has waited longest was reconciled.
    """

    findings: list[Finding] = field(default_factory=list)
    reconciled: int = 0
    failed: list[str] = field(default_factory=list)
    complete: bool = True
    oldest_seconds: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run was asked for, and its result so far."""

    since: datetime | None
    time_is_up: Callable[[], bool]
    result: Reconciliation = field(default_factory=Reconciliation)


@dataclass(frozen=True, slots=True)
class ReconcileAccounts:
    """Reconciles each Stripe account from its watermark on, a week at a time.

    The watermark moves only over a week without differences. So a difference is found again each
    day until it is gone, for 35 days, and a healed one has to show that it is gone. A run that
    stops in the middle of a week has not moved the watermark over it.
    """

    studios: Studios
    payouts: PayoutsTable
    watermarks: Watermarks
    charges: ReconcileCharges
    refunds: ReconcileRefunds
    fee_refunds: ReconcileFeeRefunds
    transfers: ReconcileTransfers
    uncovered: FindUncovered
    watch: AccountWatch
    clock: Clock

    def __call__(
        self,
        *,
        due_only: bool,
        time_is_up: Callable[[], bool],
        since: datetime | None = None,
    ) -> Reconciliation:
        """Reconcile accounts, those that have waited longest first.

        An error of one account does not keep the others waiting.

        Args:
            due_only: Whether to reconcile only accounts that have waited for a day, or all.
            time_is_up: Whether to stop, so that the run ends before the function times out. The
                next run goes on from there.
            since: Where to begin, if that is before the watermarks.
        """
        run, now = _Run(since, time_is_up), self.clock()
        result = run.result
        accounts = [(self.watermarks.get(each.account_id), each) for each in self._accounts()]
        accounts.sort(key=lambda account: account[0].reconciled_at if account[0] else "")
        waiting = []
        for mark, account in accounts:
            due = mark is None or mark.reconciled_at <= rfc3339(now - INTERVAL)
            wanted = result.complete and (due or not due_only)
            if not (wanted and self._safely(run, account, mark)):
                waiting.append(mark)
        ages = [now - datetime.fromisoformat(each.reconciled_at) for each in waiting if each]
        result.oldest_seconds = int(max(ages, default=timedelta(0)).total_seconds())
        return result

    def _accounts(self) -> Iterator[Account]:
        """Yield the platform's account with all studios, then the studios' own accounts."""
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

    def _safely(self, run: _Run, account: Account, mark: Watermark | None) -> bool:
        """Reconcile an account, and return whether that was done to the end."""
        name, result = account.account_id or "platform", run.result
        try:
            result.complete = self._reconcile_or_skip(run, account, mark)
        except Exception:  # noqa: BLE001  # logged and counted; one must not stop the others
            logger.exception("cannot reconcile", account_id=name)
            result.failed.append(name)
            return False
        result.reconciled += result.complete
        logger.info("reconciled", account_id=name, complete=result.complete)
        return result.complete

    def _reconcile_or_skip(self, run: _Run, account: Account, mark: Watermark | None) -> bool:
        """Reconcile an account, or note once a day that Stripe does not let us."""
        try:
            complete = self._reconcile(run, account, mark)
        except (StripeRefusedError, StripeOutcomeUnknownError) as error:
            if account.account_id is None or not self.watch.explains(error, account.account_id):
                raise
            self._note_disconnected(run, account, account.account_id)
            return True
        self.watch.recheck_safely(account.account_id)
        return complete

    def _note_disconnected(self, run: _Run, account: Account, account_id: str) -> None:
        """Add the one finding, and let the account wait for a day. Nothing counts as compared."""
        finding = of_disconnected(account_id, account.studio_ids)
        logger.warning("finding", finding=finding.content())
        run.result.findings.append(finding)
        mark, now = self.watermarks.get(account_id), self.clock()
        clean_until = mark.until if mark else rfc3339(_start(None, run.since, now))
        self._moved(account, mark, Watermark(clean_until, rfc3339(now)))

    def _since(self, run: _Run, account: Account, mark: Watermark | None) -> datetime | None:
        """Return where to begin at the latest: nothing was compared while the account was away."""
        access = self.watch.accesses.get(account.account_id) if account.account_id else None
        if mark is None or access is None or not access.was_away_at(mark.reconciled_at):
            return run.since
        left = datetime.fromisoformat(mark.until) - OVERLAP
        return min(left, run.since or left)

    def _reconcile(self, run: _Run, account: Account, mark: Watermark | None) -> bool:
        """Reconcile window by window; False if there was no time for all of them."""
        now, findings = self.clock(), run.result.findings
        until, start = now - GRACE, _start(mark, self._since(run, account, mark), now)
        clean_until = mark.until if mark else rfc3339(start)
        # Stays as it was until the last window is done: then this account comes first next time.
        reconciled_at = mark.reconciled_at if mark else rfc3339(start)
        found_before = len(findings)
        for window in windows(start, until, now):
            if run.time_is_up():
                return False
            for finding in self._differences(account, window):
                logger.warning("finding", finding=finding.content())
                findings.append(finding)
            if len(findings) == found_before:
                clean_until = max(clean_until, rfc3339(window.until))
            if window.until == until:
                reconciled_at = rfc3339(now)
                self._find_standing(account, run)
            mark = self._moved(account, mark, Watermark(clean_until, reconciled_at))
        return True

    def _find_standing(self, account: Account, run: _Run) -> None:
        """Add what stays until people act, whenever it began. It holds no watermark up.

        That is orders whose charge differs from the import, and balances that no sale will cover.
        """
        findings = self.charges.wrong_payments(account)
        if account.account_id is None:
            findings = chain(findings, self.uncovered(account.studio_ids, self.clock()))
        for finding in findings:
            logger.warning("finding", finding=finding.content())
            run.result.findings.append(finding)

    def _moved(self, account: Account, mark: Watermark | None, to: Watermark) -> Watermark | None:
        try:
            self.watermarks.move(account.account_id, mark, to)
        except StaleStateError:
            logger.info("another run moved the watermark", account_id=account.account_id)
            return mark
        return to

    def _differences(self, account: Account, window: Window) -> Iterator[Finding]:
        yield from self.charges(account, window)
        yield from self.refunds(account, window)
        if account.account_id is None:
            yield from self.fee_refunds(account, window)
            yield from self.transfers(account.studio_ids, window)


def _start(mark: Watermark | None, since: datetime | None, now: datetime) -> datetime:
    """Return the later of watermark and ``LOOK_BACK``, or ``since`` if that is earlier."""
    start = now - LOOK_BACK
    if mark is not None:
        start = max(start, datetime.fromisoformat(mark.until) - OVERLAP)
    return min(start, since or start)

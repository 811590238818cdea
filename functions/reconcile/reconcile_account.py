"""Reconciles one Stripe account, and saves where it is after each window."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.reconcile.compare_account import CompareAccount
from functions.reconcile.findings import (
    STANDING,
    WITHOUT_ALARM,
    Finding,
    FindingKind,
    of_disconnected,
)
from functions.reconcile.scope import Account, Window
from shared.clock import Clock, rfc3339
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.foreign_object import ForeignObject
from shared.domain.reconciliation import GRACE, INTERVAL, Pass, Reconciliation, ReconciliationWork
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.foreign_objects import ForeignObjects
from shared.gateways.reconcile_queue import ReconcileQueue
from shared.gateways.reconciliations import KnownAccount, Reconciliations
from shared.gateways.stripe.pace import OutOfTimeError, Pace, SlowedDownError
from shared.workflow.account_watch import AccountWatch

# How long a window should take. Each costs a few calls whatever it has, and a worker that runs out
# of time loses the one it is in.
_WINDOW_TAKES_SECONDS = 40


class UnknownAccountError(LookupError):
    """No import has made the account known."""


class _OvertakenError(Exception):
    """Another worker has saved the account. It goes on from there."""


@dataclass(slots=True)
class _Progress:
    """An account that a worker has in hand.

    Attributes:
        at: As stored, with what was found since.
        windows: How many windows this worker has saved.
        is_in_window: Whether a window has begun that is not saved yet.
    """

    work: ReconciliationWork
    account: Account
    at: Reconciliation
    windows: int = 0
    is_in_window: bool = False

    @property
    def name(self) -> str:
        return self.work.account_id or "platform"


@dataclass(frozen=True, slots=True)
class ReconcileAccount:
    """Reconciles one account from where its last clean pass ended, window by window.

    ``clean_until`` moves only over time without differences. So a difference is found again each
    day until it is gone, for 35 days, and a healed one has to show that it is gone. A worker that
    runs out of time has saved the windows it has done, and announces the account again. The length
    of a window follows the time that the last one took. An account that fails, or whose 429s leave
    a worker no time for a single window, waits longer from try to try, and nobody waits for it.
    """

    reconciliations: Reconciliations
    compare: CompareAccount
    foreign: ForeignObjects
    watch: AccountWatch
    queue: ReconcileQueue
    pace: Pace
    clock: Clock

    def __call__(self, work: ReconciliationWork, *, time_is_up: Callable[[], bool]) -> str:
        """Reconcile the account if it is still wanted, and return the outcome, a metric's name.

        Args:
            work: The account, and who asks.
            time_is_up: Whether to stop, so that the worker ends before the function times out.

        Raises:
            UnknownAccountError: There is no such account.
        """
        known = self.reconciliations.load(work.account_id)
        if known is None:
            raise UnknownAccountError(f"there is no account {work.account_id}")
        now = self.clock()
        if not known.reconciliation.is_wanted(work, rfc3339(now)):
            return "AccountNotDue"
        account = Account(work.account_id, known.studio_ids)
        progress = _Progress(work, account, _with_pass(known, work, now))
        self.pace.time_is_up = time_is_up
        try:
            outcome = self._go_on(progress)
        except _OvertakenError:
            return "AccountReconcileOvertaken"
        finally:
            self.pace.time_is_up = lambda: False
        if outcome == "AccountReconciled" and known.access and known.access.is_disconnected:
            self.watch.recheck_safely(work.account_id)
        logger.info("reconciled", account_id=progress.name, outcome=outcome)
        return outcome

    def _go_on(self, progress: _Progress) -> str:
        try:
            while window := self._next_window(progress):
                self._reconcile(progress, window)
        except OutOfTimeError as error:
            if isinstance(error, SlowedDownError) and not progress.windows:
                progress.at = progress.at.with_window_times(0.5)
                return self._failed(progress, error)
            return self._continue_later(progress)
        except _OvertakenError:
            raise
        except (StripeRefusedError, StripeOutcomeUnknownError) as error:
            account_id = progress.work.account_id
            if account_id is not None and self.watch.explains(error, account_id):
                return self._disconnected(progress, account_id)
            return self._failed(progress, error)
        except Exception as error:  # noqa: BLE001  # logged and counted; the account backs off
            return self._failed(progress, error)
        return "AccountReconciled"

    def _next_window(self, progress: _Progress) -> Window | None:
        under_way, times = progress.at.under_way, progress.at.next_window()
        if under_way is None or times is None:
            return None
        self.pace.check()
        until = datetime.fromisoformat(under_way.until)
        return Window(*times, until, self.clock(), self.pace.check)

    def _reconcile(self, progress: _Progress, window: Window) -> None:
        """Compare a window and save that it is done. After the last one, the pass is done."""
        progress.is_in_window = True
        for finding in self.compare(progress.account, window):
            self._note(progress, finding)
        at = progress.at.after_window(rfc3339(window.until))
        if at.next_window() is None:
            for finding in self.compare.standing(progress.account):
                self._note(progress, finding)
            at = progress.at.after_window(rfc3339(window.until)).ended(_due_after(progress.at))
        took_seconds = (self.clock() - window.now).total_seconds()
        self._save(progress, at.with_window_times(_growth(progress.at, window, took_seconds)))
        progress.windows += 1
        progress.is_in_window = False

    def _continue_later(self, progress: _Progress) -> str:
        """Save the place, and announce the account again.

        If a window took a worker's whole time, the next one is shorter.
        """
        took_all = progress.is_in_window and not progress.windows
        self._save(progress, progress.at.with_window_times(0.5 if took_all else 1))
        self.queue.go_on(progress.work, progress.at.version)
        return "AccountReconcileContinued"

    def _disconnected(self, progress: _Progress, account_id: str) -> str:
        """Add the one finding, and let the account wait for a day. Nothing counts as compared."""
        self._note(progress, of_disconnected(account_id, progress.account.studio_ids))
        now = self.clock()
        self._save(progress, progress.at.away(rfc3339(now), rfc3339(now + INTERVAL)))
        return "AccountReconcileDisconnected"

    def _failed(self, progress: _Progress, error: Exception) -> str:
        logger.exception("cannot reconcile", account_id=progress.name)
        reason = getattr(error, "reason", None) or type(error).__name__
        now, at = self.clock(), progress.at
        retry_at = rfc3339(now + at.retry_delay)
        self._save(progress, at.failed(str(reason), rfc3339(now), retry_at))
        if progress.at.fails_lastingly:
            return "AccountReconcileFailed"
        return "AccountReconcileDeferred"

    def _note(self, progress: _Progress, finding: Finding) -> None:
        """Log and count a finding, and keep it for whoever asked."""
        stripe_id = finding.stripe_id or ""
        is_foreign = finding.kind is FindingKind.FOREIGN_OBJECT
        if is_foreign:
            count("ReconcileForeign")
            if self.foreign.get(stripe_id) is not None:
                return
        logger.warning("finding", finding=finding.content())
        count(f"Reconcile_{finding.kind}")
        if finding.kind not in WITHOUT_ALARM:
            count("ReconcileHealed" if finding.healed else "ReconcileFinding")
        progress.at = progress.at.with_finding(
            finding.content(), is_difference=finding.kind not in STANDING
        )
        if is_foreign:  # last: a worker that dies before names it again
            at = rfc3339(self.clock())
            amount, currency = finding.stripe_amount, finding.currency
            self.foreign.add(ForeignObject(stripe_id, at, amount, currency))

    def _save(self, progress: _Progress, at: Reconciliation) -> None:
        try:
            progress.at = self.reconciliations.save(at)
        except StaleStateError:
            raise _OvertakenError from None


def _with_pass(known: KnownAccount, work: ReconciliationWork, now: datetime) -> Reconciliation:
    """Return how far an account is compared, with the pass under way or a new one."""
    at = known.reconciliation
    if at.goes_on_for(work):
        return at
    start = at.start(work, now, was_away=_was_away(known))
    # Into the past only: a pass of no time at all would have no end.
    until = max(now - GRACE, start + timedelta(seconds=1))
    return at.begun(Pass(rfc3339(now), rfc3339(until), rfc3339(start)))


def _growth(at: Reconciliation, window: Window, took_seconds: float) -> float:
    """Return how much longer the next window may be: half to twice the length of this one.

    The last window of a pass is shorter than others. It does not make the next pass's longer.
    """
    factor = min(2.0, max(0.5, _WINDOW_TAKES_SECONDS / max(took_seconds, 1.0)))
    is_cut_short = (window.until - window.since).total_seconds() < at.window_seconds
    return min(1.0, factor) if is_cut_short else factor


def _due_after(at: Reconciliation) -> str:
    """Return when an account is due again, a day after its pass began."""
    assert at.under_way is not None  # noqa: S101  # for mypy: a window belongs to a pass
    return rfc3339(datetime.fromisoformat(at.under_way.started_at) + INTERVAL)


def _was_away(known: KnownAccount) -> bool:
    """Return whether nothing could be compared since the last pass, because PPS had no access."""
    reconciled_at = known.reconciliation.reconciled_at
    return (
        known.access is not None
        and reconciled_at is not None
        and known.access.was_away_at(reconciled_at)
    )

"""How far a Stripe account is compared with the books, and what is compared next. Pure.

A comparison is a *pass*: window by window from where the last clean pass ended, up to a little
before the present. It is stored after each window, so that it goes on from there:

    clean_until          position                until
    ────┼──────────┼────────┼──────────┼───────────┼──── now
        │ compared │ compared │ next window │      └ still on its way: not compared yet
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# What happened since then may still be in a webhook or a queue: it is not compared yet.
GRACE = timedelta(minutes=15)
# Stripe's lists may show an object a little late, and its clock is not ours.
OVERLAP = timedelta(hours=2)
# Stripe fails a refund up to 30 days after it was made: https://docs.stripe.com/refunds
LOOK_BACK = timedelta(days=35)
# Below a day: the schedule is hourly, and an account that is missed once need not wait for a day.
INTERVAL = timedelta(hours=20)

LONGEST_WINDOW = timedelta(days=7)
# A minute of the busiest account fits into a worker's time. See docs/scale.md.
SHORTEST_WINDOW = timedelta(minutes=1)

# Stored with an account, for the operator who asked. The log has all of them.
MOST_FINDINGS = 100

# The first tries come with the hourly schedule. It is a little less, so that none is missed.
_FIRST_RETRY_DELAY = timedelta(minutes=50)
_LONGEST_RETRY_DELAY = timedelta(hours=6)
# From here on, a failure is one that does not go away by itself.
_LASTING_FAILURES = 3


class AskedBy(StrEnum):
    """Who asks for a comparison: the schedule if it is due, or an operator in any case."""

    SCHEDULE = "schedule"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class ReconciliationWork:
    """An account to compare.

    Attributes:
        account_id: The account; None for the platform's own.
        asked_at: When it was asked for, RFC 3339 in UTC.
        since: Where to begin at the latest; ``asked_at`` if nothing earlier is asked for.
    """

    account_id: str | None
    asked_by: AskedBy
    asked_at: str
    since: str


@dataclass(frozen=True, slots=True)
class Pass:
    """A comparison that is under way; times RFC 3339 in UTC.

    Attributes:
        started_at: When it began.
        until: Where it ends.
        position: Everything before is compared.
        is_clean: Whether nothing was found so far.
    """

    started_at: str
    until: str
    position: str
    is_clean: bool = True


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How far an account is compared; times RFC 3339 in UTC.

    Attributes:
        account_id: The account; None for the platform's own.
        due_at: When it is due for its next pass.
        clean_until: Stripe and the books do not differ before this time.
        reconciled_at: When the last pass to the end began.
        under_way: The pass that is not at its end yet.
        window_seconds: How long a window is that a worker can do in its time.
        findings: What the last pass found, or has found so far, at most ``MOST_FINDINGS``.
        finding_count: How many that are, kept here or not.
        failures: How often in a row the pass could not go on.
        failed_at: When that was, the last time.
        failure: Why, by the error's name.
        retry_at: The schedule leaves the account alone until then.
    """

    account_id: str | None
    due_at: str
    clean_until: str | None = None
    reconciled_at: str | None = None
    under_way: Pass | None = None
    window_seconds: int = int(LONGEST_WINDOW.total_seconds())
    findings: tuple[Mapping[str, str | int | bool], ...] = ()
    finding_count: int = 0
    failures: int = 0
    failed_at: str | None = None
    failure: str | None = None
    retry_at: str | None = None
    version: int = 0

    @property
    def fails_lastingly(self) -> bool:
        """Whether it has failed so often that a person must look."""
        return self.failures >= _LASTING_FAILURES

    @property
    def retry_delay(self) -> timedelta:
        """How long the account backs off after one more failure."""
        growth: int = 2 ** max(0, self.failures + 1 - _LASTING_FAILURES)
        return min(_FIRST_RETRY_DELAY * growth, _LONGEST_RETRY_DELAY)

    def is_wanted(self, work: ReconciliationWork, now: str) -> bool:
        """Return whether a message still has something to do."""
        if work.asked_by is AskedBy.OPERATOR:
            return self.reconciled_at is None or self.reconciled_at < work.asked_at
        return self.due_at <= now and (self.retry_at is None or self.retry_at <= now)

    def goes_on_for(self, work: ReconciliationWork) -> bool:
        """Return whether the pass that is under way is what a message asks for.

        An operator wants a pass that began afterwards.
        """
        if self.under_way is None:
            return False
        by_schedule = work.asked_by is AskedBy.SCHEDULE
        return by_schedule or self.under_way.started_at >= work.asked_at

    def start(self, work: ReconciliationWork, now: datetime, *, was_away: bool) -> datetime:
        """Return where a new pass begins.

        Args:
            work: What was asked for.
            now: The present.
            was_away: Whether the account was away since the last pass, so that nothing was
                compared, however long ago that was.
        """
        start = now - LOOK_BACK
        if self.clean_until is not None:
            left = datetime.fromisoformat(self.clean_until) - OVERLAP
            start = left if was_away else max(start, left)
        return min(start, datetime.fromisoformat(work.since))

    def begun(self, under_way: Pass) -> "Reconciliation":
        """Return it with a new pass, which has found nothing yet."""
        return replace(self, under_way=under_way, findings=(), finding_count=0)

    def next_window(self) -> tuple[datetime, datetime] | None:
        """Return when the next window of the pass begins and ends, or None at the pass's end."""
        if self.under_way is None or self.under_way.position >= self.under_way.until:
            return None
        since = datetime.fromisoformat(self.under_way.position)
        until = datetime.fromisoformat(self.under_way.until)
        return since, min(since + timedelta(seconds=self.window_seconds), until)

    def with_finding(
        self, finding: Mapping[str, str | int | bool], *, is_difference: bool
    ) -> "Reconciliation":
        """Return it with a finding. A difference holds ``clean_until`` up.

        What a window found already, before it ran out of time, is not added again.
        """
        under_way = self.under_way
        if under_way is not None and is_difference:
            under_way = replace(under_way, is_clean=False)
        if finding in self.findings:
            return replace(self, under_way=under_way)
        kept = (*self.findings, finding)[:MOST_FINDINGS]
        return replace(
            self, under_way=under_way, findings=kept, finding_count=self.finding_count + 1
        )

    def after_window(self, until: str) -> "Reconciliation":
        """Return it after a window was compared."""
        assert self.under_way is not None  # noqa: S101  # for mypy: a window belongs to a pass
        clean_until = self.clean_until or self.under_way.position
        if self.under_way.is_clean:
            clean_until = max(clean_until, until)
        under_way = replace(self.under_way, position=until)
        return replace(
            self, clean_until=clean_until, under_way=under_way, failures=0, retry_at=None
        )

    def ended(self, due_at: str) -> "Reconciliation":
        """Return it after the last window.

        Args:
            due_at: When it is due for the next pass.
        """
        started_at = self.under_way.started_at if self.under_way else None
        return replace(self, under_way=None, reconciled_at=started_at, due_at=due_at)

    def with_window_times(self, factor: float) -> "Reconciliation":
        """Return it with longer or shorter windows, within their limits."""
        shortest, longest = SHORTEST_WINDOW.total_seconds(), LONGEST_WINDOW.total_seconds()
        seconds = min(longest, max(shortest, self.window_seconds * factor))
        return replace(self, window_seconds=int(seconds))

    def failed(self, reason: str, at: str, retry_at: str) -> "Reconciliation":
        """Return it after a failure. The pass stays where it is, and the account backs off."""
        return replace(
            self, failures=self.failures + 1, failed_at=at, failure=reason, retry_at=retry_at
        )

    def away(self, at: str, due_at: str) -> "Reconciliation":
        """Return it after Stripe denied access to the account: nothing counts as compared."""
        clean_until = self.clean_until or (self.under_way.position if self.under_way else None)
        return replace(
            self,
            clean_until=clean_until,
            under_way=None,
            reconciled_at=at,
            due_at=due_at,
            failures=0,
            retry_at=None,
        )

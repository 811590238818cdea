"""The tables of the simulated reconciliation, for the terminal and for ``docs/scale.md``."""

from collections.abc import Iterator, Mapping, Sequence

from tests.bench.report import ReportTable
from tests.faults.one_process import template
from tests.faults.one_process.outside_calls import STRIPE
from tests.scale import assumptions
from tests.scale.measure_reconcile import AccountCost, ReconcileCost
from tests.scale.meter import Call
from tests.scale.page import duration
from tests.scale.scenarios import HUGE_REFUNDS, TROUBLE
from tests.scale.simulate_reconcile import (
    ReconcileOutcome,
    SimulatedAccount,
    Trouble,
    accounts_of,
    simulate_day,
)

_OTHERS = 10_000


def reconcile_tables(
    cost: ReconcileCost, days: Mapping[int, ReconcileOutcome]
) -> Iterator[ReportTable]:
    """Show what a day's reconciliation takes, what it costs, and what trouble does to it.

    Args:
        cost: What was measured.
        days: The simulated days, by how many studios there are.
    """
    yield _days_table(days)
    yield _cost_table(cost)
    yield _trouble_table(cost, days[_OTHERS])


def simulate_days(cost: ReconcileCost) -> Iterator[tuple[int, ReconcileOutcome]]:
    """Reconcile a day for each number of studios."""
    for studios in assumptions.STUDIO_COUNTS:
        yield studios, simulate_day(accounts_of(studios), cost)


def _days_table(days: Mapping[int, ReconcileOutcome]) -> ReportTable:
    workers = template.functions()["reconcile"].maximum_concurrency
    busy_until = (assumptions.BUSY_FROM_HOUR + assumptions.BUSY_HOURS) % 24
    rows = []
    for studios, outcome in days.items():
        refunds = studios * assumptions.REFUNDS_OF_A_STUDIO_A_DAY
        rows.append(
            (
                f"{studios:,}",
                f"{len(outcome.done_at):,}",
                f"{refunds:,}",
                duration(outcome.seconds()),
                f"{outcome.calls['dynamodb'] / refunds:.2f}",
                f"{outcome.calls[STRIPE] / refunds:.2f}",
                _busiest(outcome),
            )
        )
    return ReportTable(
        "A day's reconciliation",
        f"Each studio has {assumptions.REFUNDS_OF_A_STUDIO_A_DAY} refunds a day. One studio in "
        f"{assumptions.STUDIOS_FOR_EACH_OWN_ACCOUNT} charges on a Stripe account of its own, all "
        "others on the platform's, which one worker compares at a time. All accounts are due at "
        f"once, at 06:00 UTC, with {workers} workers; the refunds were made between "
        f"{assumptions.BUSY_FROM_HOUR}:00 and {busy_until:02d}:00. The dispatcher, the worker, its "
        "windows, its continuations and its retries are the product's own code. Only comparing is "
        "played, with the calls that were measured.",
        (
            "studios",
            "accounts",
            "refunds",
            "done in",
            "DynamoDB, for a refund",
            "Stripe, for a refund",
            "Stripe's busiest second: reads, one endpoint",
        ),
        rows,
    )


def _busiest(outcome: ReconcileOutcome) -> str:
    endpoints = (calls for name, calls in outcome.busiest.items() if name != "reads")
    return f"{outcome.busiest.get('reads', 0)}, {max(endpoints, default=0)}"


def _cost_table(cost: ReconcileCost) -> ReportTable:
    rows = [
        _cost_row("the platform's account, whatever happened", cost.platform.quiet),
        _cost_row("100 more refunds on it, and 100 fee refunds", cost.platform.page),
        _cost_row("a studio's own account, whatever happened", cost.own.quiet),
        _cost_row("100 more refunds on it", cost.own.page),
        _cost_row("an idle account of a studio", cost.idle.calls),
        _cost_row("a disconnected account", cost.disconnected.calls),
        _cost_row("a message about an account that is done", cost.not_due.calls),
    ]
    linear = "the same" if is_linear(cost.platform, cost.own) else "DIFFERENT"
    return ReportTable(
        "What reconciling costs",
        "Calls for one account a day. A studio that charges on the platform's account and has no "
        "refund costs nothing. Both sides are read in pages of a hundred, and nothing is read for "
        "a refund by itself. The samples had pages of ten, and one, two and three of them: what a "
        f"page added was {linear} in each. A window adds the calls of the first line once more.",
        ("what", "DynamoDB reads", "DynamoDB writes", "Stripe"),
        rows,
    )


def is_linear(*costs: AccountCost) -> bool:
    """Return whether each page of refunds added the same calls."""
    return all(each.is_linear for each in costs)


def _cost_row(what: str, calls: Sequence[Call]) -> tuple[str, str, str, str]:
    tables = [each for each in calls if each.service == "dynamodb"]
    reads = sum(each.is_read for each in tables)
    asked = sum(each.service == STRIPE for each in calls)
    return what, str(reads), str(len(tables) - reads), str(asked)


def trouble_days(cost: ReconcileCost, others: int) -> Iterator[tuple[str, ReconcileOutcome]]:
    """Reconcile a day of some studios with one account in trouble, first in the queue."""
    accounts = accounts_of(others)
    for trouble in Trouble:
        first = SimulatedAccount(TROUBLE, 0, trouble)
        yield f"one that {_WORDS[trouble]}", simulate_day([first, *accounts], cost)
    huge = SimulatedAccount(TROUBLE, HUGE_REFUNDS)
    yield f"one with {HUGE_REFUNDS:,} refunds a day", simulate_day([huge, *accounts], cost)


_WORDS = {
    Trouble.ANSWERS_500: "Stripe answers 500 for",
    Trouble.ANSWERS_429: "Stripe answers 429 for",
    Trouble.DISCONNECTED: "is disconnected",
}


def _trouble_table(cost: ReconcileCost, alone: ReconcileOutcome) -> ReportTable:
    rows = []
    for name, outcome in trouble_days(cost, _OTHERS):
        itself = outcome.done_at.get(TROUBLE)
        rows.append(
            (
                name,
                duration(alone.seconds()),
                duration(outcome.seconds([TROUBLE])),
                duration(itself) if itself is not None else "never",
            )
        )
    return ReportTable(
        "What one account with trouble does to the reconciliation",
        f"The day of {_OTHERS:,} studios, with one more account of a studio, which comes first in "
        "the queue. One for which Stripe answers 500 or 429 all day backs off, up to six hours. A "
        "disconnected one waits for a day.",
        ("account", "the others, without it", "the others, with it", "the account itself"),
        rows,
    )

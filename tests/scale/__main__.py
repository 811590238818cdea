"""Simulates scheduled work for many studios, and prints and keeps the results: ``make scale``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.paths import ROOT
from infra.progress import ConsoleProgress, Progress
from tests.bench.report import ReportTable
from tests.scale import assumptions, page, scenarios
from tests.scale.books_page import books_table
from tests.scale.measure import (
    calls_of_a_refund,
    entry_bytes,
    idle_studio_a_week,
    measure,
)
from tests.scale.measure_books import measure_books
from tests.scale.measure_reconcile import measure_reconcile
from tests.scale.pairs import ANCHORS, PAIRS, PAYOUTS, RESUME
from tests.scale.reconcile_page import reconcile_tables, simulate_days
from tests.scale.scenarios import TROUBLE, Measured, simulate, tasks

RESULTS = ROOT / "docs" / "scale.md"

_SIZES = (10, 100)
_LINES = (1, 10, 100)
_IDLE = (2, 12)
_OTHERS = 10_000
_YEAR_DAYS = 365
_STUCK = 52

console = Console()


def main(
    largest: Annotated[
        int, typer.Option(envvar="SAMPLE", min=10, help="How many studios the largest sample has.")
    ] = _SIZES[-1],
    results: Annotated[Path, typer.Option(help="Where the tables are kept.")] = RESULTS,
) -> None:
    """Measure what a piece of work costs, and simulate many of them."""
    sizes = sorted({*(min(size, largest) for size in _SIZES), largest})
    tables = list(_tables(sizes, ConsoleProgress(console)))
    for table in tables:
        console.print(table.for_terminal())
    text = "\n\n".join([page.INTRODUCTION, *(table.markdown() for table in tables)])
    results.write_text(text + "\n", encoding="utf-8")
    console.print(f"Kept in {results.name}", highlight=False)


def _tables(sizes: list[int], progress: Progress) -> Iterator[ReportTable]:
    measured = {}
    for pair in PAIRS:
        with progress.stage(f"measure {pair.title}"):
            measured[pair.title] = scenarios.measure_pair(pair, sizes)
    runs = {}
    for each in measured.values():
        for studios in assumptions.STUDIO_COUNTS:
            with progress.stage(f"simulate {each.pair.title}, {studios:,} studios"):
                runs[each.pair.title, studios] = each, simulate(each, tasks(each, studios))
    yield page.runs_table(runs)
    yield page.work_table(list(measured.values()))
    with progress.stage("measure a refund"):
        yield page.refund_table({size: calls_of_a_refund(size) for size in sizes[:2]})
    with progress.stage("measure lines of a payout"):
        found = {lines: measure(PAYOUTS, 1, orders=lines).work.by_operation() for lines in _LINES}
        yield page.lines_table(found)
    with progress.stage("measure idle studios"):
        yield page.idle_table(idle_studio_a_week(*_IDLE))
    with progress.stage("simulate trouble"):
        yield page.trouble_table(list(_trouble(measured)))
    with progress.stage("measure reconcile"):
        cost = measure_reconcile()
    with progress.stage("simulate reconcile"):
        yield from reconcile_tables(cost, dict(simulate_days(cost)))
    with progress.stage("measure and simulate the proof of the books"):
        yield books_table(measure_books())


def _trouble(measured: dict[str, Measured]) -> Iterator[tuple[str, float, float, float]]:
    """Yield each trouble with the time of the others without it and with it, and its own."""
    payouts, anchors, resume = (measured[each.title] for each in (PAYOUTS, ANCHORS, RESUME))
    gone = measure(RESUME, 10, disconnected="RefundWaitsForAccount")
    size = entry_bytes()
    refunds = scenarios.HUGE_REFUNDS
    for name, each, trouble in (
        ("payouts, one broken", payouts, scenarios.broken(payouts)),
        ("anchors, one broken", anchors, scenarios.broken(anchors)),
        ("anchors, one huge", anchors, scenarios.ledger(anchors, refunds, size)),
        (
            "anchors, one huge that was never anchored in a year",
            anchors,
            scenarios.ledger(anchors, _YEAR_DAYS * refunds, size),
        ),
        ("resume, one broken", resume, scenarios.broken(resume)),
        (
            f"resume, {_STUCK} for which Stripe never answers",
            resume,
            scenarios.stuck(resume, _STUCK),
        ),
        ("resume, one huge", resume, scenarios.huge(resume)),
        ("resume, one disconnected", resume, scenarios.disconnected(gone, 1_000)),
    ):
        others = tasks(each, _OTHERS)
        without = simulate(each, others).seconds()
        outcome = simulate(each, [*trouble, *others])
        apart = {task.studio for task in trouble}
        yield name, without, outcome.seconds(apart), outcome.done_at.get(TROUBLE, 0.0)


if __name__ == "__main__":
    typer.run(main)

"""Measures start-up, a refund and lists, and prints and keeps the results: `make bench`.

The results are ratios, sizes and counts, which are the same on any machine.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from infra.failure import Failure
from infra.paths import ROOT
from infra.progress import ConsoleProgress
from tests.bench.many_orders import FEW, MANY, ListCost, meter_lists
from tests.bench.one_refund import RefundCost, local_stack, meter_refunds
from tests.bench.page_speed import PageSpeed, meter_page
from tests.bench.report import (
    ReportTable,
    calls_table,
    lists_table,
    page_table,
    refund_table,
    shortfalls,
    size_table,
    start_up_table,
)
from tests.bench.start_up import Size, StartUp, base, compare, functions, size

RESULTS = ROOT / "docs" / "bench.md"

console = Console()


def main(
    rounds: Annotated[
        int, typer.Option(envvar="ROUNDS", min=2, help="How often each function is started.")
    ] = 20,
    results: Annotated[Path, typer.Option(help="Where the tables are kept.")] = RESULTS,
) -> None:
    """Measure start-up, package size and what one refund and lists of orders consume."""
    try:
        starts, sizes = _measure_functions(rounds)
        costs, lists, page = _measure_consumption()
    except Failure as failure:
        typer.echo(f"bench: {failure}", err=True)
        raise typer.Exit(1) from None
    tables = [start_up_table(starts, rounds), size_table(sizes)]
    for cost in costs:
        tables += [refund_table(cost), calls_table(cost)]
    tables += [lists_table(lists), page_table(page)]
    for table in tables:
        console.print(table.for_terminal())
    for missed in shortfalls(starts, costs, lists):
        console.print(f"[yellow]! {missed}[/]")
    _keep(tables, results)
    console.print(f"Kept in {results.name}", highlight=False)


def _measure_functions(rounds: int) -> tuple[dict[str, StartUp], dict[str, Size]]:
    progress = ConsoleProgress(console)
    with progress.stage("build") as stage:
        candidates, bare = functions(), base()
        stage.result = f"{len(candidates)} functions"
    with progress.stage("package sizes"):
        sizes = {candidate.name: size(candidate) for candidate in candidates}
    turns = track(range(rounds), "starting each function", console=console, transient=True)
    return compare(candidates, bare, turns), sizes


def _measure_consumption() -> tuple[list[RefundCost], list[ListCost], PageSpeed]:
    progress = ConsoleProgress(console)
    with local_stack(progress) as stack:
        with progress.stage("refunds") as stage:
            costs = meter_refunds(stack)
            stage.result = f"{len(costs)} made"
        lists = list(meter_lists(stack, (FEW, MANY), progress))
        return costs, lists, meter_page(stack, progress)


def _keep(tables: list[ReportTable], results: Path) -> None:
    head = "# Benchmarks\n\nMeasured with `make bench`; this file is what it wrote last."
    results.parent.mkdir(exist_ok=True)
    text = "\n\n".join([head, *(table.markdown() for table in tables)])
    results.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)

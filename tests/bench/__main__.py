"""Measures start-up, refunds, lists and the page, and prints and keeps the results: `make bench`.

The results are ratios, sizes and counts, which are the same on any machine. ``PARTS`` measures only
some of it, and keeps the other tables as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from infra.failure import Failure
from infra.local.stack import Stack
from infra.paths import ROOT
from infra.progress import ConsoleProgress
from shared.clock import utc_now
from tests.bench.cost import keep_cost
from tests.bench.kept_tables import keep
from tests.bench.many_orders import FEW, MANY, meter_lists
from tests.bench.one_refund import local_stack, meter_refunds
from tests.bench.page_speed import meter_page
from tests.bench.report import (
    ReportTable,
    calls_table,
    lists_table,
    missed_by_lists,
    missed_by_refunds,
    missed_by_starts,
    page_table,
    parts_table,
    refund_table,
    restores_table,
    settlements_table,
    size_table,
    start_up_table,
)
from tests.bench.restores import measure_restores
from tests.bench.settlements import measure_settlements
from tests.bench.start_up import base, compare, functions, parts_of, restored_functions, size

RESULTS = ROOT / "docs" / "bench.md"

# The function of which the report says what its start is made of. It has all the parts.
_TAKEN_APART = "refund_request"

console = Console()
progress = ConsoleProgress(console)

# The tables of a part, and a sentence for each missed aim.
type Measured = tuple[list[ReportTable], list[str]]


class Part(StrEnum):
    """What can be measured separately."""

    STARTS = "starts"
    REFUNDS = "refunds"
    SETTLEMENTS = "settlements"
    LISTS = "lists"
    PAGE = "page"
    RESTORES = "restores"


def main(
    parts: Annotated[
        list[Part] | None, typer.Option("--part", envvar="PARTS", help="Measure only this part.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(envvar="ROUNDS", min=2, help="How often each function is started.")
    ] = 20,
    results: Annotated[Path, typer.Option(help="Where the tables are kept.")] = RESULTS,
) -> None:
    """Measure start-up, package size, and what refunds, lists of orders and the page take."""
    wanted = parts or list(Part)
    tables: list[ReportTable] = []
    missed: list[str] = []
    try:
        for found, sentences in _measure(wanted, rounds):
            tables += found
            missed += sentences
    except Failure as failure:
        typer.echo(f"bench: {failure}", err=True)
        raise typer.Exit(1) from None
    for table in tables:
        console.print(table.for_terminal())
    for sentence in missed:
        console.print(f"[yellow]! {sentence}[/]")
    keep(tables, results, utc_now().date(), whole=set(wanted) == set(Part))
    console.print(f"Kept in {results.name}", highlight=False)


def _measure(parts: Sequence[Part], rounds: int) -> Iterator[Measured]:
    """Yield the results of each part, in the order of the report."""
    if Part.STARTS in parts:
        yield _starts(rounds)
    on_a_stack = {each: measure for each, measure in _ON_A_STACK.items() if each in parts}
    with ExitStack() as running:
        stack = running.enter_context(local_stack(progress)) if on_a_stack else None
        for measure in on_a_stack.values():
            assert stack is not None
            yield measure(stack)


def _starts(rounds: int) -> Measured:
    with progress.stage("build") as stage:
        candidates, bare = functions(), base()
        stage.result = f"{len(candidates)} functions"
    with progress.stage("package sizes"):
        sizes = {candidate.name: size(candidate) for candidate in candidates}
    (taken_apart,) = (each for each in candidates if each.name == _TAKEN_APART)
    parts = parts_of(taken_apart)
    turns = track(range(rounds), "starting each function", console=console, transient=True)
    found = compare([*candidates, *parts.values()], bare, turns)
    starts = {each.name: found[each.name] for each in candidates}
    tables = [
        start_up_table(starts, rounds, restored_functions()),
        parts_table(_TAKEN_APART, {part: found[part] for part in parts}),
        size_table(sizes),
    ]
    return tables, missed_by_starts(starts, sizes)


def _refunds(stack: Stack) -> Measured:
    with progress.stage("refunds") as stage:
        costs = meter_refunds(stack)
        stage.result = f"{len(costs)} made"
    keep_cost(costs)
    tables = [make(cost) for cost in costs for make in (refund_table, calls_table)]
    return tables, missed_by_refunds(costs)


def _settlements(stack: Stack) -> Measured:
    with progress.stage("settlements"):
        return [settlements_table(measure_settlements(stack))], []


def _lists(stack: Stack) -> Measured:
    lists = list(meter_lists(stack, (FEW, MANY), progress))
    return [lists_table(lists)], missed_by_lists(lists)


def _page(stack: Stack) -> Measured:
    return [page_table(meter_page(stack, progress))], []


def _restores(stack: Stack) -> Measured:
    with progress.stage("restores"):
        return [restores_table(measure_restores(stack))], []


_ON_A_STACK: dict[Part, Callable[[Stack], Measured]] = {
    Part.REFUNDS: _refunds,
    Part.SETTLEMENTS: _settlements,
    Part.LISTS: _lists,
    Part.PAGE: _page,
    Part.RESTORES: _restores,
}


if __name__ == "__main__":
    typer.run(main)

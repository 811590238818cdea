"""Puts its own stack under load, and prints and keeps the results: ``make load``.

The results are ratios and counts, which are the same on any machine.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from statistics import quantiles
from typing import Annotated

import typer
from rich.console import Console

from infra.failure import Failure
from infra.local.options import Options
from infra.local.stack import Stack
from infra.local.start_stack import start_stack
from infra.paths import LOCAL, ROOT
from infra.progress import ConsoleProgress, Progress
from tests.bench.report import ReportTable
from tests.e2e.world import DeployedStack
from tests.load.bare import BareRate, measure
from tests.load.killer import Killer
from tests.load.run import Load, LoadTest

RESULTS = ROOT / "docs" / "load.md"

# Between two kills, on average.
_PAUSE_S = 1.0

console = Console()


def main(
    refunds: Annotated[int, typer.Option(envvar="REFUNDS", min=2, max=5000)] = 400,
    at_once: Annotated[
        int, typer.Option(envvar="AT_ONCE", min=1, max=64, help="Clients that send at once.")
    ] = 8,
    seed: Annotated[int, typer.Option(envvar="SEED", help="What is killed is drawn from it.")] = 1,
    results: Annotated[Path, typer.Option(help="Where the tables are kept.")] = RESULTS,
) -> None:
    """Make many concurrent refunds through all functions; then again while workers are killed."""
    try:
        with _stack(ConsoleProgress(console)) as stack, closing(DeployedStack(stack)) as world:
            tables, faults = _measure(world, refunds, at_once, seed)
    except Failure as failure:
        typer.echo(f"load: {failure}", err=True)
        raise typer.Exit(1) from None
    for table in tables:
        console.print(table.for_terminal())
    for fault in faults:
        typer.echo(f"load: {fault}", err=True)
    if faults:
        raise typer.Exit(1)
    head = "# Load\n\nMeasured with `make load`; this file is what it wrote last."
    text = "\n\n".join([head, *(table.markdown() for table in tables)])
    results.write_text(text + "\n", encoding="utf-8")
    console.print(f"Kept in {results.name}", highlight=False)


@contextmanager
def _stack(progress: Progress) -> Iterator[Stack]:
    options = Options(directory=LOCAL / "load", orders=None, port=0, stripe_port=0)
    with start_stack(options, progress) as stack:
        yield stack


def _measure(
    world: DeployedStack, refunds: int, at_once: int, seed: int
) -> tuple[list[ReportTable], list[str]]:
    progress, test = ConsoleProgress(console), LoadTest(world)
    bare = []

    def measure_bare(name: str) -> None:
        with progress.stage(f"bare transactions {name} the load") as stage:
            found = measure(world.stack.aws.dynamodb, world.stack.tables["orders"], at_once, name)
            bare.append(found)
            stage.result = "measured"

    with progress.stage("warm up") as stage:
        load = test.run(test.sell(2 * at_once), 2, resume=True)
        stage.result = f"{load.refunds}, {load.repeats} sent again"
    measure_bare("before")
    quiet = _load(test, progress, "refunds", refunds, at_once, None)
    measure_bare("after")
    killer = Killer(world.stack, seed, _PAUSE_S, refunds // 10)
    rough = _load(test, progress, "refunds, workers killed", refunds, at_once, killer)
    rate = BareRate(
        sum(each.per_second for each in bare) / len(bare),
        sum(each.seconds for each in bare) / len(bare),
    )
    killed = sum(killer.killed.values())
    return [
        _table("Load", quiet, rate, at_once, "Nothing failed on purpose."),
        _table(
            "Load with workers killed",
            rough,
            rate,
            at_once,
            f"Meanwhile {killed} workers were killed at random (seed {seed}): "
            + ", ".join(f"{name} {times}" for name, times in sorted(killer.killed.items()))
            + ". What they had in hand came back by the client's repeats, Stripe's, the queue's "
            "and resume_pending's, and the waiting for those is in the figures.",
        ),
    ], quiet.faults + rough.faults


def _load(  # noqa: PLR0913, PLR0917  # what a load is made of
    test: LoadTest,
    progress: Progress,
    name: str,
    refunds: int,
    at_once: int,
    killer: Killer | None,
) -> Load:
    with progress.stage(f"sell {refunds} orders"):
        sales = test.sell(refunds)
    with progress.stage(name) as stage, killer.at_work() if killer else nullcontext():
        load = test.run(sales, at_once, resume=killer is not None)
        stage.result = f"{load.refunds}, {len(load.faults)} faults, {load.repeats} sent again"
    return load


def _table(title: str, load: Load, bare: BareRate, at_once: int, more: str) -> ReportTable:
    depth = sorted(load.depth)
    note = (
        f"{load.refunds} full refunds, {at_once} clients at once, half of them of direct charges. "
        f"Sustained: {load.per_second / bare.per_second:.3f} refunds for each bare transaction "
        "that the same engine did in the same run with as many clients and nothing else to do "
        "(four conditional puts of 600 bytes). Times are in such transactions' medians, one "
        f"client alone. Settlement queue: {depth[len(depth) // 2]} messages in the middle, "
        f"{depth[-1]} at most. Requests sent again: {load.repeats}. "
        f"Dead letters sent back: {load.dead_letters}. {more} "
        + (
            "Every refund is at Stripe once, in its order's state once and in the ledger once; "
            "the chains verify; no dead letters are left."
            if not load.faults
            else f"{len(load.faults)} FAULTS."
        )
    )
    rows = []
    for stage, seconds in load.stages.items():
        cuts = quantiles(seconds, n=100, method="inclusive")
        rows.append((stage, *(f"{cuts[at - 1] / bare.seconds:.0f}" for at in (50, 95, 99))))
    return ReportTable(title, note, ("stage", "p50", "p95", "p99"), rows)


if __name__ == "__main__":
    typer.run(main)

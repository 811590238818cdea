"""``migrate``: lists and runs migrations of stored data.

The AWS credentials of the environment must be an administrator's.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.migrate.schema import add_versions
from infra.operate.migrate.search_words import LEFT, renew_search_words
from infra.operate.options import AsJson, By, StackName
from infra.operate.output import print_counts, print_json, print_line, print_table, progress
from infra.operate.stack import OperatedStack, find_stack
from infra.operate.workers import WORKERS, WorkerCount, WorkersPace, in_segments
from shared.clock import rfc3339, utc_now
from shared.gateways.migration_records import MigrationRecords, MigrationRun
from shared.gateways.search_words import SearchWords

app = typer.Typer(
    help="Bring stored data up to what the code of today stores.", rich_markup_mode=None
)

_COLUMNS = ("migration", "what it does", "last run", "by")


class Name(StrEnum):
    """The migrations. A release that needs one says so in CHANGELOG.md."""

    SEARCH_WORDS = "search-words"
    SCHEMA = "schema"


_MEANINGS = {
    Name.SEARCH_WORDS: "stores the words that find each order, by the rules of today",
    Name.SCHEMA: "gives each item the version of how it is stored, and counts the versions",
}


@dataclass(frozen=True)
class _Run:
    """One run: how many workers share the table, and whether it only counts."""

    segments: int
    dry_run: bool


@app.command("list")
def list_(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """List the migrations, and when each was last run."""
    runs = _records(find_stack(stack)).all()
    rows = [
        (name, _MEANINGS[name], run.ended_at if run else None, run.by if run else None)
        for name in Name
        for run in (runs.get(name),)
    ]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, ([each or "-" for each in row] for row in rows))


@app.command()
def run(  # noqa: PLR0913  # its options
    name: Annotated[Name, typer.Argument(help="The migration, from `list`.")],
    *,
    by: By,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would change, and change nothing.")
    ] = False,
    workers: WorkerCount = WORKERS,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Run a migration. After an interruption, or twice, it does no harm."""
    operated = find_stack(stack)
    migrate = _RUNS[name]
    with progress.stage(name) as stage:
        pace = WorkersPace(stage.progress)
        done = migrate(operated, _Run(workers, dry_run), pace)
        stage.result = str(pace)
    if not dry_run and not done[LEFT]:
        _records(operated).record(MigrationRun(name, rfc3339(utc_now()), by))
    if as_json:
        print_json({"dry_run": dry_run, "done": done})
    else:
        print_counts(done)
        if dry_run:
            print_line("Nothing was changed: this was a dry run.")
    if done[LEFT]:
        raise Failure(f"{done[LEFT]} are left. Run `migrate run {name}` again.")


def _search_words(stack: OperatedStack, asked: _Run, pace: WorkersPace) -> Counter[str]:
    words = SearchWords(stack.aws.dynamodb, stack.output("OrdersTableName"))

    return _in_segments(
        asked,
        pace,
        lambda segment: renew_search_words(words, segment, asked.segments, dry_run=asked.dry_run),
    )


def _schema(stack: OperatedStack, asked: _Run, pace: WorkersPace) -> Counter[str]:
    dynamodb, table = stack.aws.dynamodb, stack.output("OrdersTableName")

    return _in_segments(
        asked,
        pace,
        lambda segment: add_versions(
            dynamodb, table, segment, asked.segments, dry_run=asked.dry_run
        ),
    )


def _in_segments(
    asked: _Run, pace: WorkersPace, migrate: Callable[[int], Iterator[Counter[str]]]
) -> Counter[str]:
    """Migrate all segments of a table side by side, and show how far it is after each item."""

    def counted(segment: int) -> Generator[Counter[str]]:
        for done in migrate(segment):
            pace.count()
            yield done

    return in_segments(asked.segments, counted)


_RUNS = {Name.SEARCH_WORDS: _search_words, Name.SCHEMA: _schema}


def _records(stack: OperatedStack) -> MigrationRecords:
    return MigrationRecords(stack.aws.dynamodb, stack.output("OrdersTableName"))

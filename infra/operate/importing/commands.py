"""``import``: imports a file of studios or orders, checks it first, or writes a template."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.functions import IMPORT_ORDERS, function_name, invoke
from infra.operate.importing.check import mail_problem_of
from infra.operate.importing.fields import ImportKind
from infra.operate.importing.mapping import (
    built_in_mappings,
    in_zone,
    load_mapping,
    template_mapping,
    with_settings,
)
from infra.operate.importing.pace import ImportPace, line_count
from infra.operate.importing.read import ImportFile
from infra.operate.importing.records import Problem, Record
from infra.operate.importing.refused_file import RefusedFile
from infra.operate.importing.send import Call, Counts, Importer
from infra.operate.importing.template import FileFormat, template
from infra.operate.options import AsJson, StackName
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import find_stack

_PROBLEMS_SHOWN = 20

app = typer.Typer(help="Import studios and orders from a file.", rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines or CSV.")]
MappingName = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        metavar="NAME",
        help="Which column is what: a TOML file, or one of "
        f"{', '.join(built_in_mappings())}. Default: the template's columns.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="The same value for all records; repeatable."
    ),
]
TimeZone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="The IANA zone of times without an offset."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the file, and send nothing.")]
FromLine = Annotated[
    int,
    typer.Option("--from-line", metavar="N", min=1, help="Leave out records that begin before it."),
]
Refused = Annotated[
    Path | None,
    typer.Option(
        "--refused", metavar="FILE", help="Write the refused records there, with reasons."
    ),
]


@app.command()
def studios(  # noqa: PLR0913 - each one is an option
    file: File,
    mapping: MappingName = None,
    settings: Settings = None,
    timezone: TimeZone = None,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Stored studios take the settings of the file.")
    ] = False,
    dry_run: DryRun = False,
    from_line: FromLine = 1,
    refused: Refused = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Import studios. Exits 1 if one is refused; the others are imported."""
    call = _refuse_call if dry_run else _caller(stack)
    source = _source("studios", file, mapping, settings, timezone)
    importer = Importer("studios", call, update=update)
    _import(importer, source, from_line, refused, dry_run=dry_run, as_json=as_json)


@app.command()
def orders(  # noqa: PLR0913 - each one is an option
    file: File,
    mapping: MappingName = None,
    settings: Settings = None,
    timezone: TimeZone = None,
    *,
    dry_run: DryRun = False,
    from_line: FromLine = 1,
    refused: Refused = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Import orders. Exits 1 if one is refused; the others are imported.

    Importing the same file again changes nothing.
    """
    call = _refuse_call if dry_run else _caller(stack)
    source = _source("orders", file, mapping, settings, timezone)
    importer = Importer("orders", call)
    _import(importer, source, from_line, refused, dry_run=dry_run, as_json=as_json)


@app.command("template")
def write_template(
    kind: Annotated[ImportKind, typer.Argument(help="What the file is for.")],
    file_format: Annotated[FileFormat, typer.Option("--format", help="The file's format.")] = "csv",
) -> None:
    """Print a file to fill in, with one example."""
    typer.echo(template(kind, file_format), nl=False)


def _source(
    kind: ImportKind,
    file: Path,
    mapping: str | None,
    settings: list[str] | None,
    timezone: str | None,
) -> ImportFile:
    pairs = [each.partition("=") for each in settings or []]
    if not all(mark for _, mark, _ in pairs):
        raise typer.BadParameter("write --set FIELD=VALUE")
    chosen = load_mapping(kind, mapping) if mapping else template_mapping(kind)
    fixed = {name.strip(): value.strip() for name, _, value in pairs}
    chosen = with_settings(kind, chosen, fixed)
    source = ImportFile.at(file, kind, in_zone(chosen, timezone) if timezone else chosen)
    if source.header is None and (mapping or settings or timezone):
        raise Failure(f"{file} is JSON Lines. --mapping, --set and --timezone are for CSV.")
    return source


def _caller(stack: str | None) -> Call:
    operated = find_stack(stack)
    function_name(operated, IMPORT_ORDERS)
    # Clients are made on first use, and threads must not make the same one at a time.
    _ = operated.aws.lambda_
    return lambda event: invoke(operated, IMPORT_ORDERS, event)


def _refuse_call(_: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("a dry run sends nothing")


def _import(  # noqa: PLR0913 - the options of a command
    importer: Importer,
    source: ImportFile,
    from_line: int,
    refused: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    pace = ImportPace(importer.kind, from_line, line_count(source.path))
    name = f"{'check' if dry_run else 'import'} {importer.kind}"
    with RefusedFile(source, refused) as refused_file, progress.stage(name) as stage:
        importer.on_refused = refused_file.write
        importer.on_progress = lambda done, line: stage.progress(pace.words(done, line))
        records = source.records(from_line)
        counts = _checked(importer, records) if dry_run else importer.send(records)
        if not counts.accepted and not counts.refused:
            raise Failure(f"{source.path} has no {importer.kind} from line {from_line} on.")
        seconds = pace.seconds
        rate = (counts.accepted + counts.refused) / max(seconds, 0.001)
        done = f"{counts.imported} fine, {counts.refused} refused" if dry_run else str(counts)
        stage.result = f"{done}, {rate:,.0f} a second"
    _report(counts, importer.kind, seconds, dry_run=dry_run, as_json=as_json)


def _checked(importer: Importer, records: Iterator[Record]) -> Counts:
    """Return how many records are fine, as if they were imported, and which are not."""
    counts = importer.counts
    for number, record in enumerate(records, 1):
        if record.problems:
            counts.refuse(record.problems)
            importer.on_refused(record, record.problems)
        else:
            counts.imported += 1
            if importer.kind == "orders" and (unmailable := mail_problem_of(record)):
                counts.note_unmailable(unmailable)
        importer.on_progress(number, record.line + 1)
    return counts


def _report(
    counts: Counts, kind: ImportKind, seconds: float, *, dry_run: bool, as_json: bool
) -> None:
    """Print what was done.

    Raises:
        Failure: A record was refused. The message has the first reason.
    """
    if as_json:
        print_json(_described(counts, seconds, dry_run=dry_run))
    else:
        _show(counts.problems)
        fine = f"{counts.accepted} {kind} are fine. Nothing was sent." if dry_run else f"{counts}."
        print_line(fine)
        if counts.unmailable_count:
            print_line(
                f"Mail cannot be sent to the parents of {counts.unmailable_count} orders. "
                f"First: {counts.unmailable[0]}"
            )
    if counts.problems:
        total = counts.accepted + counts.refused
        verb = "would be refused" if dry_run else "were refused"
        raise Failure(f"{counts.refused} of {total} {kind} {verb}. First: {counts.problems[0]}")


def _described(counts: Counts, seconds: float, *, dry_run: bool) -> dict[str, object]:
    done = {} if dry_run else {"imported": counts.imported, "updated": counts.updated}
    done |= {"fine": counts.imported} if dry_run else {"unchanged": counts.unchanged}
    return {
        "dry_run": dry_run,
        **done,
        "refused": counts.refused,
        "problems": _listed(counts.problems),
        "unmailable": _listed(counts.unmailable),
        "unmailable_count": counts.unmailable_count,
        "seconds": round(seconds, 3),
    }


def _listed(problems: list[Problem]) -> list[dict[str, object]]:
    return [{**asdict(each.place), "reason": each.reason} for each in problems]


def _show(problems: list[Problem]) -> None:
    if not problems:
        return
    rows = (
        (each.place.line, each.place.column, each.place.header, each.reason)
        for each in problems[:_PROBLEMS_SHOWN]
    )
    print_table(("line", "column", "header", "problem"), rows)
    if len(problems) > _PROBLEMS_SHOWN:
        print_line(f"... and {len(problems) - _PROBLEMS_SHOWN} more problems; --json shows all.")

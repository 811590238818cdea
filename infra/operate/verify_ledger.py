"""``verify-ledger``: verifies ledgers and compares them with their anchors."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.ledger_verification import AnchorSource, Verdict, studios_of, verify_studio
from infra.operate.options import AsJson, StackName, Studios
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import OperatedStack, find_stack
from infra.operate.workers import WORKERS, WorkerCount, WorkersPace, share

_COLUMNS = ("studio", "entries", "payable", "direct", "currency", "anchored to", "verdict")


def verify_ledger(
    studio: Studios = None,
    anchor_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A PEM file with AnchorKey's public key, kept elsewhere. Default: ask KMS.",
        ),
    ] = None,
    workers: WorkerCount = WORKERS,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Verify ledgers and compare them with their anchors.

    Exits 1 if a ledger is not sound, and names its first entry or anchor that does not fit.
    """
    operated = find_stack(stack)
    source = AnchorSource.of_stack(operated, anchor_key)
    verdicts = _verify(operated, source, studio, workers)
    if as_json:
        print_json([_described(verdict) for verdict in verdicts])
    else:
        _show(verdicts)
    if any(verdict.problem for verdict in verdicts):
        raise typer.Exit(1)


def _verify(
    stack: OperatedStack, source: AnchorSource, studios: Sequence[str] | None, workers: int
) -> list[Verdict]:
    dynamodb = stack.aws.dynamodb
    tables = stack.output("OrdersTableName"), stack.output("LedgerTableName")
    with progress.stage("verify ledgers") as stage:
        # A studio may have anchors and no ledger any more.
        chosen = studios or {*studios_of(dynamodb, tables[1], workers), *source.anchors.studios()}
        pace, verdicts = WorkersPace(stage.progress, "entries"), []
        verify = partial(verify_studio, dynamodb, *tables, source=source)
        try:
            for verdict in share(workers, verify, sorted(chosen)):
                verdicts.append(verdict)
                pace.count(verdict.entries)
        except LookupError as error:
            raise Failure(str(error)) from error
        stage.result = f"{len(verdicts)} studios, {pace}"
    return verdicts


def _show(verdicts: Sequence[Verdict]) -> None:
    print_table(_COLUMNS, map(_row, verdicts))
    for verdict in verdicts:
        for note in verdict.notes:
            print_line(note)
        if verdict.problem:
            print_line(f"{verdict.studio_id}: {verdict.problem}")


def _row(verdict: Verdict) -> tuple[object, ...]:
    head = verdict.head
    return (
        verdict.studio_id,
        verdict.entries,
        head.payable_balance_amount if head else "-",
        head.direct_balance_amount if head else "-",
        head.currency if head else "-",
        verdict.anchors[-1].head.seq if verdict.anchors else "-",
        "not sound" if verdict.problem else "sound",
    )


def _described(verdict: Verdict) -> dict[str, object]:
    head = verdict.head
    return {
        "studio_id": verdict.studio_id,
        "sound": verdict.problem is None,
        "problem": verdict.problem,
        "entries": verdict.entries,
        "payable_balance_amount": head.payable_balance_amount if head else None,
        "direct_balance_amount": head.direct_balance_amount if head else None,
        "currency": head.currency if head else None,
        "anchored_to_entry": verdict.anchors[-1].head.seq if verdict.anchors else None,
        "notes": list(verdict.notes),
    }

"""``adjustments``: lists, proposes, approves and rejects manual adjustments."""

import uuid
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.functions import ADJUSTMENTS, invoke
from infra.operate.options import AsJson, By, StackName, Studio
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import OperatedStack, find_stack

app = typer.Typer(
    help="Correct what PPS owes a studio: one PPS admin proposes, another approves.",
    rich_markup_mode=None,
)

AdjustmentId = Annotated[str, typer.Argument(help="The adjustment's id, from `list`.")]

_COLUMNS = (
    *("adjustment_id", "studio_id", "status", "amount", "currency", "reason", "reference"),
    *("proposed_by", "proposed_at", "decided_by", "entry_seq"),
)


@app.command("list")
def list_(
    studio: Annotated[
        str | None,
        typer.Option(
            "--studio",
            metavar="ID",
            help="All adjustments of this studio. Default: those of all studios that wait for a "
            "decision, at most 100.",
        ),
    ] = None,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the adjustments that wait for a decision, or all of one studio."""
    found = list(_listed(find_stack(stack), studio))
    if as_json:
        print_json(found)
    elif found:
        print_table(_COLUMNS, map(_row, found))
    elif studio is None:
        print_line("No adjustment waits for a decision.")
    else:
        print_line(f"Studio {studio} has no adjustments.")


@app.command()
def propose(  # noqa: PLR0913  # its options
    *,
    studio: Studio,
    amount: Annotated[
        int,
        typer.Option(
            "--amount",
            metavar="UNITS",
            help="In minor units of the studio's currency: 1250 gives the studio $12.50, -1250 "
            "takes it.",
        ),
    ],
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="TEXT",
            help="Why, in one line for the studio to read. No names or other personal data.",
        ),
    ],
    by: By,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="TEXT", help="For example the number of a ticket."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="TEXT",
            help="Your own key. A repeat with the same key proposes nothing more. Default: a new "
            "key.",
        ),
    ] = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Propose an adjustment. Nothing moves until another PPS admin approves it."""
    body = {"amount": amount, "reason": reason, "reference": reference}
    event = {
        "operation": "propose",
        "studio_id": studio,
        "by": by,
        "key": key or uuid.uuid4().hex,
        "adjustment": body,
    }
    _do(stack, event, as_json=as_json)


@app.command()
def approve(
    adjustment_id: AdjustmentId,
    studio: Studio,
    by: By,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Enter an adjustment in the ledger. Whoever proposed it cannot approve it."""
    _decide("approve", adjustment_id, studio, by, stack, as_json=as_json)


@app.command()
def reject(
    adjustment_id: AdjustmentId,
    studio: Studio,
    by: By,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Reject an adjustment, or withdraw your own."""
    _decide("reject", adjustment_id, studio, by, stack, as_json=as_json)


def _decide(  # noqa: PLR0913  # the options of both operations
    operation: str, adjustment_id: str, studio: str, by: str, stack: str | None, *, as_json: bool
) -> None:
    event = {
        "operation": operation,
        "studio_id": studio,
        "by": by,
        "adjustment_id": adjustment_id,
    }
    _do(stack, event, as_json=as_json)


def _do(stack: str | None, event: dict[str, Any], *, as_json: bool) -> None:
    """Call the function and print the adjustment as it is afterwards."""
    adjustment = _answer_of(find_stack(stack), event)["adjustment"]
    if as_json:
        print_json(adjustment)
    else:
        print_table(_COLUMNS, [_row(adjustment)])


def _listed(stack: OperatedStack, studio: str | None) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        event = {"operation": "list", "studio_id": studio, "cursor": cursor}
        answer = _answer_of(stack, event)
        yield from answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            return


def _answer_of(stack: OperatedStack, event: dict[str, Any]) -> dict[str, Any]:
    """Return the function's answer.

    Raises:
        Failure: The function refused it, and changed nothing.
    """
    answer = invoke(stack, ADJUSTMENTS, event)
    if "error" in answer:
        raise Failure(answer["error"])
    return answer


def _row(adjustment: dict[str, Any]) -> list[object]:
    return ["" if adjustment[name] is None else adjustment[name] for name in _COLUMNS]

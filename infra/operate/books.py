"""``books``: proves that Stripe's balance is what PPS owes, PPS's own, and what is in transit."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.functions import RECONCILE, invoke
from infra.operate.options import AsJson, Begin, By, StackName, Until, Why
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import find_stack

app = typer.Typer(help="Prove PPS's own books, to the cent.", rich_markup_mode=None)

Subject = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="What the finding is about, from `prove`.")
]

_FINDING_COLUMNS = (
    *("kind", "subject", "books_amount", "found_amount", "currency"),
    *("transactions", "studio_id", "order_id", "refund_id", "payout_id", "seq"),
)


@app.command()
def prove(
    begin: Begin = None,
    until: Until = None,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Carry the books on to now, and print them by currency.

    Exits 1 with the findings if there is a difference.
    """
    asked = {"since": _rfc3339(begin), "until": _rfc3339(until), "waits": True}
    with progress.stage("prove the books") as stage:
        stage.progress("this can take some minutes")
        result = _invoke(stack, asked)
        while "continues" in result:
            stage.progress(f"up to {result['continues']}")
            result = _invoke(stack, asked | {"since": None})
        stage.result = f"up to {result['until']}"
    if as_json:
        print_json(result)
    else:
        _show(result)
    if result["findings"]:
        raise typer.Exit(1)


@app.command()
def accept(
    subject: Subject, by: By, why: Why, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Accept a difference that a person has dealt with. Its amount becomes PPS's own."""
    result = _invoke(stack, {"accept": subject, "because": f"{by}: {why}"})
    if as_json:
        print_json(result)
    else:
        print_line(f"Accepted: nothing is open about {subject} any more.")


def _invoke(stack: str | None, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the function's answer.

    Raises:
        Failure: Nothing was proved or accepted.
    """
    found = invoke(find_stack(stack), RECONCILE, {"books": asked})
    if "error" in found:
        raise Failure(f"Nothing was proved or accepted: {found['error']}.")
    return found


def _rfc3339(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat() if time else None


def _show(result: dict[str, Any]) -> None:
    """Print the equation of each currency, then the findings. Amounts in minor units."""
    currencies = result["currencies"]
    names = sorted({name for each in currencies for name in each["own"]})
    rows = [
        ("Stripe's balance", [each["stripe_amount"] for each in currencies]),
        ("= owed to studios", [each["owed_amount"] for each in currencies]),
        *((f"+ PPS: {name}", [each["own"].get(name, 0) for each in currencies]) for name in names),
        ("+ in transit", [each["in_transit_amount"] for each in currencies]),
        ("+ difference", [each["difference_amount"] for each in currencies]),
    ]
    columns = ["minor units", *(each["currency"].upper() for each in currencies)]
    print_table(columns, ([name, *map(_grouped, amounts)] for name, amounts in rows))
    if result["findings"]:
        print_table(_FINDING_COLUMNS, map(_finding_row, result["findings"]))
    if not result["balance_checked"]:
        print_line("Stripe's balance kept moving. It was not compared with its transactions.")
    print_line(
        f"Books from {result['began_at']} up to {result['until']}: "
        f"{len(result['in_transit'])} in transit, {len(result['findings'])} differences"
    )


def _grouped(amount: int) -> str:
    return f"{amount:,}"


def _finding_row(finding: dict[str, Any]) -> list[object]:
    return [_cell(finding, name) for name in _FINDING_COLUMNS]


def _cell(finding: dict[str, Any], name: str) -> object:
    if name == "transactions":
        return "\n".join(finding.get(name, []))
    if name in finding:
        return finding[name]
    return "\n".join(str(each.get(name, "")) for each in finding.get("entries", []))

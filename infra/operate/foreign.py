"""``foreign``: lists and acknowledges what is on the platform's Stripe account and not ours."""

from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.functions import RECONCILE, invoke
from infra.operate.options import AsJson, By, StackName, Why
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import find_stack

app = typer.Typer(
    help="List and acknowledge what is on the platform's Stripe account and not ours.",
    rich_markup_mode=None,
)

StripeIds = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Stripe's ids, from `foreign list`.")
]

_COLUMNS = ("stripe_id", "amount", "currency", "found_at")


@app.command("list")
def list_foreign(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """List the oldest 100 objects that nobody has acknowledged."""
    found = _invoke(stack, {})
    if as_json:
        print_json({"foreign": found})
    elif found:
        print_table(_COLUMNS, ([each[name] or "" for name in _COLUMNS] for each in found))
    else:
        print_line("Everything is acknowledged.")


@app.command()
def acknowledge(
    stripe_ids: StripeIds, by: By, why: Why, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Acknowledge that objects are not ours. They leave the list, and nothing else changes."""
    asked = {"acknowledge": stripe_ids, "because": f"{by}: {why}"}
    done = _invoke(stack, asked)
    if as_json:
        print_json({"foreign": done})
    else:
        print_line(f"Acknowledged: {len(done)}")
    known = {each["stripe_id"] for each in done}
    if unknown := [each for each in stripe_ids if each not in known]:
        raise Failure(f"Not on the list: {', '.join(unknown)}. `foreign list` shows the ids.")


def _invoke(stack: str | None, asked: dict[str, Any]) -> list[dict[str, Any]]:
    return list(invoke(find_stack(stack), RECONCILE, {"foreign": asked})["foreign"])

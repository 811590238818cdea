"""``payouts``: runs what is due, pays a studio now, and ends a hold."""

from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.functions import RUN_PAYOUTS, invoke
from infra.operate.options import AsJson, By, StackName, Why
from infra.operate.output import print_json, print_line, progress
from infra.operate.stack import find_stack

app = typer.Typer(
    help="Run what is due, pay a studio now, or end a hold of its payouts.", rich_markup_mode=None
)

Studio = Annotated[str, typer.Argument(metavar="STUDIO", help="The studio's id.")]

# What the outcomes of an action mean and what to do next, by the function's names for them.
_MEANING = {
    "PayoutPaid": "It is paid.",
    "PayoutCarried": "It pays nothing: its reason says why.",
    "PayoutWaitsForBalance": (
        "The platform's balance at Stripe is too low. It is tried again every hour."
    ),
    "PayoutDeferred": "Stripe did not answer. The next hourly run goes on with it.",
    "PayoutFailed": (
        "Stripe cannot pay the studio's account. The payouts are on hold: repair the account in "
        "Stripe, or import the studio with another payout account."
    ),
    "PayoutRunFailed": "It is closed, but not paid. The log of run_payouts has the reason.",
    "PayoutNothingDue": "The studio has no open entry, and PPS owes it nothing.",
    "PayoutWithoutAccount": (
        "The studio has no payout account. Import it with `payout_account_id` and `--update`."
    ),
    "PayoutStopped": "An operator has stopped payouts. `stops` says who and why.",
    "PayoutOnHold": "The studio's payouts are on hold. Release them first.",
    "PayoutTooMany": "Too many payouts were made today. Try again tomorrow.",
    "PayoutsReleased": "Released. The next hourly run pays everything that is due.",
    "PayoutsNotOnHold": "The studio's payouts are not on hold. Nothing was changed.",
}
_DONE = {"PayoutPaid", "PayoutCarried", "PayoutWaitsForBalance", "PayoutDeferred"}


@app.command("run")
def run_(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Announce now what the next hourly run would announce. Repeating does no harm."""
    operated = find_stack(stack)
    with progress.stage("announce payouts"):
        result = invoke(operated, RUN_PAYOUTS, {})
    if as_json:
        print_json(result)
    else:
        print_line(f"Announced: {result['announced']}. Workers make and pay them within minutes.")


@app.command()
def now(
    studio: Studio, by: By, why: Why, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Pay a studio everything up to now. Its payout days stay as they are.

    Exits 1 if no payout is made, or if it fails.
    """
    result = _act("pay_now", studio, f"{by}: {why}", stack)
    if as_json:
        print_json(result)
    elif result["payout_id"] is not None:
        print_line(f"Payout {result['payout_id']}: {_meaning(result)}")
    if result["outcome"] not in _DONE:
        raise Failure(f"Not paid. {_meaning(result)}")


@app.command()
def release(
    studio: Studio, by: By, why: Why, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Release a studio's payouts. The next run pays everything that is due."""
    result = _act("release", studio, f"{by}: {why}", stack)
    if as_json:
        print_json(result)
    else:
        print_line(_meaning(result))


def _act(action: str, studio_id: str, because: str, stack: str | None) -> dict[str, Any]:
    operated = find_stack(stack)
    event = {"action": action, "studio_id": studio_id, "because": because}
    with progress.stage(action.replace("_", " ")):
        return invoke(operated, RUN_PAYOUTS, event)


def _meaning(result: dict[str, Any]) -> str:
    outcome = str(result["outcome"])
    return _MEANING.get(outcome, outcome)

"""``reconcile``: compares Stripe with the books now."""

from datetime import UTC
from typing import Any

import typer

from infra.failure import Failure
from infra.operate.functions import RECONCILE, RECONCILED, invoke
from infra.operate.options import AsJson, OptionalSince, StackName
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import find_stack

_COLUMNS = (
    "kind",
    "healed",
    "studio_id",
    "order_id",
    "refund_id",
    "payout_id",
    "stripe_id",
    "amount",
    "stripe_amount",
    "currency",
    "stripe_currency",
)

# A studio owes PPS, or its account is disconnected: the books are right.
_NO_DIFFERENCE = {"negative_balance_uncovered", "account_disconnected"}


def reconcile(
    since: OptionalSince = None, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Compare all Stripe accounts with the books.

    Exits 1 if a difference does not heal by itself. It also lists studios that owe PPS money that
    no sale will cover, and accounts that are disconnected.
    """
    operated = find_stack(stack)
    event: dict[str, Any] = {}
    if since is not None:
        event["since"] = since.astimezone(UTC).isoformat()
    with progress.stage("reconcile") as stage:
        stage.progress("this can take five minutes")
        result = invoke(operated, RECONCILE, event)
        stage.result = f"{result[RECONCILED]} accounts"
    if as_json:
        print_json(result)
    else:
        _show(result)
    if result["failed"]:
        raise Failure(
            f"Accounts not reconciled: {', '.join(result['failed'])}. "
            "The function's log has the reason."
        )
    if not result["complete"]:
        raise Failure("There was no time for all accounts. Run `reconcile` again to go on.")
    differences = (each for each in result["findings"] if each["kind"] not in _NO_DIFFERENCE)
    if any(not finding["healed"] for finding in differences):
        raise typer.Exit(1)


def _show(result: dict[str, Any]) -> None:
    findings = result["findings"]
    columns = [name for name in _COLUMNS if any(name in finding for finding in findings)]
    if columns:
        rows = ([finding.get(name, "") for name in columns] for finding in findings)
        print_table(columns, rows)
    print_line(f"{result[RECONCILED]} accounts reconciled, {len(findings)} differences")

"""``reconcile``: compares Stripe with the books now."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import typer

from infra.failure import Failure
from infra.operate.functions import RECONCILE, invoke
from infra.operate.options import AsJson, OptionalSince, StackName
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import OperatedStack, find_stack
from infra.progress import Stage

_COLUMNS = (
    "kind",
    "healed",
    "account_id",
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

# How many accounts to ask about at once, and how long to wait before asking again.
_ACCOUNTS_PER_QUESTION = 100
_SECONDS_BETWEEN_QUESTIONS = 2
# A worker dies and its message comes back within half an hour. Longer means that nobody works.
_SECONDS_WITHOUT_PROGRESS = 2400


@dataclass
class _Results:
    """What the accounts' workers found."""

    accounts: int
    findings: list[dict[str, Any]] = field(default_factory=list)
    findings_left_out: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        return {
            "findings": self.findings,
            "findings_left_out": self.findings_left_out,
            "reconciled": self.accounts - len(self.failed),
            "failed": self.failed,
        }


def reconcile(
    since: OptionalSince = None, stack: StackName = None, *, as_json: AsJson = False
) -> None:
    """Compare all Stripe accounts with the books, and wait for the result.

    Exits 1 if a difference does not heal by itself. It also lists studios that owe PPS money that
    no sale will cover, and accounts that are disconnected.
    """
    operated = find_stack(stack)
    with progress.stage("reconcile") as stage:
        asked_at, accounts = _ask(operated, since)
        results = _wait(operated, asked_at, accounts, stage)
        stage.result = f"{results.accounts} accounts"
    if as_json:
        print_json(results.content())
    else:
        _show(results)
    if results.failed:
        reasons = ", ".join(f"{name} ({reason})" for name, reason in results.failed.items())
        raise Failure(
            f"Accounts not reconciled: {reasons}. The schedule tries them again; the log of "
            "reconcile has the error."
        )
    differences = (each for each in results.findings if each["kind"] not in _NO_DIFFERENCE)
    if any(not finding["healed"] for finding in differences):
        raise typer.Exit(1)


def _ask(stack: OperatedStack, since: datetime | None) -> tuple[str, list[str]]:
    """Have all accounts announced, page by page; return since when that is, and the accounts."""
    asked: dict[str, Any] = {}
    if since is not None:
        asked["since"] = since.astimezone(UTC).isoformat()
    accounts: dict[str, None] = {}  # an account that moves in the index may be on two pages
    while True:
        page = invoke(stack, RECONCILE, {"ask": asked})
        accounts |= dict.fromkeys(page["accounts"])
        asked |= {"after": page["after"], "asked_at": page["asked_at"]}
        if page["after"] is None:
            return page["asked_at"], list(accounts)


def _wait(stack: OperatedStack, asked_at: str, accounts: list[str], stage: Stage) -> _Results:
    """Return what was found, once all accounts are done.

    Raises:
        Failure: No account was done for a long time.
    """
    results, waiting = _Results(len(accounts)), accounts
    last_progress = time.monotonic()
    while waiting:
        stage.progress(f"{len(accounts) - len(waiting)} of {len(accounts)} accounts")
        batch = waiting[:_ACCOUNTS_PER_QUESTION]
        asked = {"accounts": batch, "asked_at": asked_at}
        ended = invoke(stack, RECONCILE, {"results": asked})["ended"]
        for name, result in ended.items():
            results.findings += result["findings"]
            results.findings_left_out += result["findings_left_out"]
            if result["failure"] is not None:
                results.failed[name] = result["failure"]
        # Those that take long go to the end, so that the others are seen.
        rest = [each for each in batch if each not in ended]
        waiting = waiting[_ACCOUNTS_PER_QUESTION:] + rest
        if ended:
            last_progress = time.monotonic()
        elif time.monotonic() - last_progress > _SECONDS_WITHOUT_PROGRESS:
            raise Failure(
                f"{len(waiting)} accounts are not done, the first: {waiting[0]}. They stay in the "
                "queue. Look at the log of reconcile and at `dead-letters show`."
            )
        if rest:
            time.sleep(_SECONDS_BETWEEN_QUESTIONS)
    return results


def _show(results: _Results) -> None:
    findings = results.findings
    columns = [name for name in _COLUMNS if any(name in finding for finding in findings)]
    if columns:
        rows = ([finding.get(name, "") for name in columns] for finding in findings)
        print_table(columns, rows)
    if results.findings_left_out:
        print_line(f"{results.findings_left_out} more differences are in the log of reconcile.")
    print_line(
        f"{results.accounts - len(results.failed)} accounts reconciled, "
        f"{len(findings) + results.findings_left_out} differences"
    )

"""Match Stripe with the books now: ``python -m infra.operate.match``, on any stack.

With ``--function`` it calls a stack on AWS, with the credentials of the environment.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import boto3
import typer
from botocore.config import Config
from rich.console import Console
from rich.table import Table

from infra.local.stack import Stack
from infra.operate.failure import Failure

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

# The function may take 300 s, and must not be called twice.
_PATIENCE = Config(read_timeout=330, retries={"total_max_attempts": 1})
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
)


@app.command()
def main(
    since: Annotated[
        datetime | None, typer.Option(help="From when on (UTC), if not from the watermarks.")
    ] = None,
    function: Annotated[
        str | None, typer.Option(help="ReconcileFunctionName of a stack on AWS.")
    ] = None,
) -> None:
    """Match all Stripe accounts; exits 1 if something differs that does not heal by itself."""
    event: dict[str, Any] = {}
    if since is not None:
        event["since"] = since.replace(tzinfo=UTC).isoformat()
    lambda_, name = _function(function)
    with Console(stderr=True).status("reconciling, up to five minutes"):
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        _fail(f"{name} failed: {result.get('errorType')}; see its log")
    _show(result["findings"])
    typer.echo(f"{result['reconciled']} accounts reconciled, {len(result['findings'])} differences")
    if result["failed"]:
        _fail(f"could not be reconciled, see the log: {', '.join(result['failed'])}")
    if not result["complete"]:
        _fail("there was no time for all of them: call it again")
    if any(not finding["healed"] for finding in result["findings"]):
        raise typer.Exit(1)


def _show(findings: list[dict[str, Any]]) -> None:
    columns = [name for name in _COLUMNS if any(name in finding for finding in findings)]
    if not columns:
        return
    table = Table(*columns)
    for finding in findings:
        table.add_row(*(str(finding.get(name, "")) for name in columns))
    Console().print(table)


def _function(name: str | None) -> tuple[Any, str]:
    if name is not None:
        return boto3.client("lambda", config=_PATIENCE), name
    try:
        stack = Stack.running()
    except Failure as failure:
        _fail(str(failure))
    return stack.aws.lambda_, stack.functions["reconcile"]


def _fail(reason: str) -> NoReturn:
    print(f"match: {reason}", file=sys.stderr)  # noqa: T201  # a command's error line
    raise typer.Exit(1)


if __name__ == "__main__":
    app()

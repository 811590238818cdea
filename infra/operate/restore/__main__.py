"""The worst day, step by step: ``python -m infra.operate.restore STEP``; see docs/restore.md.

Runs with the AWS credentials of the environment, which must be an administrator's.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import boto3
import typer
from botocore.config import Config

from infra.operate.restore.functions import start as start_functions
from infra.operate.restore.functions import stop as stop_functions
from infra.operate.restore.replay_events import ReplayStripeEvents
from infra.operate.restore.tables import put_back, restore_to, torn, wait_until_there
from shared.clock import utc_now
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.secrets import Secrets
from shared.gateways.stripe_api import StripeApi

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

type Outputs = Mapping[str, str]
Stack = Annotated[str, typer.Option(help="The CloudFormation stack's name.")]
Time = Annotated[str, typer.Option(help="RFC 3339 with its zone, such as 2026-11-25T09:00:00Z.")]

_DEFAULT_STACK = "pps-refunds"

# anchor_ledger may take 15 minutes, and is not to be called twice at once.
_PATIENCE = Config(read_timeout=910, retries={"total_max_attempts": 1})
_NOT_RECORDED = ("LedgersNotAnchored", "AnchorMismatch")

# What a person has to see to before the books are level.
_UNFINISHED = (
    *("UnknownCharge", "TransferOfUnknownStudio", "AccountRefused"),
    *("ReconcileDeferred", "ReconcileFailed", "EventMalformed"),
)


@app.command()
def stop(stack: Stack = _DEFAULT_STACK) -> None:
    """Stop all functions."""
    stop_functions(boto3.client("lambda"), _functions(_outputs(stack)))
    typer.echo("Stopped. What runs still takes 15 minutes at the most: wait for it.")


@app.command()
def tables(to: Time, stack: Stack = _DEFAULT_STACK) -> None:
    """Restore both tables to a time, see that they fit each other, and put the data back."""
    at, outputs, dynamodb = _time(to), _outputs(stack), boto3.client("dynamodb")
    names = outputs["OrdersTableName"], outputs["LedgerTableName"]
    kept = tuple(f"{name}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for name in names)
    for name, into in zip(names, kept, strict=True):
        restore_to(dynamodb, name, at, into)
    for into in kept:
        wait_until_there(dynamodb, into)
    if problems := torn(dynamodb, *kept):
        _fail("\n".join([*problems, "that second is torn: choose the one before, or another"]))
    for name, into in zip(names, kept, strict=True):
        typer.echo(f"{name}: {dict(put_back(boto3.resource('dynamodb'), into, name))}")
    for queue in ("AdjustQueueUrl", "FeeRefundQueueUrl"):
        boto3.client("sqs").purge_queue(QueueUrl=outputs[queue])
    typer.echo(f"Put back. {' and '.join(kept)} can go once all is well.")


@app.command()
def level(since: Time, stack: Stack = _DEFAULT_STACK) -> None:
    """Take in what happened at Stripe since the time that the tables were restored to."""
    done = _level(_outputs(stack))(_time(since))
    typer.echo(json.dumps(done, indent=2, sort_keys=True))
    left = Counter({name: done[name] for name in _UNFINISHED if done[name]})
    if left:
        _fail(f"not level yet: {dict(left)}. See docs/restore.md, then repeat this step")


@app.command()
def start(
    because: Annotated[str, typer.Option(help="Who restored, and why: is kept for good.")],
    stack: Stack = _DEFAULT_STACK,
) -> None:
    """Let all functions run again, and record the restore beside the ledgers' anchors."""
    outputs, lambda_ = _outputs(stack), boto3.client("lambda", config=_PATIENCE)
    start_functions(lambda_, _functions(outputs))
    answer = lambda_.invoke(
        FunctionName=outputs["AnchorLedgerFunctionName"],
        Payload=json.dumps({"restored_because": because}).encode(),
    )
    done = json.loads(answer["Payload"].read())
    typer.echo(json.dumps(done, indent=2, sort_keys=True))
    if answer.get("FunctionError") or any(done.get(name) for name in _NOT_RECORDED):
        _fail("the functions run; the restore is not recorded of all: see the log, and repeat")


def _level(outputs: Outputs) -> ReplayStripeEvents:
    dynamodb = boto3.client("dynamodb")
    settings = boto3.client("lambda").get_function_configuration(
        FunctionName=outputs["ReconcileFunctionName"]
    )["Environment"]["Variables"]
    secrets = Secrets(boto3.client("secretsmanager"))
    return ReplayStripeEvents(
        dynamodb,
        outputs["OrdersTableName"],
        outputs["LedgerTableName"],
        FeeRefundQueue(boto3.client("sqs"), outputs["FeeRefundQueueUrl"]),
        StripeApi(
            settings["STRIPE_API_BASE"],
            lambda: secrets.stripe_api_key(settings["STRIPE_SECRET_ARN"]),
        ),
        utc_now,
    )


def _outputs(stack: str) -> Outputs:
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}


def _functions(outputs: Outputs) -> list[str]:
    return [value for name, value in outputs.items() if name.endswith("FunctionName")]


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        _fail(f"{text} is no time")
    if at.tzinfo is None:
        _fail(f"{text} has no time zone")
    return at


def _fail(reason: str) -> NoReturn:
    print(f"restore: {reason}", file=sys.stderr)  # noqa: T201  # a command's error line
    raise typer.Exit(1)


if __name__ == "__main__":
    app()

"""``restore``: the four steps of the worst day, see docs/restore.md.

The AWS credentials of the environment must be an administrator's.
"""

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.anchors import NOT_ANCHORED, anchor
from infra.operate.erasing.erase import ErasePeople
from infra.operate.functions import NOT_RESUMED
from infra.operate.options import AsJson, By, Since, StackName, To, Why
from infra.operate.output import logs_on_stderr, print_counts, print_json, print_line, progress
from infra.operate.restore.functions import start as start_functions
from infra.operate.restore.functions import stop as stop_functions
from infra.operate.restore.put_back import add_missing, put_back
from infra.operate.restore.replay_events import ReplayStripeEvents
from infra.operate.restore.tables import Copies, is_there, restore_to, wait_until_restored
from infra.operate.stack import OperatedStack, find_stack
from infra.operate.stripe.stored_keys import operators_key
from infra.operate.workers import WORKERS, WorkerCount, WorkersPace
from shared.clock import utc_now
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.stripe.connection import StripeConnection

app = typer.Typer(help="Restore damaged tables, step by step.", rich_markup_mode=None)

_TABLES = ("OrdersTableName", "LedgerTableName")
_ERASURES = "ErasuresTableName"
_QUEUES = ("AdjustQueueUrl", "FeeRefundQueueUrl")

# The counts that need a person before the books agree with Stripe.
_UNFINISHED = (
    *("UnknownCharge", "TransferOfUnknownStudio", "AccountRefused", "EventMalformed"),
    *NOT_RESUMED,
)


@app.command()
def stop(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Step 1: stop all functions."""
    operated = find_stack(stack)
    functions = operated.function_names()
    with progress.stage("stop functions") as stage:
        stop_functions(operated.aws.lambda_, functions)
        stage.result = f"{len(functions)} functions"
    if as_json:
        print_json({"stopped": functions})
    else:
        print_line("Stopped. Calls that still run end within 15 minutes: wait for them.")


@app.command()
def tables(
    to: To,
    *,
    from_backup: Annotated[
        bool,
        typer.Option(
            "--from-backup",
            help="The copies are there already: AWS Backup restored them, see docs/restore.md.",
        ),
    ] = False,
    workers: WorkerCount = WORKERS,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Step 2: put both tables back to an earlier time."""
    operated = find_stack(stack)
    names = [operated.output(each) for each in _TABLES]
    copies = [_copy_of(name, to) for name in names]
    compared = Copies(operated.aws.dynamodb, copies[0], copies[1], workers)
    if from_backup:
        _take_backups(operated, compared, _copy_of(operated.output(_ERASURES), to))
    else:
        _restore_copies(operated, names, copies, to)
    _check(compared, as_json=as_json)
    changed: dict[str, dict[str, int]] = {}
    for name, copy in zip(names, copies, strict=True):
        with progress.stage(f"put back {name}") as stage:
            pace = WorkersPace(stage.progress)
            changed[name] = put_back(operated.aws.dynamodb_resource, copy, name, workers, pace)
            written = ", ".join(f"{times} {what}" for what, times in changed[name].items())
            stage.result = f"{written}; compared {pace}"
    _erase_again(operated)
    for queue in _QUEUES:
        operated.aws.sqs.purge_queue(QueueUrl=operated.output(queue))
    if as_json:
        print_json({"changed": changed, "copies": copies})
    else:
        for name, counts in changed.items():
            print_line(f"{name}: {counts['put']} items put, {counts['deleted']} deleted")
        print_line(f"Put back. Delete {' and '.join(copies)} once all is well.")


@app.command()
def replay(since: Since, stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Step 3: replay what Stripe did since that time.

    Exits 1 while something is left to do.
    """
    operated = find_stack(stack)
    with progress.stage("replay Stripe's events"), logs_on_stderr():
        try:
            done = replay_for(operated)(since)
        except (StripeOutcomeUnknownError, StripeRefusedError) as error:
            raise Failure(f"Stripe did not answer: {error}. Repeat this step.") from error
    _erase_again(operated)
    if as_json:
        print_json(done)
    else:
        print_counts(done)
    left = Counter({name: done[name] for name in _UNFINISHED if done[name]})
    if left:
        shown = ", ".join(f"{times} {name}" for name, times in left.items())
        raise Failure(f"Not finished: {shown}. See docs/restore.md, then repeat this step.")


@app.command()
def start(by: By, why: Why, stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Step 4: start all functions and record the restore."""
    operated = find_stack(stack)
    with progress.stage("start functions"):
        start_functions(operated.aws.lambda_, operated.function_names())
    with progress.stage("record the restore") as stage:
        done = anchor(operated, stage, restored_because=f"{by}: {why}")
    if as_json:
        print_json(done)
    else:
        print_counts(done)
    if left := sum(done.get(name, 0) for name in NOT_ANCHORED):
        raise Failure(
            f"The functions run. Ledgers without a record of the restore: {left}. The log of "
            "anchor_ledger has the reason. Repeat this step."
        )


def _erase_again(stack: OperatedStack) -> None:
    """Erase again what was erased before the restore, and what was imported again since."""
    with progress.stage("erase again") as stage:
        stage.result = f"{ErasePeople.on(stack).repeat_all(WORKERS)} orders and users"


def replay_for(stack: OperatedStack) -> ReplayStripeEvents:
    """Return the replay into a stack's tables, with the operator's key for Stripe."""
    orders_table, ledger_table = (stack.output(each) for each in _TABLES)
    dynamodb, key = stack.aws.dynamodb, operators_key(stack, dict(os.environ))
    return ReplayStripeEvents(
        dynamodb,
        orders_table,
        ledger_table,
        FeeRefundQueue(stack.aws.sqs, stack.output("FeeRefundQueueUrl")),
        StripeConnection(stack.output("StripeApiBase"), lambda: key),
        utc_now,
    )


def _check(copies: Copies, *, as_json: bool) -> None:
    """Compare the copies with each other.

    Raises:
        Failure: They do not agree.
    """
    with progress.stage("compare the copies"):
        problems = copies.torn()
    if problems:
        if as_json:
            print_json({"problems": problems})
        else:
            print_line("\n".join(problems))
        raise Failure(
            "The copies do not agree at that second. Choose another, such as the one before."
        )


def _copy_of(table: str, to: datetime) -> str:
    return f"{table}-{to.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _take_backups(stack: OperatedStack, copies: Copies, erasures: str) -> None:
    """Make the copies that AWS Backup restored usable, and add the erasures that they have.

    Raises:
        Failure: A copy is missing.
    """
    wanted = (copies.orders, copies.ledger, erasures)
    missing = [each for each in wanted if not is_there(stack.aws.dynamodb, each)]
    if missing:
        raise Failure(
            f"There is no table {' and no table '.join(missing)}. Restore the backup into it first."
        )
    for copy in wanted:
        wait_until_restored(stack.aws.dynamodb, copy)
    with progress.stage("drop entries that the orders do not know") as stage:
        stage.result = f"{copies.drop_newer_entries()} entries"
    with progress.stage("add erasures") as stage:
        resource, table = stack.aws.dynamodb_resource, stack.output(_ERASURES)
        stage.result = f"{add_missing(resource, erasures, table, copies.workers)} added"


def _restore_copies(
    stack: OperatedStack, names: list[str], copies: list[str], to: datetime
) -> None:
    """Restore each table into a copy beside it. DynamoDB may need hours."""
    for name, copy in zip(names, copies, strict=True):
        restore_to(stack.aws.dynamodb, name, to, copy)
    for copy in copies:
        with progress.stage(f"restore {copy}") as stage:
            stage.progress("this can take hours")
            wait_until_restored(stack.aws.dynamodb, copy)

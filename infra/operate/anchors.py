"""``anchors``: anchors ledgers now, and shows the anchors that are locked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

import typer
from botocore.exceptions import ClientError

from infra.failure import Failure
from infra.operate.functions import ANCHOR_LEDGER, invoke
from infra.operate.ledger_verification import AnchorSource
from infra.operate.options import AsJson, StackName, Studios
from infra.operate.output import print_counts, print_json, print_line, print_table, progress
from infra.operate.stack import OperatedStack, find_stack
from infra.progress import Stage
from shared.clock import rfc3339
from shared.gateways.anchors import StoredVersion
from shared.gateways.payouts_table import PayoutsTable

app = typer.Typer(
    help="Anchor ledgers, or show the anchors that are locked.", rich_markup_mode=None
)

# The counts of ledgers that were not anchored.
NOT_ANCHORED = ("LedgerAnchorFailed", "AnchorMismatch")

# The function has a quarter of an hour for so many ledgers.
_STUDIOS_PER_CALL = 50

# S3 answers one of these for an object without a lock.
_NOT_LOCKED = {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"}
_COLUMNS = ("studio_id", "anchored_at", "entry", "locked_until", "restored_because", "problem")


@app.command()
def now(studio: Studios = None, stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Anchor each ledger that has entries since its last anchor, and no anchor of today.

    It also checks the ledgers without new entries against their anchors. Repeating does no harm.
    """
    operated = find_stack(stack)
    with progress.stage("anchor ledgers") as stage:
        done = anchor(operated, stage, studio)
    if as_json:
        print_json(done)
    else:
        print_counts(done)
    if left := sum(done.get(name, 0) for name in NOT_ANCHORED):
        raise Failure(f"Ledgers not anchored: {left}. The function's log has the reason.")


def anchor(
    stack: OperatedStack, stage: Stage, studios: Sequence[str] | None = None, **request: str
) -> Counter[str]:
    """Let the function anchor studios' ledgers, some in each call; return the outcomes, counted.

    Args:
        stack: The stack.
        stage: Shows how far it is.
        studios: The studios' ids, or None for all studios.
        request: More fields of each event.
    """
    chosen: Iterable[str] = studios or _studios_of(stack)
    done: Counter[str] = Counter()
    for batch in batched(chosen, _STUDIOS_PER_CALL, strict=False):
        event: dict[str, Any] = {"studios": list(batch), **request}
        done.update(invoke(stack, ANCHOR_LEDGER, event)["done"])
        stage.progress(f"{done.total()} ledgers")
    return done


def _studios_of(stack: OperatedStack) -> Iterable[str]:
    return PayoutsTable(stack.aws.dynamodb, stack.output("OrdersTableName")).studios()


@app.command()
def show(studio: Studios = None, stack: StackName = None, *, as_json: AsJson = False) -> None:
    """List the anchors and check their signatures and locks.

    Exits 1 if an anchor has a problem.
    """
    operated = find_stack(stack)
    source = AnchorSource.of_stack(operated)
    rows = _read(operated, source, studio)
    if as_json:
        print_json(rows)
    elif rows:
        print_table(_COLUMNS, ([_cell(row[name]) for name in _COLUMNS] for row in rows))
    else:
        print_line("There are no anchors yet.")
    if any(row["problem"] for row in rows):
        raise typer.Exit(1)


def _read(
    stack: OperatedStack, source: AnchorSource, studios: Sequence[str] | None
) -> list[dict[str, Any]]:
    rows = []
    with progress.stage("read anchors") as stage:
        for studio_id in sorted(studios or source.anchors.studios()):
            stage.progress(studio_id)
            try:
                versions = source.versions(studio_id)
            except ValueError as error:
                rows.append(_described(studio_id, problem=str(error)))
                continue
            if not versions:
                raise Failure(f"Studio {studio_id} has no anchors")
            rows += [_read_one(stack, source, studio_id, version) for version in versions]
        stage.result = f"{len(rows)} anchors"
    return rows


def _read_one(
    stack: OperatedStack, source: AnchorSource, studio_id: str, version: StoredVersion
) -> dict[str, Any]:
    try:
        anchor = source.read(version)
    except ValueError as error:
        return _described(studio_id, problem=str(error))
    locked_until = _locked_until(stack, version)
    return _described(
        studio_id,
        anchored_at=anchor.anchored_at,
        entry=anchor.head.seq,
        hash=anchor.head.hash,
        locked_until=locked_until,
        restored_because=anchor.restored_because,
        problem=None if locked_until else f"anchor {version.key} is not locked",
    )


def _described(studio_id: str, **values: object) -> dict[str, Any]:
    empty = dict.fromkeys(("anchored_at", "entry", "hash", "locked_until", "restored_because"))
    return {"studio_id": studio_id, **empty, **values}


def _locked_until(stack: OperatedStack, version: StoredVersion) -> str | None:
    """Return the time until which S3 refuses to delete the version, or None without a lock."""
    try:
        lock = stack.aws.s3.get_object_retention(
            Bucket=stack.output("AnchorBucketName"), Key=version.key, VersionId=version.version_id
        )["Retention"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_LOCKED:
            return None
        raise
    return rfc3339(lock["RetainUntilDate"]) if lock["Mode"] == "COMPLIANCE" else None


def _cell(value: object) -> object:
    return "" if value is None else value

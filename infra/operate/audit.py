"""``audit``: who signed in, who changed or erased whom, and what PPS read.

Erasures are in ErasuresTable, which no function may write. The rest is in the functions' logs.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.operate.erasing.records import Erasures, UserKey
from infra.operate.options import AsJson, Since, StackName, Until
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import OperatedStack, find_stack
from shared.clock import rfc3339, utc_now
from shared.domain.order import OrderKey

# What the other fields of a log line are for is not the auditor's business.
_FIELDS = ("audit", "user", "studio_id", "changed_user", "change", "role", "previous_role")
_MORE = ("method", "route", "source", "service")
_OF_ERASURES = ("order_id", "chosen_by", "why")
_COLUMNS = ("at", *_FIELDS, *_MORE, *_OF_ERASURES)
# Lines that have the field, whatever its value.
_PATTERN = "{ $.audit = * }"


def audit(  # noqa: PLR0913  # its options
    since: Since,
    until: Until = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="ID", help="Only what this user did.")
    ] = None,
    studio: Annotated[
        str | None, typer.Option("--studio", metavar="ID", help="Only what is about this studio.")
    ] = None,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the audit log: sign-ins, changes of users, erasures, and what PPS read of studios."""
    operated = find_stack(stack)
    wanted = {"user": user, "studio_id": studio}
    time = since, until or utc_now()
    rows = [
        row
        for row in (*_rows(operated, *time), *_erasures(operated, *time))
        if all(value is None or row[name] == value for name, value in wanted.items())
    ]
    rows.sort(key=lambda row: row["at"])
    if as_json:
        print_json(rows)
    elif rows:
        print_table(_COLUMNS, [[row[name] or "" for name in _COLUMNS] for row in rows])
    else:
        print_line("The audit log has nothing of that time.")


def _rows(stack: OperatedStack, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    for function in stack.function_names():
        settings = stack.aws.lambda_.get_function_configuration(FunctionName=function)
        pages = stack.aws.logs.get_paginator("filter_log_events").paginate(
            logGroupName=settings["LoggingConfig"]["LogGroup"],
            startTime=int(since.timestamp() * 1000),
            endTime=int(until.timestamp() * 1000),
            filterPattern=_PATTERN,
        )
        for page in pages:
            for event in page["events"]:
                yield from _row(event["message"], event["timestamp"])


def _row(message: str, at_ms: int) -> Iterator[dict[str, Any]]:
    """Yield the record of a log line, if it is one."""
    try:
        line = json.loads(message)
    except ValueError:  # a line of Lambda's own
        return
    if isinstance(line, dict) and "audit" in line:
        at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        yield {"at": at.replace("+00:00", "Z")} | {name: line.get(name) for name in _COLUMNS[1:]}


def _erasures(stack: OperatedStack, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """Yield a row for each erasure that began in a time, by the operator who began it."""
    first, last = rfc3339(since), rfc3339(until)
    for each in Erasures(stack.aws.dynamodb, stack.output("ErasuresTableName")).all():
        if first <= each.started_at <= last:
            whom = each.whom
            yield dict.fromkeys(_COLUMNS) | {
                "at": each.started_at,
                "audit": "erased",
                "user": each.by,
                "studio_id": whom.studio_id,
                "changed_user": whom.user_id if isinstance(whom, UserKey) else None,
                "order_id": whom.order_id if isinstance(whom, OrderKey) else None,
                "chosen_by": each.chosen_by,
                "why": each.why,
            }

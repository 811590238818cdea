"""Verify a studio's ledger: that no entry is missing, changed, moved or added.

``python -m infra.verify_ledger`` checks the local stack; with ``--orders-table`` and
``--ledger-table`` any other, with the AWS credentials of the environment.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.table import Table

from shared.domain.ledger import ChainFault, LedgerHead, verify_chain
from shared.gateways import items
from shared.gateways.books import Books, read_entries

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_STACK = Path(".local/stack.json")

# Entries may come in between the reading of the head and of the entries.
_TRIES = 5


def studios_of(dynamodb: Any, ledger_table: str) -> list[str]:  # noqa: ANN401  # a boto3 client
    """Return the studios that have a first entry, by a scan of the ledger."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=ledger_table,
        FilterExpression="SK = :first",
        ExpressionAttributeValues={":first": {"S": items.entry_sk(1)}},
        ProjectionExpression="PK",
    )
    found = (item["PK"]["S"] for page in pages for item in page["Items"])
    return sorted(pk.removeprefix("STUDIO#") for pk in found)


def verify_studio(
    dynamodb: Any,  # noqa: ANN401  # a boto3 client
    orders_table: str,
    ledger_table: str,
    studio_id: str,
) -> tuple[int, ChainFault | None, LedgerHead]:
    """Check one studio's chain, again if it grew meanwhile.

    Returns:
        How many entries fit, the first that does not, and the head they were checked against.

    Raises:
        LookupError: The studio has no ledger, or never stood still.
    """
    books = Books(dynamodb, orders_table, ledger_table)
    for _ in range(_TRIES):
        head = books.load_head(studio_id)
        if head is None:
            raise LookupError(f"there is no studio {studio_id}")
        entries = read_entries(dynamodb, ledger_table, studio_id)
        fitting, fault = verify_chain(entries, head)
        if fault is None or books.load_head(studio_id) == head:
            return fitting, fault, head
    raise LookupError(f"the ledger of {studio_id} kept growing; try again")


@app.command()
def main(
    studio: Annotated[
        list[str] | None, typer.Option(help="A studio's id; several times for several.")
    ] = None,
    orders_table: Annotated[str | None, typer.Option(help="OrdersTable's name.")] = None,
    ledger_table: Annotated[str | None, typer.Option(help="LedgerTable's name.")] = None,
) -> None:
    """Verify the ledgers of one, several or all studios; exits 1 if one does not fit."""
    dynamodb, orders_table, ledger_table = _tables(orders_table, ledger_table)
    table = Table("studio", "entries", "payable", "direct", "currency", "verdict")
    faults = []
    for studio_id in studio or studios_of(dynamodb, ledger_table):
        try:
            fitting, fault, head = verify_studio(dynamodb, orders_table, ledger_table, studio_id)
        except LookupError as error:
            _fail(str(error))
        if fault is not None:
            faults.append(f"{studio_id}: entry {fault.seq}: {fault.problem}")
        table.add_row(
            studio_id,
            str(fitting),
            str(head.payable_balance_amount),
            str(head.direct_balance_amount),
            head.currency,
            "not sound" if fault else "sound",
        )
    Console().print(table)
    for found in faults:
        print(found)  # noqa: T201  # a line of its own, whole however narrow the terminal is
    raise typer.Exit(1 if faults else 0)


def _tables(orders_table: str | None, ledger_table: str | None) -> tuple[Any, str, str]:
    if orders_table and ledger_table:
        return boto3.client("dynamodb"), orders_table, ledger_table
    if orders_table or ledger_table:
        _fail("name both --orders-table and --ledger-table, or neither for the local stack")
    try:
        stack = json.loads(_STACK.read_text())
    except OSError:
        _fail(f"no local stack: {_STACK} is not there; start one with `make run`")
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=stack["aws_endpoint_url"],
        region_name=stack["region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # the local engine's root, not a secret
    )
    return dynamodb, stack["tables"]["orders"], stack["tables"]["ledger"]


def _fail(reason: str) -> None:
    print(f"verify-ledger: {reason}", file=sys.stderr)  # noqa: T201  # a command's error line
    raise typer.Exit(1)


if __name__ == "__main__":
    app()

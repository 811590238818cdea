"""Read a studio's ledger, with the one permission in policy.json.

    python read_ledger.py TABLE STUDIO_ID                       the open entries: the next payout
    python read_ledger.py TABLE STUDIO_ID --payout PAYOUT_ID    the entries of a payout
    python read_ledger.py TABLE STUDIO_ID --after SEQ           the entries after entry SEQ

Copy this file. It needs boto3 and nothing else from this repository.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Entry = dict[str, Any]

# The kind of the entries that close a payout.
CLOSES = "payout_closed"


class LedgerError(Exception):
    """An entry or an amount is missing from what was read. Read again later."""


@dataclass(frozen=True)
class Lines:
    """Entries in order of ``seq``. ``total_amount`` is their sum plus what was carried in."""

    carried_amount: int
    entries: list[Entry]
    total_amount: int


@dataclass(frozen=True)
class Ledger:
    """One studio's ledger."""

    dynamodb: "DynamoDBClient"
    table: str
    studio_id: str

    def open_lines(self) -> Lines:
        """Return the entries that no payout has closed: the next payout as of now."""
        return _lines(self._newest_first(), None)

    def payout_lines(self, payout_id: str) -> Lines:
        """Return the entries of a payout, which its own entry closes."""

        def is_later(entry: Entry) -> bool:
            return (entry["kind"], entry.get("payout_id")) != (CLOSES, payout_id)

        entries = dropwhile(is_later, self._newest_first())
        closing = next(entries, None)
        if closing is None:
            raise LedgerError(f"{self.studio_id} has no payout {payout_id}")
        return _lines(entries, closing)

    def entries_after(self, seq: int) -> list[Entry]:
        """Return the entries after entry ``seq``; 0 returns all of them."""
        entries = list(self._query(seq + 1, ascending=True))
        for expected, entry in enumerate(entries, seq + 1):
            _check(entry, expected)
        return entries

    def _newest_first(self) -> Iterator[Entry]:
        """Yield the whole ledger of this moment, down to entry 1."""
        expected = None
        for entry in self._query(1, ascending=False):
            if expected is not None:
                _check(entry, expected)
            expected = entry["seq"] - 1
            yield entry
        if expected:
            raise LedgerError(f"entry {expected} is missing: read again")

    def _query(self, first: int, *, ascending: bool) -> Iterator[Entry]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="PK = :studio AND SK BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":studio": {"S": f"STUDIO#{self.studio_id}"},
                ":first": {"S": f"ENTRY#{first:012d}"},
                ":last": {"S": "ENTRY#999999999999"},
            },
            ScanIndexForward=ascending,
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                # Every field is a string or an integer.
                yield {
                    name: int(value["N"]) if "N" in value else value["S"]
                    for name, value in item.items()
                    if name not in {"PK", "SK"}
                }


def _check(entry: Entry, expected: int) -> None:
    if entry["seq"] != expected:
        raise LedgerError(f"entry {expected} is missing: read again")


def _lines(newest_first: Iterable[Entry], closing: Entry | None) -> Lines:
    """Take the entries of a payout, or the open ones, down to those of the payout before it.

    Args:
        newest_first: The entries before the payout's own entry, or the whole ledger.
        closing: The payout's own entry; None for the open entries.
    """
    entries: list[Entry] = []
    carried = closed_before = 0
    owed: int | None = None
    last_seq = closing["closed_seq"] if closing else None
    for entry in newest_first:
        if entry["seq"] <= closed_before:
            break
        if entry["kind"] == CLOSES and not closed_before:
            carried, closed_before = entry["carried_amount"], entry["closed_seq"]
        if last_seq is not None and entry["seq"] > last_seq:
            continue  # it came after the payout's period, and is in a later payout
        owed = entry["payable_balance_amount"] if owed is None else owed
        if entry["kind"] != CLOSES:
            entries.append(entry)
    entries.reverse()
    total = carried + sum(entry["payable_amount"] for entry in entries)
    if total != (owed or 0):
        raise LedgerError(f"entries add up to {total}, the balance is {owed}: read again")
    return Lines(carried, entries, total)


def main() -> None:
    """Print the entries that the command line asks for, as JSON."""
    arguments = argparse.ArgumentParser(description="Read a studio's ledger, as JSON.")
    arguments.add_argument("table")
    arguments.add_argument("studio_id")
    wanted = arguments.add_mutually_exclusive_group()
    wanted.add_argument("--payout", metavar="PAYOUT_ID")
    wanted.add_argument("--after", metavar="SEQ", type=int)
    given = arguments.parse_args()
    ledger = Ledger(boto3.client("dynamodb"), given.table, given.studio_id)
    found: object
    if given.after is not None:
        found = ledger.entries_after(given.after)
    elif given.payout is not None:
        found = asdict(ledger.payout_lines(given.payout))
    else:
        found = asdict(ledger.open_lines())
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

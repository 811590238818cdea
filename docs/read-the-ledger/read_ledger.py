"""Read a studio's ledger, with the one permission of policy.json.

    python read_ledger.py TABLE STUDIO_ID                       what is open, for the next payout
    python read_ledger.py TABLE STUDIO_ID --payout PAYOUT_ID    what a payout was made of
    python read_ledger.py TABLE STUDIO_ID --after SEQ           what is new since entry SEQ

Needs boto3 and nothing of this repository: copy it.
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


class LedgerError(Exception):
    """What was read is not all of it: an entry is missing, or money is. Read again, later."""


@dataclass(frozen=True)
class Lines:
    """What was carried in, the entries in order of ``seq``, and what all of it comes to."""

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
        """Return what no payout has closed: what the next one would be made of now."""
        return _until_closed(self._newest_first())

    def payout_lines(self, payout_id: str) -> Lines:
        """Return what a payout was made of: it is an entry itself, and closes those before it."""

        def is_later(entry: Entry) -> bool:
            return (entry["kind"], entry.get("payout_id")) != ("payout", payout_id)

        entries = dropwhile(is_later, self._newest_first())
        if next(entries, None) is None:
            raise LedgerError(f"there is no payout {payout_id} of {self.studio_id}")
        return _until_closed(entries)

    def entries_after(self, seq: int) -> list[Entry]:
        """Return what is new since an entry, whose number the caller has kept (0: all)."""
        entries = list(self._query(seq + 1, ascending=True))
        for expected, entry in enumerate(entries, seq + 1):
            _check(entry, expected)
        return entries

    def _newest_first(self) -> Iterator[Entry]:
        """Yield the whole ledger as it stands at this moment, down to entry 1."""
        expected = None
        for entry in self._query(1, ascending=False):
            if expected is not None:
                _check(entry, expected)
            expected = entry["seq"] - 1
            yield entry
        if expected:
            raise LedgerError(f"entry {expected} is missing")

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
        raise LedgerError(f"entry {expected} is missing")


def _until_closed(newest_first: Iterable[Entry]) -> Lines:
    """Take entries back to the payout before them: the balance after it is carried in."""
    entries: list[Entry] = []
    carried = 0
    for entry in newest_first:
        if entry["kind"] == "payout":
            carried = entry["payable_balance_amount"]
            break
        entries.append(entry)
    entries.reverse()
    total = carried + sum(entry["payable_amount"] for entry in entries)
    if entries and total != entries[-1]["payable_balance_amount"]:
        raise LedgerError(f"the lines come to {total}, and the ledger to another balance")
    return Lines(carried, entries, total)


def main() -> None:
    """Print what is asked for, as JSON."""
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

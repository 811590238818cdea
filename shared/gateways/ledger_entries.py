"""A studio's ledger entries, read from LedgerTable."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.domain.ledger import LedgerEntry
from shared.gateways.records.keys import ENTRY_PREFIX, entry_sk, studio_pk
from shared.gateways.records.ledger import entry_from_values
from shared.gateways.table import Table, TableGateway

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.gateways.records.attributes import Values


class LedgerEntries(TableGateway):
    """The entries of LedgerTable by their numbers."""

    def between(self, studio_id: str, first_seq: int, last_seq: int) -> Iterator[LedgerEntry]:
        """Read entries in order, consistently.

        Args:
            studio_id: The studio's id.
            first_seq: The number of the first entry.
            last_seq: The number of the last entry. Nothing is read if it is less than the first.
        """
        return map(entry_from_values, self._between(studio_id, first_seq, last_seq))

    def contents_between(
        self, studio_id: str, first_seq: int, last_seq: int
    ) -> Iterator[dict[str, str | int]]:
        """Read entries in order, consistently, exactly as stored, for verification.

        Args:
            studio_id: The studio's id.
            first_seq: The number of the first entry.
            last_seq: The number of the last entry. Nothing is read if it is less than the first.
        """
        return map(_without_keys, self._between(studio_id, first_seq, last_seq))

    def _between(self, studio_id: str, first_seq: int, last_seq: int) -> "Iterator[Values]":
        if last_seq < first_seq:
            return iter(())
        return self._table.query(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {
                ":pk": studio_pk(studio_id),
                ":first": entry_sk(first_seq),
                ":last": entry_sk(last_seq),
            },
            ConsistentRead=True,
        )


def read_contents(
    dynamodb: "DynamoDBClient", ledger_table: str, studio_id: str
) -> Iterator[dict[str, str | int]]:
    """Read a studio's whole ledger in order, consistently, as stored.

    Verification needs the fields exactly as they are in the table, without the table's keys.
    """
    found = Table(dynamodb, ledger_table).query(
        "PK = :pk AND begins_with(SK, :prefix)",
        {":pk": studio_pk(studio_id), ":prefix": ENTRY_PREFIX},
        ConsistentRead=True,
    )
    return map(_without_keys, found)


def _without_keys(values: "Values") -> dict[str, str | int]:
    return {name: value for name, value in values.items() if name not in {"PK", "SK"}}

"""Which migrations of the data were run, in OrdersTable."""

from dataclasses import dataclass

from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import MIGRATION_PREFIX, MIGRATIONS_PK, primary_key
from shared.gateways.table import TableGateway


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """The last complete run of a migration: when it ended (RFC 3339 in UTC), and who ran it."""

    name: str
    ended_at: str
    by: str


class MigrationRecords(TableGateway):
    """The records of complete runs."""

    def all(self) -> dict[str, MigrationRun]:
        """Read the last complete run of each migration, by the migration's name."""
        found = self._table.query("PK = :pk", {":pk": MIGRATIONS_PK}, ConsistentRead=True)
        runs = (
            MigrationRun(
                values["SK"].removeprefix(MIGRATION_PREFIX), values["ended_at"], values["by"]
            )
            for values in found
        )
        return {run.name: run for run in runs}

    def record(self, run: MigrationRun) -> None:
        """Record a complete run. A later one replaces it."""
        key = primary_key(MIGRATIONS_PK, f"{MIGRATION_PREFIX}{run.name}")
        self._table.write(
            self._table.guarded(key | marshal({"ended_at": run.ended_at, "by": run.by}))
        )

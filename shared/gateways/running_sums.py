"""Running sums of the ledgers, in OrdersTable."""

from shared.domain.running_sums import RunningSums
from shared.gateways.records.keys import studio_pk, sums_sk
from shared.gateways.records.running_sums import running_sums_from_values, running_sums_to_item
from shared.gateways.table import TableGateway


class StoredSums(TableGateway):
    """The running sums that are stored, each studio's at some of its entries."""

    def latest(self, studio_id: str, seq: int) -> RunningSums:
        """Return the last sums at an entry or before it; the empty ones if none are stored."""
        found, _ = self._table.page(
            "PK = :pk AND SK BETWEEN :first AND :last",
            {":pk": studio_pk(studio_id), ":first": sums_sk(0), ":last": sums_sk(seq)},
            ScanIndexForward=False,
            Limit=1,
        )
        values = next(iter(found), None)
        return running_sums_from_values(values) if values else RunningSums(studio_id)

    def put(self, sums: RunningSums) -> None:
        """Store sums. The sums at an entry never change, so whoever writes last writes the same."""
        self._table.write(self._table.guarded(running_sums_to_item(sums)))

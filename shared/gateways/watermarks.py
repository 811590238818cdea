"""How far each Stripe account is reconciled with the books, in OrdersTable."""

from dataclasses import asdict, dataclass

from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import WATERMARK_SK, primary_key, reconcile_pk
from shared.gateways.table import WATERMARK_UNMOVED, TableGateway


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far an account is reconciled; times RFC 3339 in UTC.

    Attributes:
        until: Stripe and the books do not differ before this time.
        reconciled_at: When the account was last reconciled to the end.
    """

    until: str
    reconciled_at: str


class Watermarks(TableGateway):
    """The accounts' watermarks."""

    def get(self, account_id: str | None) -> Watermark | None:
        """Read an account's watermark consistently, or None.

        Args:
            account_id: None for the platform's own account.
        """
        values = self._table.get(reconcile_pk(account_id), WATERMARK_SK)
        return Watermark(values["until"], values["reconciled_at"]) if values else None

    def move(self, account_id: str | None, before: Watermark | None, after: Watermark) -> None:
        """Replace the watermark that was read.

        Raises:
            StaleStateError: Another run has moved it.
        """
        item = primary_key(reconcile_pk(account_id), WATERMARK_SK)
        item |= marshal(asdict(after))
        if before is None:
            self._table.write(self._table.new(item))
        else:
            self._table.write(self._table.when(WATERMARK_UNMOVED, before.reconciled_at, item))

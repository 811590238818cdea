"""Up to when each Stripe account has been matched, in OrdersTable."""

from dataclasses import asdict, dataclass

from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import WATERMARK_SK, match_pk, primary_key
from shared.gateways.table import MATCHED_AS_SEEN, TableGateway


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far an account is matched; times RFC 3339 in UTC.

    Before ``until`` no difference is left; ``matched_at`` is when it was last looked at.
    """

    until: str
    matched_at: str


class Watermarks(TableGateway):
    """The accounts' watermarks."""

    def get(self, account_id: str | None) -> Watermark | None:
        """Read an account's watermark (None: the platform's own), consistently, or None."""
        values = self._table.get(match_pk(account_id), WATERMARK_SK)
        return Watermark(values["until"], values["matched_at"]) if values else None

    def move(self, account_id: str | None, before: Watermark | None, after: Watermark) -> None:
        """Put an account's watermark in the place of the one that was read.

        Raises:
            StaleStateError: Another match of the account has moved it.
        """
        item = primary_key(match_pk(account_id), WATERMARK_SK)
        item |= marshal(asdict(after))
        if before is None:
            self._table.write(self._table.new(item))
        else:
            self._table.write(self._table.when(MATCHED_AS_SEEN, before.matched_at, item))

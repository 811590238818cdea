"""Updates of studios' settings, together with when their next payout is due."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.payout_hold import PayoutHold
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.records.keys import NEXT_PAYOUT_SK, studio_pk
from shared.gateways.records.next_payout import due_at_of, next_payout_item
from shared.gateways.records.studio import studio_to_item
from shared.gateways.studios import Studios
from shared.gateways.table import CURRENCY_UNCHANGED, STILL_DUE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.domain.studio import Studio


@dataclass(frozen=True, slots=True)
class PayoutState:
    """When a studio's next payout is due (RFC 3339, UTC), and the hold it is under, or None."""

    due_at: str
    hold: PayoutHold | None


class StudioUpdates(Studios):
    """The studios' items, for the function that may change them."""

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        super().__init__(dynamodb, name)
        self._holds = PayoutHolds(dynamodb, name)

    def payout_state(self, studio_id: str) -> PayoutState:
        """Read what an update of a studio changes of its payouts, consistently.

        Raises:
            LookupError: The studio is never due.
        """
        values = self._table.get(studio_pk(studio_id), NEXT_PAYOUT_SK)
        if values is None:
            raise LookupError(f"studio {studio_id} is never due")
        return PayoutState(due_at_of(values), self._holds.active(studio_id))

    def update(self, studio: "Studio", before: PayoutState, after: PayoutState) -> None:
        """Replace a studio's settings, and say when its next payout is due under them.

        Args:
            studio: The studio with its new settings.
            before: What was read of its payouts.
            after: The same after the update. Its hold is written if it is another one.

        Raises:
            StaleStateError: There is no such studio, it has another currency, or a payout was made
                meanwhile.
        """
        next_payout = next_payout_item(studio.studio_id, after.due_at)
        steps = [
            self._table.when(CURRENCY_UNCHANGED, studio.currency, studio_to_item(studio)),
            self._table.when(STILL_DUE, before.due_at, next_payout),
        ]
        if after.hold is not None and after.hold != before.hold:
            steps.append(self._holds.put(after.hold))
        self._table.write(*steps)

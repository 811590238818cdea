"""What open disputes may still take of a studio's money."""

from shared.gateways.table import TableGateway


class DisputedAmounts(TableGateway):
    """Adds up what a studio's open disputes have not taken yet.

    A payout of a studio with ``hold_disputed`` holds this amount back. The orders with a dispute
    are on the studio's list ``AttentionPartition.DISPUTE``.
    """

    def held(self, studio_id: str) -> int:  # noqa: ARG002  # needed once disputes have amounts
        """Return the amount in minor units.

        It is 0 today: what is stored of a dispute does not say how much it may still take.
        """
        return 0

"""The movements of an account's balance at Stripe."""

from datetime import datetime

from shared.domain.stripe_balance import BalanceMovement, MovementType, balance_movement_from
from shared.gateways.stripe.connection import StripeConnection, between, read_pages
from shared.gateways.stripe.errors import translated_errors

# https://docs.stripe.com/api/disputes/object
_DISPUTE_PREFIXES = ("dp_", "du_")


class StripeBalance:
    """The balances of the platform's account and of connected accounts."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def list_movements(
        self,
        kind: MovementType,
        since: datetime,
        until: datetime,
        account_id: str | None = None,
        *,
        expand: str = "source",
    ) -> list[BalanceMovement]:
        """Return all movements of one type in a time, without its end.

        Args:
            kind: The type.
            since: When the time begins.
            until: When it ends.
            account_id: The account whose balance it is; None for the platform's own.
            expand: The object that Stripe sends whole with each movement: its source, or more.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            found = read_pages(
                self._connection.v1.balance_transactions.list,
                {
                    "type": kind.value,
                    "created": between(since, until),
                    "expand": [f"data.{expand}"],
                },
                self._connection.options(account_id),
            )
            return [balance_movement_from(each) for each in found]

    def list_movements_of(
        self, stripe_refund_id: str, account_id: str | None
    ) -> list[BalanceMovement]:
        """Return all movements that a refund caused, whenever that was.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            found = read_pages(
                self._connection.v1.balance_transactions.list,
                {"source": stripe_refund_id, "expand": ["data.source"]},
                self._connection.options(account_id),
            )
            return [balance_movement_from(each) for each in found]

    def list_disputes(self, since: datetime, until: datetime, account_id: str | None) -> list[str]:
        """Return the ids of the disputes that moved an account's balance in a time.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            movements = read_pages(
                self._connection.v1.balance_transactions.list,
                {"type": "adjustment", "created": between(since, until)},
                self._connection.options(account_id),
            )
            sources = [each.get("source") for each in movements]
        found = [each for each in sources if isinstance(each, str)]
        # Stripe also adjusts a balance for other reasons.
        return [each for each in dict.fromkeys(found) if each.startswith(_DISPUTE_PREFIXES)]

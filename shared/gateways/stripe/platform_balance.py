"""The platform's balance at Stripe, and all that moved it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.domain.platform_movement import (
    PlatformMovement,
    platform_balance_from,
    platform_movement_from,
)
from shared.gateways.stripe.connection import StripeConnection, between, read_object, read_pages
from shared.gateways.stripe.errors import translated_errors

# https://docs.stripe.com/api/balance_transactions/list
_WITH_SOURCE = {"expand": ["data.source"]}


class TooManyMovementsError(Exception):
    """A time has more movements than are wanted at once.

    Args:
        since: Since when those were made that were listed, RFC 3339 in UTC.
    """

    def __init__(self, since: str) -> None:
        super().__init__(f"more movements than are wanted since {since}")
        self.since = since


class PlatformBalance:
    """The balance of the platform's own account, whatever moved it."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def read(self) -> dict[str, int]:
        """Return the balance by currency: all funds, available and pending.

        Raises:
            StripeRefusedError, StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            answer = self._connection.v1.balance.retrieve(options=self._connection.options())
            return platform_balance_from(read_object(answer))

    def movements(
        self,
        since: datetime,
        until: datetime | None,
        *,
        time_is_up: Callable[[], bool],
        most: int | None = None,
    ) -> list[PlatformMovement]:
        """Return all movements of a time without its end, the newest first.

        Args:
            since: When the time begins.
            until: When it ends; None for the present.
            time_is_up: Whether to stop. It is asked for each movement.
            most: How many are wanted at most; None without a limit.

        Raises:
            StripeRefusedError, StripeOutcomeUnknownError: The list is not complete.
            TimeoutError: The time was up before the list was complete.
            TooManyMovementsError: There are more than wanted.
        """
        created = between(since, until) if until else {"gte": int(since.timestamp())}
        found: list[PlatformMovement] = []
        with translated_errors():
            for each in self._list({"created": created}, time_is_up):
                found.append(each)
                if most is not None and len(found) > most:
                    raise TooManyMovementsError(each.created_at)
        return found

    def of_source(self, source_id: str) -> list[PlatformMovement]:
        """Return all movements that an object caused.

        Raises:
            StripeRefusedError, StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            return list(self._list({"source": source_id}, lambda: False))

    def _list(
        self, params: Mapping[str, Any], time_is_up: Callable[[], bool]
    ) -> Iterator[PlatformMovement]:
        options = self._connection.options()
        listing = self._connection.v1.balance_transactions.list
        for each in read_pages(listing, {**params, **_WITH_SOURCE}, options):
            if time_is_up():
                raise TimeoutError("there was no time to read all balance transactions")
            yield platform_movement_from(each)

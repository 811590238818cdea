"""The events that Stripe keeps for 30 days: https://docs.stripe.com/api/events."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.gateways.stripe.connection import StripeConnection, between, read_pages
from shared.gateways.stripe.errors import translated_errors


class StripeEvents:
    """The events of the platform's account and of connected accounts."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def list_created(
        self, since: datetime, until: datetime, types: Iterable[str], account_id: str | None
    ) -> list[Mapping[str, Any]]:
        """Return an account's events of these types in a time, without its end, the newest first.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            found = read_pages(
                self._connection.v1.events.list,
                {"created": between(since, until), "types": list(types)},
                self._connection.options(account_id),
                object="event",
            )
            return list(found)

    def happened(
        self, since: datetime, until: datetime, types: Iterable[str], account_id: str | None
    ) -> bool:
        """Return whether an account had any event of these types in a time, in one call.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            found = read_pages(
                self._connection.v1.events.list,
                {"created": between(since, until), "types": list(types)},
                self._connection.options(account_id),
                object="event",
            )
            return next(found, None) is not None

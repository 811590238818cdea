"""Refunds at Stripe."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.domain.errors import StripeOutcomeUnknownError
from shared.domain.refund import Refund
from shared.domain.refund_metadata import metadata_of
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.stripe.connection import (
    RETRY_PAUSE_SECONDS,
    StripeConnection,
    between,
    read_object,
    read_pages,
)
from shared.gateways.stripe.errors import (
    FIRST_REFUND,
    REPEATED_REFUND,
    Refusals,
    translated_errors,
)


class StripeRefunds:
    """The refunds of the platform's account and of connected accounts. Amounts in minor units."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def check_key(self) -> None:
        """Read the API key, so that a missing one is noticed before anything is reserved."""
        self._connection.check_key()

    def create(self, refund: Refund, *, first: bool = False, retry: bool = True) -> StripeRefund:
        """Send the refund to the parent, under the key of its current attempt.

        Stripe's own ``reason`` is not sent, because ``fraudulent`` would block the parent's card.
        https://docs.stripe.com/api/refunds/create

        Args:
            refund: The refund.
            first: True on the first send. Only then does a refused API key prove that the refund
                was not made.
            retry: Whether there is time for a second try if the first gets no answer.

        Raises:
            StripeRefusedError: Stripe has not made the refund.
            StripeOutcomeUnknownError: Stripe may have made it.
        """
        try:
            return self._create(refund, FIRST_REFUND if first else REPEATED_REFUND)
        except StripeOutcomeUnknownError as unknown:
            if unknown.key_spent or not retry:
                raise
        time.sleep(RETRY_PAUSE_SECONDS)
        return self._create(refund, REPEATED_REFUND)

    def get(self, stripe_refund_id: str, account_id: str | None) -> StripeRefund:
        """Read a refund.

        Raises:
            StripeRefusedError: Stripe does not know it.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            answer = self._connection.v1.refunds.retrieve(
                stripe_refund_id, options=self._connection.options(account_id)
            )
            return stripe_refund_from(read_object(answer, id=stripe_refund_id))

    def list_of_charge(self, charge_id: str, account_id: str | None) -> list[StripeRefund]:
        """Return all refunds of a charge, the oldest first.

        Raises:
            StripeRefusedError: Stripe does not know the charge.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            return self._list({"charge": charge_id}, account_id, charge=charge_id)[::-1]

    def newest_of_charge(self, charge_id: str, account_id: str | None) -> Iterator[StripeRefund]:
        """Yield the refunds of a charge, the newest first, page by page as they are used.

        Stripe lists refunds in this order: https://docs.stripe.com/api/refunds/list

        Raises:
            StripeRefusedError: Stripe does not know the charge.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            yield from self._read({"charge": charge_id}, account_id, charge=charge_id)

    def list_created(
        self, since: datetime, until: datetime, account_id: str | None
    ) -> list[StripeRefund]:
        """Return all refunds that an account made in a time, without its end.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            return self._list({"created": between(since, until)}, account_id)

    def _list(
        self, params: Mapping[str, Any], account_id: str | None, **expected: str
    ) -> list[StripeRefund]:
        return list(self._read(params, account_id, **expected))

    def _read(
        self, params: Mapping[str, Any], account_id: str | None, **expected: str
    ) -> Iterator[StripeRefund]:
        listing, options = self._connection.v1.refunds.list, self._connection.options(account_id)
        return map(stripe_refund_from, read_pages(listing, params, options, **expected))

    def _create(self, refund: Refund, refusals: Refusals) -> StripeRefund:
        options = self._connection.options(refund.account_id, refund.idempotency_key)
        with translated_errors(refusals):
            answer = self._connection.v1.refunds.create(
                {
                    "charge": refund.charge_id,
                    "amount": refund.amount,
                    "metadata": metadata_of(refund),
                },
                # Not the SDK's own retry: it would not say which try was refused.
                options | {"max_network_retries": 0},
            )
            return stripe_refund_from(
                read_object(answer, charge=refund.charge_id, amount=refund.amount)
            )

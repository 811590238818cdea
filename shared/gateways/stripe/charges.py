"""Charges at Stripe, with their disputes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.domain.stripe_charge import StripeCharge, stripe_charge_from
from shared.domain.stripe_dispute import StripeDispute, stripe_dispute_from
from shared.gateways.stripe.connection import StripeConnection, between, read_object, read_pages
from shared.gateways.stripe.errors import translated_errors


class StripeCharges:
    """The charges of the platform's account and of connected accounts. Amounts in minor units."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def get(self, charge_id: str, account_id: str | None) -> StripeCharge:
        """Read a charge with its balance transaction.

        Raises:
            StripeRefusedError: Stripe does not know the charge.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            answer = self._connection.v1.charges.retrieve(
                charge_id,
                {"expand": ["balance_transaction"]},
                self._connection.options(account_id),
            )
            return stripe_charge_from(read_object(answer, id=charge_id))

    def list_disputes(self, charge_id: str, account_id: str | None) -> list[StripeDispute]:
        """Return all disputes of a charge, the oldest first.

        Raises:
            StripeRefusedError: Stripe does not know the charge.
            StripeOutcomeUnknownError: The list is not complete.
        """
        return self._list({"charge": charge_id}, account_id)[::-1]

    def list_disputes_created(
        self, since: datetime, until: datetime, account_id: str | None
    ) -> list[StripeDispute]:
        """Return all disputes that an account got in a time, without its end.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        return self._list({"created": between(since, until)}, account_id)

    def get_dispute(self, dispute_id: str, account_id: str | None) -> StripeDispute:
        """Read a dispute.

        Raises:
            StripeRefusedError: Stripe does not know it.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            answer = self._connection.v1.disputes.retrieve(
                dispute_id, options=self._connection.options(account_id)
            )
            return stripe_dispute_from(read_object(answer, id=dispute_id))

    def _list(self, params: Mapping[str, Any], account_id: str | None) -> list[StripeDispute]:
        with translated_errors():
            listing = self._connection.v1.disputes.list
            found = read_pages(listing, params, self._connection.options(account_id))
            return [stripe_dispute_from(each) for each in found]

"""Charges at Stripe, with their disputes."""

from datetime import datetime

from shared.domain.stripe_charge import StripeCharge, stripe_charge_from
from shared.domain.stripe_dispute import StripeDispute, stripe_dispute_from
from shared.gateways.stripe.connection import PAGE_SIZE, StripeConnection, between, plain
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
            return stripe_charge_from(plain(answer))

    def list_disputes(self, charge_id: str, account_id: str | None) -> list[StripeDispute]:
        """Return all disputes of a charge, the oldest first.

        Raises:
            StripeRefusedError: Stripe does not know the charge.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            page = self._connection.v1.disputes.list(
                {"charge": charge_id, "limit": PAGE_SIZE}, self._connection.options(account_id)
            )
            found = [stripe_dispute_from(plain(each)) for each in page.auto_paging_iter()]
            return list(reversed(found))

    def list_disputes_created(
        self, since: datetime, until: datetime, account_id: str | None
    ) -> list[StripeDispute]:
        """Return all disputes that an account got in a time, without its end.

        Raises:
            StripeRefusedError: Stripe refused, for example because the account is closed.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            page = self._connection.v1.disputes.list(
                {"created": between(since, until), "limit": PAGE_SIZE},
                self._connection.options(account_id),
            )
            return [stripe_dispute_from(plain(each)) for each in page.auto_paging_iter()]

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
            return stripe_dispute_from(plain(answer))

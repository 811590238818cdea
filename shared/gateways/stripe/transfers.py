"""Transfers from the platform's account to the studios' accounts at Stripe."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.domain.payout import Payout
from shared.domain.stripe_transfer import StripeTransfer, stripe_transfer_from
from shared.gateways.stripe.connection import StripeConnection, between, read_object, read_pages
from shared.gateways.stripe.errors import TRANSFER, translated_errors


class StripeTransfers:
    """The platform's transfers. Amounts in minor units."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def create(self, payout: Payout) -> StripeTransfer:
        """Transfer a payout's money to the studio's account, under the key of its attempt.

        https://docs.stripe.com/api/transfers/create

        Raises:
            StripeRefusedError: Stripe has not made the transfer.
            StripeOutcomeUnknownError: Stripe may have made it, or refused our API key.
        """
        if payout.account_id is None:
            raise ValueError(f"payout {payout.payout_id} has no account")
        with translated_errors(TRANSFER):
            answer = self._connection.v1.transfers.create(
                {
                    "amount": payout.paid_amount,
                    "currency": payout.currency,
                    "destination": payout.account_id,
                    "transfer_group": payout.payout_id,
                    "metadata": {
                        "payout_id": payout.payout_id,
                        "studio_id": payout.studio_id,
                    },
                },
                self._connection.options(idempotency_key=payout.idempotency_key),
            )
            return stripe_transfer_from(
                read_object(answer, amount=payout.paid_amount, transfer_group=payout.payout_id)
            )

    def get(self, transfer_id: str) -> StripeTransfer:
        """Read a transfer.

        Raises:
            StripeRefusedError: Stripe does not know it.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            answer = self._connection.v1.transfers.retrieve(
                transfer_id, options=self._connection.options()
            )
            return stripe_transfer_from(read_object(answer, id=transfer_id))

    def list_of_payout(self, payout_id: str) -> list[StripeTransfer]:
        """Return all transfers that were made for a payout.

        Raises:
            StripeRefusedError: Stripe refused the question.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors(TRANSFER):
            return self._list({"transfer_group": payout_id}, transfer_group=payout_id)

    def list_created(self, since: datetime, until: datetime) -> list[StripeTransfer]:
        """Return all transfers that the platform made in a time, without its end.

        Raises:
            StripeRefusedError: Stripe refused the question.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            return self._list({"created": between(since, until)})

    def _list(self, params: Mapping[str, Any], **expected: str) -> list[StripeTransfer]:
        listing, options = self._connection.v1.transfers.list, self._connection.options()
        found = read_pages(listing, params, options, **expected)
        return [stripe_transfer_from(each) for each in found]

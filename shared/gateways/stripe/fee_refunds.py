"""Application fees and their refunds at Stripe, all on the platform's account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.fee_refund import FeeRefund
from shared.domain.stripe_balance import StripeFee, stripe_fee_from
from shared.gateways.stripe.connection import PAGE_SIZE, StripeConnection, plain
from shared.gateways.stripe.errors import repeated_refund_refusal, translated_errors


@dataclass(frozen=True, slots=True)
class ApplicationFeeRefund:
    """A refund of an application fee as Stripe reports it.

    Attributes:
        amount: In minor units.
        key: The idempotency key in its metadata, or None if it was made by hand.
    """

    amount: int
    key: str | None


class StripeFeeRefunds:
    """Application fees and their refunds. Amounts in minor units."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def create(self, fee_refund: FeeRefund) -> None:
        """Refund the amount in flight of a direct charge's application fee.

        https://docs.stripe.com/api/fee_refunds/create

        Raises:
            StripeRefusedError: Stripe has not made the refund.
            StripeOutcomeUnknownError: Stripe may have made it.
        """
        with translated_errors(repeated_refund_refusal):
            self._connection.v1.application_fees.refunds.create(
                fee_refund.application_fee_id,
                {
                    "amount": fee_refund.in_flight_amount,
                    "metadata": {
                        "order_id": fee_refund.order_id,
                        "studio_id": fee_refund.studio_id,
                        "key": fee_refund.idempotency_key,
                    },
                },
                self._connection.options(idempotency_key=fee_refund.idempotency_key),
            )

    def list_of_fee(self, application_fee_id: str) -> list[ApplicationFeeRefund]:
        """Return all refunds of an application fee.

        Raises:
            StripeRefusedError: Stripe does not know the fee.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            page = self._connection.v1.application_fees.refunds.list(
                application_fee_id, {"limit": PAGE_SIZE}, self._connection.options()
            )
            return [_fee_refund_from(plain(each)) for each in page.auto_paging_iter()]

    def get_fee(self, application_fee_id: str) -> StripeFee:
        """Read an application fee with the amount refunded.

        Raises:
            StripeRefusedError: Stripe does not know the fee.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with translated_errors():
            answer = self._connection.v1.application_fees.retrieve(
                application_fee_id, options=self._connection.options()
            )
            return stripe_fee_from(plain(answer))


def _fee_refund_from(source: Mapping[str, Any]) -> ApplicationFeeRefund:
    metadata = source.get("metadata") or {}
    return ApplicationFeeRefund(int(source["amount"]), metadata.get("key"))

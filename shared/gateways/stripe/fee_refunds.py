"""Application fees and their refunds at Stripe, all on the platform's account."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.domain.fee_refund import FeeRefund
from shared.domain.stripe_balance import StripeFee, stripe_fee_from
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.gateways.stripe.connection import StripeConnection, read_object, read_pages
from shared.gateways.stripe.errors import REPEATED_REFUND, translated_errors


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
        with translated_errors(REPEATED_REFUND):
            answer = self._connection.v1.application_fees.refunds.create(
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
            read_object(
                answer,
                object="fee_refund",
                fee=fee_refund.application_fee_id,
                amount=fee_refund.in_flight_amount,
            )

    def list_of_fee(self, application_fee_id: str) -> list[ApplicationFeeRefund]:
        """Return all refunds of an application fee.

        Raises:
            StripeRefusedError: Stripe does not know the fee.
            StripeOutcomeUnknownError: The list is not complete.
        """
        with translated_errors():
            found = read_pages(
                partial(self._connection.v1.application_fees.refunds.list, application_fee_id),
                {},
                self._connection.options(),
                object="fee_refund",
                fee=application_fee_id,
            )
            return [_fee_refund_from(each) for each in found]

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
            return stripe_fee_from(read_object(answer, id=application_fee_id))


def _fee_refund_from(source: Mapping[str, Any]) -> ApplicationFeeRefund:
    amount, metadata = source.get("amount"), source.get("metadata") or {}
    if type(amount) is not int or not isinstance(metadata, Mapping):
        raise MalformedStripeObjectError("a fee refund without an integer amount or its metadata")
    return ApplicationFeeRefund(amount, metadata.get("key"))

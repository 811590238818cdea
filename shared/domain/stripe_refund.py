"""A refund as Stripe reports it, read strictly from an event or an API answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.order import OrderKey
from shared.domain.refund import RefundStatus
from shared.domain.refund_metadata import RefundMetadata, order_key_from, refund_metadata_from
from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string

# https://docs.stripe.com/api/refunds/object#refund_object-status
_STATUS = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.CANCELED,
}


@dataclass(frozen=True, slots=True)
class StripeRefund:
    """A refund as Stripe reports it. ``amount`` in minor units.

    ``refund_id`` and ``order_key`` are what its metadata names; anybody with access to Stripe may
    have edited that. Some refunds name only their payment intent, and then ``charge_id`` is None.
    ``metadata`` describes the refund as it was requested here, or is None for an external refund.
    """

    stripe_refund_id: str
    charge_id: str | None
    status: RefundStatus
    amount: int
    currency: str
    refund_id: str | None = None
    order_key: OrderKey | None = None
    pending_reason: str | None = None
    failure_reason: str | None = None
    created: int = 0
    metadata: RefundMetadata | None = None
    payment_intent_id: str | None = None
    balance_transaction_id: str | None = None
    failure_balance_transaction_id: str | None = None
    reason: str | None = None

    @property
    def is_release(self) -> bool:
        """Whether it only releases an authorization, so that no money moves.

        Stripe shows the release of an uncaptured charge, or of the part that was not captured, as
        a refund without a balance transaction:
        https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
        """
        if self.reason == "expired_uncaptured_charge":
            return True
        return self.status is RefundStatus.SUCCEEDED and self.balance_transaction_id is None


def stripe_refund_from(source: Mapping[str, Any]) -> StripeRefund:
    """Return the refund of a Stripe ``refund`` object.

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    if source.get("object") != "refund":
        raise MalformedStripeObjectError("expected a refund object")
    # Stripe's description allows null. Null, like a status that is newer than this code, is not
    # final, so the refund is polled again.
    named = None if source.get("status") is None else string(source, "status")
    status = _STATUS.get(named or "", RefundStatus.PENDING)
    amount = source.get("amount")
    if type(amount) is not int or amount <= 0:
        raise MalformedStripeObjectError("a refund without a positive integer amount")
    metadata = source.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, Mapping):
        raise MalformedStripeObjectError("a refund whose metadata is not an object")
    created = source.get("created")
    return StripeRefund(
        stripe_refund_id=string(source, "id"),
        charge_id=None if source.get("charge") is None else string(source, "charge"),
        status=status,
        amount=amount,
        currency=string(source, "currency"),
        refund_id=optional_id(metadata, "refund_id"),
        order_key=order_key_from(metadata),
        pending_reason=optional_id(source, "pending_reason"),
        failure_reason=optional_id(source, "failure_reason"),
        created=created if type(created) is int else 0,
        metadata=refund_metadata_from(metadata, amount),
        payment_intent_id=optional_id(source, "payment_intent"),
        balance_transaction_id=optional_id(source, "balance_transaction"),
        failure_balance_transaction_id=optional_id(source, "failure_balance_transaction"),
        reason=optional_id(source, "reason"),
    )

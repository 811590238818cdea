"""The status of an order's payment."""

from datetime import timedelta
from enum import StrEnum

# How long after the import, or after a reading, a schedule first has the charge read again. The
# message to the queue, or Stripe's event, nearly always comes before.
FIRST_CHECK_DELAY = timedelta(minutes=10)


class PaymentStatus(StrEnum):
    """The status of an order's payment. Only a paid order is a sale and can be refunded."""

    # The order was imported without a charge.
    NOT_CHARGED = "not_charged"
    # The charge was not read at Stripe yet.
    UNVERIFIED = "unverified"
    # Stripe waits for the bank (ACH, SEPA).
    PENDING = "pending"
    # The card is authorized, and the money was not taken yet.
    UNCAPTURED = "uncaptured"
    PAID = "paid"
    FAILED = "failed"
    # The authorization was released without taking money.
    EXPIRED = "expired"
    # Stripe took another amount, currency or application fee than the import says.
    DIFFERS = "differs"
    # Stripe does not know the charge.
    NOT_FOUND = "not_found"


# The charge is asked for again until it is paid or has ended.
UNSETTLED_PAYMENTS = frozenset(
    {
        PaymentStatus.UNVERIFIED,
        PaymentStatus.PENDING,
        PaymentStatus.UNCAPTURED,
        PaymentStatus.NOT_FOUND,
    }
)
# A person must correct the order's import.
WRONG_PAYMENTS = frozenset({PaymentStatus.DIFFERS, PaymentStatus.NOT_FOUND})

# What staff read about an order that is not paid: what happened, and what to do.
PAYMENT_WORDS: dict[PaymentStatus, str] = {
    PaymentStatus.NOT_CHARGED: "This order was not charged through Stripe.",
    PaymentStatus.UNVERIFIED: (
        "Stripe has not confirmed this order's payment yet. Try again in a minute."
    ),
    PaymentStatus.PENDING: (
        "The parent's bank has not paid yet, so there is nothing to refund. Cancel the payment in "
        "Stripe if the order is canceled."
    ),
    PaymentStatus.UNCAPTURED: (
        "The parent's card is only authorized; no money was taken. Release the authorization in "
        "Stripe instead of refunding."
    ),
    PaymentStatus.PAID: "This order is paid.",
    PaymentStatus.FAILED: "The payment failed, so there is nothing to refund.",
    PaymentStatus.EXPIRED: (
        "The card authorization was released without taking money, so there is nothing to refund."
    ),
    PaymentStatus.DIFFERS: (
        "Stripe charged this order differently than it was imported. Import the order again with "
        "the amounts that Stripe has."
    ),
    PaymentStatus.NOT_FOUND: (
        "Stripe does not know this order's charge. Import the order again with the right charge "
        "and account."
    ),
}

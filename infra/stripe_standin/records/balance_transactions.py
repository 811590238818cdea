"""Balance transactions."""

from infra.stripe_standin.records.base import StripeRecord


class BalanceTransactionRecord(StripeRecord):
    """One movement of an account's balance.

    Attributes:
        source: The id of the object that moved the balance.
        exchange_rate: How the amount was converted; None if it was not.
        stripe_fee: Stripe's share of the amount.
        application_fee: The platform's share of the amount.
    """

    type: str
    reporting_category: str
    amount: int
    currency: str
    source: str
    description: str | None = None
    exchange_rate: str | None = None
    stripe_fee: int = 0
    application_fee: int = 0

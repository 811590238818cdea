"""Where a record comes from."""

from enum import StrEnum


class RecordSource(StrEnum):
    """Where a record comes from: our API, Stripe, or the operator command.

    Stripe is the source of an external refund, and of a payout that was restored from its transfer.
    """

    API = "api"
    STRIPE = "stripe"
    OPERATOR = "operator"

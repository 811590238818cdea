"""The function's connection to Stripe. Importing this module imports Stripe's SDK."""

from shared.edge.settings import setting
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.pace import Pace


def connect_to_stripe(secrets: Secrets, pace: Pace | None = None) -> StripeConnection:
    """Return the connection to Stripe. It reads the API key from the secrets' cache each time.

    Args:
        secrets: The secrets.
        pace: How to wait when Stripe answers 429; None if a caller waits, who is told at once.
    """
    return StripeConnection(
        setting("STRIPE_API_BASE"),
        lambda: secrets.stripe_api_key(setting("STRIPE_SECRET_ARN")),
        pace,
    )

"""The function's connection to Stripe. Importing this module imports Stripe's SDK."""

from shared.edge.settings import setting
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.connection import StripeConnection


def connect_to_stripe(secrets: Secrets) -> StripeConnection:
    """Return the connection to Stripe. It reads the API key from the secrets' cache each time."""
    return StripeConnection(
        setting("STRIPE_API_BASE"), lambda: secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
    )

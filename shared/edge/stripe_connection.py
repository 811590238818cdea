"""The connection to Stripe that a function's settings name. Importing this imports Stripe's SDK."""

from shared.edge.settings import setting
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.connection import StripeConnection


def connect_to_stripe(secrets: Secrets) -> StripeConnection:
    """Return the connection. It reads the API key with each request, from the secrets' cache."""
    return StripeConnection(
        setting("STRIPE_API_BASE"), lambda: secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
    )

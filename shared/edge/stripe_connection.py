"""The function's connection to Stripe. Importing this module imports Stripe's SDK."""

from shared.edge.settings import setting
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.key_mode import require_mode


def connect_to_stripe(secrets: Secrets) -> StripeConnection:
    """Return the connection to Stripe. It reads the API key from the secrets' cache each time.

    A key of the other mode is refused before each call: StripeKeyError.
    """

    def api_key() -> str:
        key = secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
        return require_mode(key, livemode=setting("STRIPE_LIVEMODE") == "true")

    return StripeConnection(setting("STRIPE_API_BASE"), api_key)

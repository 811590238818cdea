"""The function's connection to Stripe. Importing this module imports Stripe's SDK."""

from http import HTTPStatus

from shared.edge.observability import count
from shared.edge.settings import setting
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.key_mode import require_mode
from shared.gateways.stripe.pace import Pace


def connect_to_stripe(secrets: Secrets, pace: Pace | None = None) -> StripeConnection:
    """Return the connection to Stripe. It reads the API key from the secrets' cache each time.

    A key of the other mode is refused before each call: StripeKeyError.

    Args:
        secrets: The secrets.
        pace: How long to wait when Stripe answers 429; None for one short pause.
    """

    def api_key() -> str:
        key = secrets.stripe_api_key(setting("STRIPE_SECRET_ARN"))
        return require_mode(key, livemode=setting("STRIPE_LIVEMODE") == "true")

    return StripeConnection(setting("STRIPE_API_BASE"), api_key, count_answer, pace)


def count_answer(status: int | None) -> None:
    """Count an answer of Stripe by its kind, for the alarms and the technical dashboard.

    Args:
        status: The HTTP status, or None if no answer came.
    """
    count(metric_of(status))


def metric_of(status: int | None) -> str:
    """Return the metric that counts an answer."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "StripeUnauthorized"
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "StripeRateLimited"
        case None:
            return "StripeFailed"
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "StripeFailed"
        case _ if status >= HTTPStatus.BAD_REQUEST:
            return "StripeRefused"
        case _:
            return "StripeAnswered"

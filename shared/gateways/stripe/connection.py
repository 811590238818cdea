"""The connection to Stripe's API, through its SDK."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import stripe

from shared.gateways.stripe.api_version import API_VERSION

if TYPE_CHECKING:
    from stripe._v1_services import V1Services

# Two tries of 9 s and a pause stay below the 20 s that a caller waits for an answer.
_TIMEOUT_SECONDS = 9
_RETRIES = 1

# The most that Stripe lists at once: https://docs.stripe.com/api/pagination
PAGE_SIZE = 100


class StripeConnection:
    """A connection to Stripe's API.

    Args:
        base: The API's base URL.
        api_key: Returns the secret key. It is called for each request, so that a new key is used
            as soon as it is stored.
    """

    def __init__(self, base: str, api_key: Callable[[], str]) -> None:
        self._api_key = api_key
        self._client = stripe.StripeClient(
            "given with each call",
            base_addresses={"api": base},
            stripe_version=API_VERSION,
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
        )

    @property
    def v1(self) -> "V1Services":
        """The SDK's services of the v1 API."""
        return self._client.v1

    def check_key(self) -> None:
        """Read the key, so that a missing one is noticed before anything is reserved."""
        self._api_key()

    def options(
        self, account_id: str | None = None, idempotency_key: str | None = None
    ) -> stripe.RequestOptions:
        """Return the options of a request.

        Args:
            account_id: The connected account to act on; None for the platform's own.
            idempotency_key: The key under which Stripe does it once.
        """
        options: stripe.RequestOptions = {"api_key": self._api_key()}
        if account_id is not None:
            options["stripe_account"] = account_id
        if idempotency_key is not None:
            options["idempotency_key"] = idempotency_key
        return options


def between(since: datetime, until: datetime) -> Any:  # noqa: ANN401  # the SDK's own type differs by list
    """Return the parameter ``created`` for a time, without its end."""
    return {"gte": int(since.timestamp()), "lt": int(until.timestamp())}


def plain(answer: stripe.StripeObject) -> Mapping[str, Any]:
    """Return an answer of the SDK as a plain mapping."""
    return answer.to_dict()

"""The connection to Stripe's API, through its SDK."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import stripe
from urllib3 import Timeout

from shared.domain.stripe_object import MalformedStripeObjectError, string
from shared.gateways.stripe.api_version import API_VERSION
from shared.gateways.stripe.http_client import Urllib3Client
from shared.gateways.stripe.pace import Pace

if TYPE_CHECKING:
    from stripe._v1_services import V1Services

# A packet and its repetition fit. Each address of Stripe's is tried for so long.
_CONNECT_SECONDS = 2
# Connecting and the wait for the answer together.
TRY_SECONDS = 9
_RETRIES = 1
# The SDK's pause before its first retry: stripe.HTTPClient.INITIAL_DELAY.
RETRY_PAUSE_SECONDS = 0.5
# The longest that one call takes. tests/unit/test_time_limits.py adds them up for each function.
CALL_SECONDS = (1 + _RETRIES) * TRY_SECONDS + _RETRIES * RETRY_PAUSE_SECONDS

# The most that Stripe lists at once: https://docs.stripe.com/api/pagination
PAGE_SIZE = 100


class StripeConnection:
    """A connection to Stripe's API.

    Args:
        base: The API's base URL.
        api_key: Returns the secret key. It is called for each request, so that a new key is used
            as soon as it is stored.
        on_answer: Is told the HTTP status of each try, or None if no answer came.
        pace: How long to wait when Stripe answers 429; None for one short pause.
    """

    def __init__(
        self,
        base: str,
        api_key: Callable[[], str],
        on_answer: Callable[[int | None], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self._api_key = api_key
        self._http = _http_client(on_answer, pace)
        self._client = stripe.StripeClient(
            "given with each call",
            base_addresses={"api": base},
            stripe_version=API_VERSION,
            max_network_retries=_RETRIES,
            http_client=self._http,
        )

    @property
    def v1(self) -> "V1Services":
        """The SDK's services of the v1 API."""
        return self._client.v1

    def close(self) -> None:
        """Close the connections that are open. The next call opens a new one."""
        self._http.close()

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


def _http_client(on_answer: Callable[[int | None], None], pace: Pace | None) -> Urllib3Client:
    timeout = Timeout(connect=_CONNECT_SECONDS, total=TRY_SECONDS)
    if pace is None:
        return Urllib3Client(timeout, on_answer)
    return _PacedClient(timeout, on_answer, pace)


class _PacedClient(Urllib3Client):
    """Sends a request again that Stripe answered with 429, so that no list has to begin again."""

    def __init__(
        self, timeout: Timeout, on_answer: Callable[[int | None], None], pace: Pace
    ) -> None:
        super().__init__(timeout, on_answer)
        self._pace = pace

    def request(  # type: ignore[override]  # as its base has it
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send a request, as often as Stripe asks us to slow down."""
        self._pace.check()
        tries = 0
        while True:
            answer = super().request(method, url, headers, post_data)
            if answer[1] != HTTPStatus.TOO_MANY_REQUESTS:
                return answer
            tries += 1
            self._pace.pause(tries)


def between(since: datetime, until: datetime) -> Any:  # noqa: ANN401  # the SDK's own type differs by list
    """Return the parameter ``created`` for a time, without its end."""
    return {"gte": int(since.timestamp()), "lt": int(until.timestamp())}


def read_object(answer: object, **expected: object) -> Mapping[str, Any]:
    """Return an answer of the SDK as a plain mapping.

    Args:
        answer: The answer.
        expected: Values that show that it is the object that was asked for.

    Raises:
        MalformedStripeObjectError: It is something else.
    """
    if not isinstance(answer, stripe.StripeObject):
        raise MalformedStripeObjectError("not an object")
    values = answer.to_dict()
    _require(values, expected)
    return values


def read_pages(
    read: Callable[[Any, stripe.RequestOptions], object],
    params: Mapping[str, Any],
    options: stripe.RequestOptions,
    **expected: object,
) -> Iterator[Mapping[str, Any]]:
    """Yield all objects of a list, page by page. An incomplete list raises.

    The SDK's own pages end quietly at an answer without objects, whatever else it is.

    Args:
        read: The SDK's method that reads a page.
        params: What to list.
        options: The options of each request.
        expected: Values that each object must have.

    Raises:
        MalformedStripeObjectError: A page is not such a list.
    """
    after: dict[str, str] = {}
    while True:
        page = read_object(read({**params, "limit": PAGE_SIZE, **after}, options), object="list")
        found, more = page.get("data"), page.get("has_more")
        if not isinstance(found, list) or type(more) is not bool:
            raise MalformedStripeObjectError("a list without data or has_more")
        for each in found:
            _require(each, expected)
            yield each
        if not more:
            return
        last = string(found[-1], "id") if found else ""
        if not last or last == after.get("starting_after"):
            raise MalformedStripeObjectError("a list that has more and does not go on")
        after = {"starting_after": last}


def _require(values: object, expected: Mapping[str, object]) -> None:
    if not isinstance(values, Mapping):
        raise MalformedStripeObjectError("not an object")
    for name, value in expected.items():
        if values.get(name) != value:
            raise MalformedStripeObjectError(f"an object with another {name}")

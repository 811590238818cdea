"""How requests reach Stripe: urllib3, which botocore has loaded already.

The SDK's own clients need another HTTP library, which takes a quarter of the time that bare boto3
takes to start. The SDK decides when it tries again. This client only says what may be tried again:

what went wrong                               tried again
────────────────────────────────────────────  ───────────
no connection, or none in time                yes
no answer in time, or the connection broke    yes
a body that does not come in time             yes
a body that is cut short or cannot be read    no
a certificate that cannot be verified         no
a request that cannot be sent                 no
an answer with the status 429                 yes
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import stripe
from urllib3 import PoolManager, Timeout, make_headers
from urllib3.exceptions import (
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
    TimeoutError,  # noqa: A004  # urllib3's own: of connecting and of reading
)

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

# Before an answer began. urllib3 reports these as they are, because it does not try again itself.
_MAY_SEND_AGAIN = (TimeoutError, NewConnectionError, ProtocolError, ProxyError)

# Each thread that calls Stripe at the same time keeps its connection.
_CONNECTIONS = 10


class Urllib3Client(stripe.HTTPClient):
    """Sends one request of the SDK at a time, and follows no redirect.

    Args:
        timeout: The limits of one try.
        on_answer: Is told the HTTP status of each try, or None if no whole answer came.
    """

    name = "urllib3"

    def __init__(self, timeout: Timeout, on_answer: Callable[[int | None], None]) -> None:
        super().__init__()
        self._on_answer = on_answer
        self._pool = PoolManager(
            maxsize=_CONNECTIONS, timeout=timeout, retries=False, ca_certs=stripe.ca_bundle_path
        )

    def request(  # type: ignore[override]  # the SDK's own clients return bytes too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Return Stripe's answer: its body, status and headers. Names of headers have any case.

        Raises:
            stripe.APIConnectionError: No whole answer came.
        """
        try:
            body, status, answered = self._answer(method, url, headers, post_data)
        except stripe.APIConnectionError:
            self._on_answer(None)
            raise
        self._on_answer(status)
        return body, status, answered

    def _should_retry(
        self,
        response: tuple[Any, int, Mapping[str, str] | None] | None,
        api_connection_error: stripe.APIConnectionError | None,
        num_retries: int,
        max_network_retries: int | None,
    ) -> bool:
        """Return whether the SDK tries again, after a pause. It does also after a 429.

        The SDK itself would give up at once, and a worker would take its next work faster than
        Stripe answers at other times: https://docs.stripe.com/rate-limits
        """
        is_limited = response is not None and response[1] == HTTPStatus.TOO_MANY_REQUESTS
        if is_limited and num_retries < (max_network_retries or 0):
            return True
        return bool(
            super()._should_retry(response, api_connection_error, num_retries, max_network_retries)
        )

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: str | None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        answer = self._send(method, url, headers, post_data)
        try:
            return answer.data, answer.status, answer.headers
        except (HTTPError, OSError) as error:
            raise _no_answer(error, may_send_again=isinstance(error, TimeoutError)) from error

    def _send(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: str | None
    ) -> "BaseHTTPResponse":
        try:
            return self._pool.request(
                method,
                url,
                body=post_data,
                headers={**make_headers(accept_encoding="gzip,deflate"), **(headers or {})},
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError, ValueError) as error:
            raise _no_answer(error, may_send_again=isinstance(error, _MAY_SEND_AGAIN)) from error

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()


def _no_answer(error: Exception, *, may_send_again: bool) -> stripe.APIConnectionError:
    kind = "certificate" if isinstance(error, SSLError) else "connection"
    return stripe.APIConnectionError(  # type: ignore[no-untyped-call]  # the SDK's own
        f"no answer because of the {kind}: {type(error).__name__}", should_retry=may_send_again
    )

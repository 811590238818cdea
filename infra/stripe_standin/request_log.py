"""The log of requests to Stripe's API, for tests that ask what the product really sent."""

from collections import deque
from itertools import count

from pydantic import BaseModel

from infra.stripe_standin.records import Json

_KEPT = 100_000


class LoggedRequest(BaseModel):
    """One request and how it ended.

    Attributes:
        at: Domain time in Unix seconds.
        status: None while the request runs, and when it got no answer.
        replayed: Whether a saved answer was given.
        error_code: The `code` of Stripe's error, or its `type` where it has none.
        faults: The faults that were in its way.
    """

    seq: int
    at: int
    request_id: str
    method: str
    path: str
    account: str | None = None
    idempotency_key: str | None = None
    stripe_version: str | None = None
    params: Json = {}
    status: int | None = None
    replayed: bool = False
    error_code: str | None = None
    faults: list[str] = []


class RequestLog:
    """Requests in order of arrival, numbered from 1; the numbers go on after a clearing."""

    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=_KEPT)
        self._numbers = count(1)

    def open(self, *, at: int, request_id: str, method: str, path: str) -> LoggedRequest:
        """Log the arrival of a request and return its entry, to be completed."""
        entry = LoggedRequest(
            seq=next(self._numbers), at=at, request_id=request_id, method=method, path=path
        )
        self._requests.append(entry)
        return entry

    def since(self, seq: int) -> list[LoggedRequest]:
        """Return the requests after number `seq`."""
        return [entry for entry in self._requests if entry.seq > seq]

    def clear(self) -> None:
        """Forget all requests."""
        self._requests.clear()

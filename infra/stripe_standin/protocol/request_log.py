"""The log of requests to Stripe's API. Tests read in it what a client really sent."""

from collections import deque
from itertools import count

from pydantic import BaseModel

from infra.stripe_standin.records.base import JsonObject

_MAX_ENTRIES = 100_000


class LoggedRequest(BaseModel):
    """One request and how it ended.

    Attributes:
        at: Simulated time in Unix seconds.
        status: None while the request runs, and if it got no response.
        api_key: The key that the request carried, once it was accepted.
        permissions: The permissions that a restricted key needs for the request.
        replayed: True for a response that was saved under the idempotency key.
        error_code: The `code` of Stripe's error, or its `type` if it has no code.
        faults: The faults that hit the request.
    """

    seq: int
    at: int
    request_id: str
    method: str
    path: str
    account: str | None = None
    api_key: str | None = None
    permissions: list[str] = []
    idempotency_key: str | None = None
    stripe_version: str | None = None
    params: JsonObject = {}
    status: int | None = None
    replayed: bool = False
    error_code: str | None = None
    faults: list[str] = []


class RequestLog:
    """Requests in order of arrival, numbered from 1. Clearing does not restart the numbers."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=_MAX_ENTRIES)
        self._numbers = count(1)

    def add(self, *, at: int, request_id: str, method: str, path: str) -> LoggedRequest:
        """Log the arrival of a request and return the entry for the caller to complete."""
        entry = LoggedRequest(
            seq=next(self._numbers), at=at, request_id=request_id, method=method, path=path
        )
        self._entries.append(entry)
        return entry

    def since(self, seq: int) -> list[LoggedRequest]:
        """Return the requests after number `seq`."""
        return [entry for entry in self._entries if entry.seq > seq]

    def clear(self) -> None:
        """Delete all entries."""
        self._entries.clear()

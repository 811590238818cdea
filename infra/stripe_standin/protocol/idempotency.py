"""Idempotency keys, see https://stripe.com/docs/api/idempotent_requests.

The response of the first execution is saved under the key, even a 500. A request that fails
before execution (validation, concurrent use, rate limit, authentication) saves nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.protocol.errors import (
    key_for_other_endpoint,
    key_for_other_parameters,
    key_in_use,
    key_too_long,
)
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.saved_responses import SavedResponse
from infra.stripe_standin.store import Store

_EXPIRES_AFTER_S = 24 * 3600
_MAX_LENGTH = 255


class IdempotencyKeys:
    """The keys of all accounts. The same key on two accounts is two keys."""

    def __init__(self, store: Store, clock: SimulatedClock) -> None:
        self._store = store
        self._clock = clock
        self._in_use: set[tuple[str | None, str]] = set()

    def find(
        self, account: str | None, key: str, *, path: str, params: JsonObject
    ) -> SavedResponse | None:
        """Return the response saved under the key; None if the key is new or has expired.

        Raises:
            StripeError: If the key is too long or was first used for another request.
        """
        if len(key) > _MAX_LENGTH:
            raise key_too_long()
        responses = self._store.saved_responses
        saved = responses.get((account, key))
        if saved is None:
            return None
        if saved.created + _EXPIRES_AFTER_S <= self._clock.now():
            del responses[account, key]
            return None
        if saved.path != path:
            raise key_for_other_endpoint(key, first=saved.path, now=path)
        if saved.params != params:
            raise key_for_other_parameters(key)
        return saved

    @contextmanager
    def lock(self, account: str | None, key: str) -> Iterator[None]:
        """Keep other requests from using the key during an execution.

        Raises:
            StripeError: If another request is using the key.
        """
        if (account, key) in self._in_use:
            raise key_in_use(key)
        self._in_use.add((account, key))
        try:
            yield
        finally:
            self._in_use.discard((account, key))

    def save(self, response: SavedResponse) -> None:
        """Save the response of an execution under its key."""
        self._store.saved_responses[response.account, response.key] = response

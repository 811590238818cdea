"""Idempotency keys, as https://stripe.com/docs/api/idempotent_requests describes them.

The first execution's answer is kept under the key, whatever it is, a 500 included. What fails
before execution begins (validation, concurrent use, rate limit, authentication) is not kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.stripe_standin.clock import Clock
from infra.stripe_standin.errors import (
    key_for_other_endpoint,
    key_for_other_parameters,
    key_in_use,
    key_too_long,
)
from infra.stripe_standin.records import Json, SavedAnswer
from infra.stripe_standin.store import Store

_FORGOTTEN_AFTER_S = 24 * 3600
_MAX_LENGTH = 255


class IdempotencyKeys:
    """The keys of all accounts; the same key on two accounts is two keys."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._held: set[tuple[str | None, str]] = set()

    def find(self, account: str | None, key: str, *, path: str, params: Json) -> SavedAnswer | None:
        """Return the answer saved under the key, if the request is the same.

        Raises:
            StripeError: If the key is too long or was first used for another request.
        """
        if len(key) > _MAX_LENGTH:
            raise key_too_long()
        answers = self._store.saved_answers
        saved = answers.get((account, key))
        if saved is None:
            return None
        if saved.created + _FORGOTTEN_AFTER_S <= self._clock.now():
            del answers[account, key]
            return None
        if saved.path != path:
            raise key_for_other_endpoint(key, first=saved.path, now=path)
        if saved.params != params:
            raise key_for_other_parameters(key)
        return saved

    @contextmanager
    def held(self, account: str | None, key: str) -> Iterator[None]:
        """Keep others from executing under the key meanwhile.

        Raises:
            StripeError: If another request holds it.
        """
        if (account, key) in self._held:
            raise key_in_use(key)
        self._held.add((account, key))
        try:
            yield
        finally:
            self._held.discard((account, key))

    def save(self, answer: SavedAnswer) -> None:
        """Keep the answer of an execution."""
        self._store.saved_answers[answer.account, answer.key] = answer

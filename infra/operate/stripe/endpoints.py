"""The webhook endpoints at Stripe: what one looks like, and what it has to look like.

An endpoint that this command made carries metadata, so that a run that was interrupted can go on:

    create ──► new (disabled) ──► live ──► old (its successor is live) ──► deleted
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from functions.stripe_webhook.handle_event import HANDLED_EVENTS
from shared.gateways.stripe.api_version import API_VERSION

# Stripe no longer sends refund.updated under its old name.
WEBHOOK_EVENTS = tuple(sorted(HANDLED_EVENTS - {"charge.refund.updated"}))

# Names of metadata.
STACK = "pps_stack"
KIND = "pps_kind"
STATE = "pps_state"
SECRET = "pps_secret"  # noqa: S105  # the name of a fingerprint
OLD_SINCE = "pps_old_since"


class EndpointKind(StrEnum):
    """Whose events an endpoint gets: the platform's own, or those of connected accounts."""

    PLATFORM = "platform"
    CONNECT = "connect"


class EndpointState(StrEnum):
    """Where an endpoint of this command stands. Only ``LIVE`` is meant to last."""

    NEW = "new"
    LIVE = "live"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A webhook endpoint at Stripe.

    Attributes:
        created: When it was made, in Unix seconds.
        api_version: The version of its events; None is the account's own.
        metadata: What this command wrote down, empty for an endpoint that a person made.
    """

    endpoint_id: str
    kind: EndpointKind
    url: str
    events: frozenset[str]
    api_version: str | None
    is_enabled: bool
    created: int
    metadata: Mapping[str, str]

    @property
    def state(self) -> EndpointState:
        """Where it stands. An endpoint that a person made is live."""
        return EndpointState(self.metadata.get(STATE, EndpointState.LIVE))

    @property
    def is_ours(self) -> bool:
        """Whether this command made it."""
        return STACK in self.metadata

    def is_known_by(self, secrets: Iterable[str]) -> bool:
        """Return whether the secret that this command got for it is among these."""
        return any(fingerprint(each) == self.metadata.get(SECRET) for each in secrets)

    def faults(self, url: str) -> list[str]:
        """Return what is wrong with it, one line each. What `set-up` cannot change comes last."""
        found = []
        if not self.is_enabled:
            found.append("is disabled")
        if self.url != url:
            found.append(f"sends to {self.url} and not to {url}")
        if missing := set(WEBHOOK_EVENTS) - self.events:
            found.append(f"lacks the events {', '.join(sorted(missing))}")
        if extra := self.events - set(WEBHOOK_EVENTS):
            found.append(f"has events that nothing handles: {', '.join(sorted(extra))}")
        return found

    @property
    def has_other_version(self) -> bool:
        """Whether its events are of another API version. Stripe cannot change that."""
        return self.api_version != API_VERSION


def fingerprint(secret: str) -> str:
    """Return what tells one signing secret from another and does not reveal it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def live_endpoint(endpoints: Iterable[WebhookEndpoint]) -> WebhookEndpoint | None:
    """Return the newest live endpoint of some of one kind. Ours comes before a person's."""
    live = [each for each in endpoints if each.state is EndpointState.LIVE]
    return max(live, key=lambda each: (each.is_ours, each.created), default=None)

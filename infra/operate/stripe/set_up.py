"""Setting up the webhook endpoints, and giving one a successor with another secret.

Stripe's API cannot roll a secret, and shows one only when an endpoint is created. So a secret is
rolled by a second endpoint:

    old endpoint  ════════════════ delivers ══════════════════════════╪ deleted
    new endpoint     created, secret stored ── wait ──► ══ delivers ══════════►
                                                        ├─ 3 days ──┤

No event is lost: one of the two always delivers, and the old one keeps retrying. In the overlap
each event comes twice, which the webhook function makes one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.failure import Failure
from infra.operate.stripe.endpoints import (
    OLD_SINCE,
    STATE,
    WEBHOOK_EVENTS,
    EndpointKind,
    EndpointState,
    WebhookEndpoint,
    live_endpoint,
)
from infra.operate.stripe.signing_secrets import SigningSecrets
from infra.operate.stripe.stripe_side import StripeSide
from shared.clock import Clock, rfc3339
from shared.gateways.secrets import MAX_AGE_SECONDS

# Functions read a new secret after as long as they keep the last one, and calls that run end.
SECRET_IS_KNOWN_AFTER = timedelta(seconds=MAX_AGE_SECONDS + 30)
# Stripe tries to deliver an event for three days: https://docs.stripe.com/webhooks#retries
RETRIES_LAST = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Change:
    """A change: what it is, in one line, and how to make it."""

    text: str
    make: Callable[[], None]


@dataclass(frozen=True, slots=True)
class SetUpEndpoints:
    """Plans what an endpoint still needs. A plan that was interrupted is planned again.

    ``wait`` waits until the functions know a secret that was stored.
    """

    stripe: StripeSide
    secrets: SigningSecrets
    clock: Clock
    wait: Callable[[timedelta], None]

    def set_up(self, kind: EndpointKind) -> list[Change]:
        """Return the changes that make an endpoint as it has to be, or none.

        Raises:
            Failure: A person has to look at it first.
        """
        found, stored = self.stripe.endpoints(kind), self.secrets.of(kind)
        live = live_endpoint(found)
        if live is None:
            return self._introduce(kind, found, stored, live)
        if live.is_ours and not live.is_known_by(stored):
            lost = self._delete(live, "its secret is not stored, so its events are refused")
            return [*self._introduce(kind, found, stored, None), lost]
        if not stored:
            raise Failure(
                f"A person made the {kind} endpoint {live.endpoint_id}, and its secret is not "
                "stored. Delete the endpoint in Stripe's dashboard, then repeat this."
            )
        return self._update(live) + [self._retire(each) for each in _replaced(found, live)]

    def roll(self, kind: EndpointKind) -> list[Change]:
        """Return the changes that give an endpoint a successor with a new secret.

        Raises:
            Failure: There is no endpoint, or its last roll has not ended.
        """
        found, stored = self.stripe.endpoints(kind), self.secrets.of(kind)
        live = live_endpoint(found)
        if live is None:
            raise Failure(f"There is no {kind} endpoint. Run `stripe set-up` first.")
        if any(each.state is EndpointState.OLD for each in found):
            raise Failure(
                f"The last roll of the {kind} endpoint has not ended. End it first, with "
                f"`stripe roll {kind} --end`."
            )
        if replaced := _replaced(found, live):  # the last run died before its last step
            return [self._retire(each) for each in replaced]
        return self._introduce(kind, found, stored, live)

    def end_roll(self, kind: EndpointKind, *, now: bool) -> list[Change]:
        """Return the changes that end a roll: only the new endpoint and its secret stay.

        Raises:
            Failure: Stripe may still retry events at the old endpoint, and ``now`` is not given.
        """
        found, stored = self.stripe.endpoints(kind), self.secrets.of(kind)
        live = live_endpoint(found)
        old = [each for each in found if each.state is EndpointState.OLD]
        if live is None or not live.is_known_by(stored):
            raise Failure(f"The {kind} endpoint is not set up. Run `stripe set-up` first.")
        ends_at = max((_old_since(each) + RETRIES_LAST for each in old), default=self.clock())
        if ends_at > self.clock() and not now:
            raise Failure(
                f"Until {rfc3339(ends_at)} Stripe may retry events at the old endpoint. End the "
                "roll after that, or with --now if the old secret has leaked."
            )
        changes = [self._delete(each, "its successor delivers") for each in old]
        kept = [each for each in stored if live.is_known_by([each])]
        if kept != stored:
            forget = Change(
                f"Store only the new secret of the {kind} endpoint.",
                lambda: self.secrets.store(kind, kept),
            )
            changes.append(forget)
        return changes

    def _update(self, live: WebhookEndpoint) -> list[Change]:
        faults = live.faults(self.stripe.url)
        if not faults:
            return []
        wanted = {
            "url": self.stripe.url,
            "enabled_events": list(WEBHOOK_EVENTS),
            "disabled": False,
        }
        text = f"Update the {live.kind} endpoint {live.endpoint_id}: it {'; it '.join(faults)}."
        return [Change(text, lambda: self._write(live, wanted))]

    def _introduce(
        self,
        kind: EndpointKind,
        found: Sequence[WebhookEndpoint],
        stored: Sequence[str],
        live: WebhookEndpoint | None,
    ) -> list[Change]:
        """Return the changes that make a new endpoint the live one, from wherever they stopped."""
        new = [each for each in found if each.state is EndpointState.NEW]
        usable = [each for each in new if each.is_known_by(stored)]
        changes = [self._delete(each, "its secret is lost") for each in new if each not in usable]
        made = usable[-1:]

        def create() -> None:
            endpoint, secret = self.stripe.create(kind)
            self.secrets.store(kind, [secret, *_still_used(found, self.secrets.of(kind))])
            made.append(endpoint)

        if not made:
            text = f"Create a {kind} endpoint for {self.stripe.url}, and store its secret."
            changes.append(Change(text, create))
        if live is not None:
            minutes = SECRET_IS_KNOWN_AFTER.total_seconds() / 60
            text = f"Wait {minutes:g} minutes, until the functions know the new secret."
            changes.append(Change(text, lambda: self.wait(SECRET_IS_KNOWN_AFTER)))
        enabled = {"disabled": False, "metadata": {STATE: EndpointState.LIVE.value}}
        text = f"Enable the new {kind} endpoint."
        changes.append(Change(text, lambda: self._write(made[0], enabled)))
        if live is not None:
            changes.append(self._retire(live))
        return changes

    def _write(self, endpoint: WebhookEndpoint, changes: Mapping[str, Any]) -> None:
        self.stripe.update(endpoint.endpoint_id, changes)

    def _retire(self, endpoint: WebhookEndpoint) -> Change:
        def retire() -> None:
            noted = {STATE: EndpointState.OLD.value, OLD_SINCE: rfc3339(self.clock())}
            self._write(endpoint, {"metadata": noted})

        text = f"Keep {endpoint.endpoint_id} for three more days, in which Stripe retries."
        return Change(text, retire)

    def _delete(self, endpoint: WebhookEndpoint, because: str) -> Change:
        text = f"Delete the {endpoint.kind} endpoint {endpoint.endpoint_id}: {because}."
        return Change(text, lambda: self.stripe.delete(endpoint.endpoint_id))


def _replaced(found: Sequence[WebhookEndpoint], live: WebhookEndpoint) -> list[WebhookEndpoint]:
    """Return the other live endpoints, if the live one is ours and so their successor."""
    others = [each for each in found if each.state is EndpointState.LIVE and each != live]
    return others if live.is_ours else []


def _still_used(found: Sequence[WebhookEndpoint], stored: Sequence[str]) -> list[str]:
    """Return the stored secrets that an endpoint may still sign with."""
    if any(not each.is_ours for each in found):  # nobody noted the secret of a person's endpoint
        return list(stored)
    return [secret for secret in stored if any(each.is_known_by([secret]) for each in found)]


def _old_since(endpoint: WebhookEndpoint) -> datetime:
    return datetime.fromisoformat(endpoint.metadata[OLD_SINCE])

"""What there is at Stripe, compared with what the stack needs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from infra.failure import Failure
from infra.operate.stripe.endpoints import (
    OLD_SINCE,
    EndpointKind,
    EndpointState,
    WebhookEndpoint,
    live_endpoint,
)
from infra.operate.stripe.keys import STRIPE_KEYS, StripeKey
from infra.operate.stripe.signing_secrets import SigningSecrets
from infra.operate.stripe.stored_keys import StoredKeys, of_the_stacks_mode
from infra.operate.stripe.stripe_side import StripeSide, knows_key
from shared.gateways.stripe.api_version import API_VERSION


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What it is, such as `platform endpoint`.
        ok: Whether it is as it has to be.
        found: What was found, in words.
        fix: What to do, or nothing.
    """

    what: str
    ok: bool
    found: str
    fix: str = ""

    def as_json(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CheckStripe:
    """Looks at the account, the functions' keys and both endpoints. It changes nothing."""

    stripe: StripeSide
    secrets: SigningSecrets
    keys: StoredKeys

    def __call__(self) -> Iterator[Finding]:
        """Yield what was found, the good things too."""
        try:
            yield Finding("account", ok=True, found=f"{self.stripe.account_id()} answers")
        except Failure as failure:
            yield Finding("account", ok=False, found=str(failure))
            return
        yield from (self._key(each) for each in STRIPE_KEYS)
        for kind in EndpointKind:
            yield from self._endpoints(kind)

    def _key(self, key: StripeKey) -> Finding:
        what, stored = f"key for {key.purpose}", self.keys.read(key)
        fix = f"stripe store-key {key.purpose}"
        if stored is None:
            return Finding(what, ok=False, found="is not stored", fix=fix)
        try:
            of_the_stacks_mode(self.keys.stack, stored)
        except Failure as failure:
            return Finding(what, ok=False, found=str(failure), fix=fix)
        if not knows_key(self.keys.stack.output("StripeApiBase"), stored):
            return Finding(what, ok=False, found="Stripe does not know it", fix=fix)
        if not stored.startswith("rk_"):
            return Finding(what, ok=True, found="may do everything: use a restricted one", fix=fix)
        return Finding(what, ok=True, found="a restricted key of the stack's mode")

    def _endpoints(self, kind: EndpointKind) -> Iterator[Finding]:
        what, found, stored = f"{kind} endpoint", self.stripe.endpoints(kind), self.secrets.of(kind)
        live = live_endpoint(found)
        if live is None:
            yield Finding(what, ok=False, found="there is none", fix="stripe set-up")
            return
        faults = live.faults(self.stripe.url)
        for fault in faults:
            yield Finding(what, ok=False, found=f"{live.endpoint_id} {fault}", fix="stripe set-up")
        if live.has_other_version:
            version = live.api_version or "the account's own API version"
            sends = f"{live.endpoint_id} sends events of {version} and not of {API_VERSION}"
            yield Finding(what, ok=False, found=sends, fix=f"stripe roll {kind}")
        elif not faults:
            sends = f"{live.endpoint_id} sends {len(live.events)} events of {API_VERSION}"
            yield Finding(what, ok=True, found=sends)
        yield _secret(live, stored)
        yield from (_other(each) for each in found if each != live)


def _secret(live: WebhookEndpoint, stored: list[str]) -> Finding:
    what = f"{live.kind} secret"
    if live.is_known_by(stored):
        return Finding(what, ok=True, found=f"stored, {len(stored)} in all")
    if live.is_ours or not stored:
        return Finding(what, ok=False, found="is not stored", fix="stripe set-up")
    made = "stored, but a person made the endpoint, so nothing shows that it is the right one"
    return Finding(what, ok=True, found=made, fix=f"stripe roll {live.kind}")


def _other(endpoint: WebhookEndpoint) -> Finding:
    """Return the finding about an endpoint beside the live one."""
    what, kind, id_ = f"{endpoint.kind} endpoint", endpoint.kind, endpoint.endpoint_id
    if endpoint.state is EndpointState.OLD:
        since = endpoint.metadata[OLD_SINCE]
        rolling = f"{id_} has been old since {since}"
        return Finding(what, ok=True, found=rolling, fix=f"stripe roll {kind} --end")
    if endpoint.state is EndpointState.NEW:
        found = f"{id_} is of a roll that was interrupted"
        return Finding(what, ok=False, found=found, fix=f"stripe roll {kind}")
    return Finding(what, ok=False, found=f"{id_} is one too many", fix="delete it in Stripe")

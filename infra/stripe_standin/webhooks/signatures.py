"""Webhook signatures, see https://stripe.com/docs/webhooks#verify-manually."""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from infra.stripe_standin.records.webhooks import WebhookEndpointRecord


def signing_secrets(endpoint: WebhookEndpointRecord, now: int) -> list[str]:
    """Return the endpoint's valid secrets: two while it rolls from one to the next."""
    is_rolling = endpoint.old_secret_until is not None and now < endpoint.old_secret_until
    if endpoint.old_secret is not None and is_rolling:
        return [endpoint.secret, endpoint.old_secret]
    return [endpoint.secret]


def signature_header(payload: bytes, secrets: Iterable[str], at: int) -> str:
    """Return the `Stripe-Signature` header: the time `at`, and one `v1` for each secret."""
    signed = f"{at}.".encode() + payload
    signatures = (hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets)
    return ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])

"""The signature of a webhook: https://docs.stripe.com/webhooks#verify-manually.

Verified here and not by the SDK, because importing the SDK costs more than all else this function
does, and a forged request must not be able to make it pay that. A test compares the two.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

# Stripe's own default, both ways: a clock may be wrong in either direction.
TOLERANCE_SECONDS = 300

_UNIX_TIME = re.compile(r"[0-9]{1,12}")


class Endpoint(StrEnum):
    """Which of the two endpoints a request was signed for."""

    PLATFORM = "platform"
    CONNECT = "connect"


class SignatureRefusedError(Exception):
    """The request was not signed by Stripe, or not now."""


def verify(
    payload: bytes,
    header: str | None,
    secrets: Sequence[tuple[Endpoint, str]],
    now: int,
) -> frozenset[Endpoint]:
    """Check that the payload was signed with a secret, and return whose secret it is.

    Both endpoints' where they share one.

    Args:
        payload: The raw body.
        header: The ``Stripe-Signature`` header: ``t=<unix>,v1=<hex>[,v1=<hex>]``.
        secrets: The endpoints' signing secrets, two each while they roll.
        now: The time, in Unix seconds.

    Raises:
        SignatureRefusedError: It was not, or more than ``TOLERANCE_SECONDS`` ago or ahead.
    """
    if not header or not header.isascii():  # Stripe's are, and compare_digest wants it
        raise SignatureRefusedError("no Stripe-Signature header, or not one of Stripe's")
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    signatures = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not _UNIX_TIME.fullmatch(times[0]) or not signatures:
        raise SignatureRefusedError("a Stripe-Signature header without t and v1")
    signed = times[0].encode() + b"." + payload
    endpoints = frozenset(_signed_by(signed, signatures, secrets))
    if not endpoints:
        raise SignatureRefusedError("the signature does not match")
    if abs(now - int(times[0])) > TOLERANCE_SECONDS:
        raise SignatureRefusedError("the signature is too old or from the future")
    return endpoints


def _signed_by(
    signed: bytes, signatures: Sequence[str], secrets: Sequence[tuple[Endpoint, str]]
) -> Iterator[Endpoint]:
    for endpoint, secret in secrets:
        if not secret.strip():  # a secret that was never set must not verify anything
            continue
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        for signature in signatures:
            if hmac.compare_digest(expected, signature):
                yield endpoint

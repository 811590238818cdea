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

# The SDK signs the number, not its text: with a leading zero the two would differ.
_UNIX_TIME = re.compile(r"[1-9][0-9]{0,11}")


class Endpoint(StrEnum):
    """Which of the two endpoints a request was signed for."""

    PLATFORM = "platform"
    CONNECT = "connect"


class WebhookRejection(StrEnum):
    """Why a request was refused; a metric counts each."""

    NO_HEADER = "no_header"
    MALFORMED_HEADER = "malformed_header"
    MISMATCH = "mismatch"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"


class SignatureRefusedError(Exception):
    """The request was not signed by Stripe, or not now.

    Args:
        reason: Why, in short.
        detail: Why, for the caller; nothing of the header or a secret.
    """

    def __init__(self, reason: WebhookRejection, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


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
    if not header:
        raise SignatureRefusedError(
            WebhookRejection.NO_HEADER, "there is no Stripe-Signature header"
        )
    if not header.isascii():  # Stripe's are, and compare_digest wants it
        raise SignatureRefusedError(WebhookRejection.MALFORMED_HEADER, "the header is not ASCII")
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    signatures = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(times) != 1 or not _UNIX_TIME.fullmatch(times[0]) or not signatures:
        raise SignatureRefusedError(
            WebhookRejection.MALFORMED_HEADER, "the Stripe-Signature header has not one t and a v1"
        )
    signed = times[0].encode() + b"." + payload
    endpoints = frozenset(_signed_by(signed, signatures, secrets))
    if not endpoints:
        raise SignatureRefusedError(WebhookRejection.MISMATCH, "the signature does not match")
    age = now - int(times[0])
    if age > TOLERANCE_SECONDS:
        raise SignatureRefusedError(WebhookRejection.TOO_OLD, "the signature is too old")
    if age < -TOLERANCE_SECONDS:
        raise SignatureRefusedError(
            WebhookRejection.FROM_THE_FUTURE, "the signature is from the future"
        )
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

"""Verifies the signature of a webhook: https://docs.stripe.com/webhooks#verify-manually.

The SDK could do this. But importing it takes longer than everything else this function does, and a
forged request must not cause that cost. A test compares this code with the SDK.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

# Stripe's own default. It applies in both directions, because a clock may be slow or fast.
TOLERANCE_SECONDS = 300

# The SDK signs the number and not its text. With a leading zero the two would differ.
_UNIX_TIME = re.compile(r"[1-9][0-9]{0,11}")


class Endpoint(StrEnum):
    """The two endpoints whose secrets sign requests."""

    PLATFORM = "platform"
    CONNECT = "connect"


class WebhookRejection(StrEnum):
    """Why a request is refused. A metric counts each reason."""

    NO_HEADER = "no_header"
    MALFORMED_HEADER = "malformed_header"
    MISMATCH = "mismatch"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"


class SignatureRefusedError(Exception):
    """Stripe did not sign the request, or not recently.

    Args:
        reason: The reason that is counted.
        detail: The reason for the caller, without the header or a secret.
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
    """Return the endpoints whose secrets signed the payload: both if they share a secret.

    Args:
        payload: The raw body.
        header: The ``Stripe-Signature`` header: ``t=<unix>,v1=<hex>[,v1=<hex>]``.
        secrets: The endpoints' signing secrets; each endpoint has two while they roll.
        now: The present, in Unix seconds.

    Raises:
        SignatureRefusedError: No secret signed it, or its time is more than ``TOLERANCE_SECONDS``
            from the present.
    """
    if not header:
        raise SignatureRefusedError(
            WebhookRejection.NO_HEADER, "there is no Stripe-Signature header"
        )
    if not header.isascii():  # compare_digest accepts only ASCII, and so is Stripe's header
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
        if not secret.strip():  # an empty secret must not verify anything
            continue
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        for signature in signatures:
            if hmac.compare_digest(expected, signature):
                yield endpoint

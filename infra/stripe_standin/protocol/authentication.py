"""The API key of a request, see https://stripe.com/docs/api/authentication."""

import base64
import binascii
from collections.abc import Iterable
from secrets import compare_digest

from infra.stripe_standin.protocol.errors import no_api_key, wrong_api_key


def read_api_key(authorization: str | None, known: Iterable[str]) -> str:
    """Return a request's key, sent as a bearer token or as the user name of basic authentication.

    Args:
        authorization: The `Authorization` header.
        known: The keys that the stand-in accepts.

    Raises:
        StripeError: If the key is missing or wrong.
    """
    scheme, _, credentials = (authorization or "").partition(" ")
    key = credentials.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if scheme.lower() not in {"basic", "bearer"} or not key:
        raise no_api_key()
    if not any(compare_digest(key.encode(), each.encode()) for each in known):
        raise wrong_api_key(key)
    return key

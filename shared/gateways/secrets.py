"""Secrets from Secrets Manager, read again after five minutes.

Powertools has a cache too. It imports boto3, so the first request that needs a secret would wait.
"""

import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MAX_AGE_SECONDS = 300


class Secrets:
    """The product's secrets.

    Args:
        secretsmanager: A client.
    """

    def __init__(self, secretsmanager: "SecretsManagerClient") -> None:
        self._client = secretsmanager
        # By ARN: the secret, and the monotonic time at which it is read again.
        self._known: dict[str, tuple[dict[str, Any], float]] = {}

    def stripe_api_key(self, arn: str) -> str:
        """Return our secret API key for Stripe, from ``{"api_key": …}``."""
        return str(self._json(arn)["api_key"])

    def webhook_secrets(self, arn: str) -> tuple[list[str], list[str]]:
        """Return the signing secrets of the platform's and the Connect endpoint, newest first.

        They come from ``{"platform": [...], "connect": [...]}``. During a rotation each endpoint
        has two.
        """
        secrets = self._json(arn)
        return list(secrets["platform"]), list(secrets["connect"])

    def forget(self) -> None:
        """Read each secret again at its next use."""
        self._known.clear()

    def _json(self, arn: str) -> dict[str, Any]:
        if arn in self._known:
            secret, read_again_at = self._known[arn]
            if time.monotonic() < read_again_at:
                return secret
        secret = json.loads(self._client.get_secret_value(SecretId=arn)["SecretString"])
        if not isinstance(secret, dict):
            raise TypeError(f"the secret {arn} is not a JSON object")
        self._known[arn] = (secret, time.monotonic() + MAX_AGE_SECONDS)
        return secret

"""Secrets from Secrets Manager. Powertools caches them for five minutes."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider
    from mypy_boto3_secretsmanager import SecretsManagerClient

MAX_AGE_SECONDS = 300


class Secrets:
    """The product's secrets.

    Args:
        secretsmanager: A client.
    """

    def __init__(self, secretsmanager: "SecretsManagerClient") -> None:
        self._client = secretsmanager

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

    @cached_property
    def _provider(self) -> "SecretsProvider":
        # Imported on first use, because it imports boto3, and most requests need no secret.
        from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415

        return SecretsProvider(boto3_client=self._client)

    def _json(self, arn: str) -> dict[str, Any]:
        value = self._provider.get(arn, max_age=MAX_AGE_SECONDS, transform="json")
        if not isinstance(value, dict):
            raise TypeError(f"the secret {arn} is not a JSON object")
        return value

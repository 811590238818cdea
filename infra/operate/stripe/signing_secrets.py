"""The signing secrets of the webhook endpoints, where the webhook function reads them."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra.operate.stripe.endpoints import EndpointKind

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SigningSecrets:
    """The stored signing secrets, ``{"platform": [...], "connect": [...]}``, newest first.

    Args:
        client: A client.
        arn: The stack's secret.
    """

    def __init__(self, client: "SecretsManagerClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def of(self, kind: EndpointKind) -> list[str]:
        """Return the stored secrets of a kind of endpoint."""
        return self._read()[kind]

    def store(self, kind: EndpointKind, secrets: Iterable[str]) -> None:
        """Store the secrets of a kind of endpoint in place of those that are there."""
        stored = self._read() | {kind: list(secrets)}
        self._client.put_secret_value(
            SecretId=self._arn,
            SecretString=json.dumps({each.value: secrets for each, secrets in stored.items()}),
        )

    def _read(self) -> dict[EndpointKind, list[str]]:
        try:
            text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        except self._client.exceptions.ResourceNotFoundException:  # it has no value yet
            text = "{}"
        stored = json.loads(text)
        return {kind: list(stored.get(kind.value, [])) for kind in EndpointKind}

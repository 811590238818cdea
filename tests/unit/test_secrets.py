"""How long the functions use a secret before they read it again."""

import json
import time
from typing import TYPE_CHECKING, cast

import pytest

from shared.gateways.secrets import MAX_AGE_SECONDS, Secrets
from tests.own_thread import in_own_thread

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:stripe"


class _SecretsManager:
    """Answers with the secret that was stored last, and counts how often it was asked."""

    def __init__(self) -> None:
        self.stored: object = {"api_key": "sk_1"}
        self.asked = 0

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803  # AWS's name
        assert SecretId == ARN
        self.asked += 1
        return {"SecretString": json.dumps(self.stored)}


@pytest.fixture
def manager() -> _SecretsManager:
    return _SecretsManager()


@pytest.fixture
def secrets(manager: _SecretsManager) -> Secrets:
    return Secrets(cast("SecretsManagerClient", manager))


def test_a_secret_is_read_once_in_five_minutes(
    manager: _SecretsManager, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", in_own_thread(lambda: now, time.monotonic))
    assert secrets.stripe_api_key(ARN) == "sk_1"
    manager.stored = {"api_key": "sk_2"}
    now += MAX_AGE_SECONDS - 1
    assert secrets.stripe_api_key(ARN) == "sk_1"
    assert manager.asked == 1
    now += 1
    assert secrets.stripe_api_key(ARN) == "sk_2"


def test_a_forgotten_secret_is_read_again(manager: _SecretsManager, secrets: Secrets) -> None:
    assert secrets.stripe_api_key(ARN) == "sk_1"
    manager.stored = {"api_key": "sk_2"}
    secrets.forget()
    assert secrets.stripe_api_key(ARN) == "sk_2"


def test_a_secret_that_is_no_object_is_not_kept(manager: _SecretsManager, secrets: Secrets) -> None:
    manager.stored = "sk_1"
    with pytest.raises(TypeError, match="not a JSON object"):
        secrets.stripe_api_key(ARN)
    manager.stored = {"api_key": "sk_1"}
    assert secrets.stripe_api_key(ARN) == "sk_1"

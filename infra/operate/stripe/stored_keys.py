"""The API keys of the stack's functions, in Secrets Manager."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.failure import Failure
from infra.operate.stack import OperatedStack
from infra.operate.stripe.keys import StripeKey
from shared.gateways.stripe.key_mode import StripeKeyError, require_mode

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEY_VARIABLE = "STRIPE_API_KEY"


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """The stored keys, ``{"api_key": …}``, each in a secret of its own."""

    client: "SecretsManagerClient"
    stack: OperatedStack

    def read(self, key: StripeKey) -> str | None:
        """Return a key, or None if none is stored."""
        try:
            text = self.client.get_secret_value(SecretId=self.stack.output(key.output))
        except self.client.exceptions.ResourceNotFoundException:  # it has no value yet
            return None
        return str(json.loads(text["SecretString"])["api_key"])

    def store(self, key: StripeKey, api_key: str) -> None:
        """Store a key. Functions use it within five minutes."""
        self.client.put_secret_value(
            SecretId=self.stack.output(key.output), SecretString=json.dumps({"api_key": api_key})
        )


def of_the_stacks_mode(stack: OperatedStack, api_key: str) -> str:
    """Return a key that works in the stack's mode.

    Raises:
        Failure: It is no key, or of the other mode.
    """
    try:
        return require_mode(api_key, livemode=stack.output("StripeLivemode") == "true")
    except StripeKeyError as error:
        raise Failure(str(error)) from error


def operators_key(stack: OperatedStack, environment: dict[str, str]) -> str:
    """Return the key that an operator asks Stripe with. No function has it.

    Raises:
        Failure: It is not set, or of the other mode.
    """
    stack.output("StripeLivemode")  # another product's stack is refused first
    key = environment.get(KEY_VARIABLE, stack.stripe_api_key)
    if key is None:
        raise Failure(f"Set {KEY_VARIABLE} to your key for Stripe. The functions' keys do less.")
    return of_the_stacks_mode(stack, key)

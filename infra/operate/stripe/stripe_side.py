"""What this command asks Stripe: its own account, and webhook endpoints."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import stripe

from infra.failure import Failure
from infra.operate.stripe.endpoints import (
    KIND,
    SECRET,
    STACK,
    STATE,
    WEBHOOK_EVENTS,
    EndpointKind,
    EndpointState,
    WebhookEndpoint,
    fingerprint,
)
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.gateways.stripe.api_version import API_VERSION
from shared.gateways.stripe.connection import StripeConnection, read_object, read_pages


class StripeSide:
    """The platform's account at Stripe.

    Args:
        connection: A connection with a key that may read and write webhook endpoints.
        stack: The id of the stack whose endpoints they are.
        url: Where the stack takes events.
    """

    def __init__(self, connection: StripeConnection, stack: str, url: str) -> None:
        self._connection = connection
        self._stack = stack
        self.url = url

    def account_id(self) -> str:
        """Return the id of the account that the key belongs to.

        https://docs.stripe.com/api/accounts/retrieve

        Raises:
            Failure: Stripe refuses the key, or does not answer.
        """
        with stripe_failures():
            answer = self._connection.v1.accounts.retrieve_current(
                options=self._connection.options()
            )
            return str(read_object(answer, object="account")["id"])

    def endpoints(self, kind: EndpointKind) -> list[WebhookEndpoint]:
        """Return the stack's endpoints of a kind: those it made, and those that send to its URL.

        Raises:
            Failure: Stripe refuses, or does not answer.
        """
        with stripe_failures():
            found = read_pages(
                self._connection.v1.webhook_endpoints.list, {}, self._connection.options()
            )
            all_ = [_endpoint(each) for each in found]
        return [
            each
            for each in all_
            if each.kind is kind
            and (each.metadata.get(STACK) == self._stack or each.url == self.url)
        ]

    def create(self, kind: EndpointKind) -> tuple[WebhookEndpoint, str]:
        """Create an endpoint that gets no events yet. Return it with its signing secret.

        Stripe shows the secret this once. The fingerprint goes into the metadata, so that a later
        run knows whether the secret was stored.

        Raises:
            Failure: Stripe refuses, or does not answer.
        """
        params: Any = {
            "url": self.url,
            "enabled_events": list(WEBHOOK_EVENTS),
            "api_version": API_VERSION,
            "connect": kind is EndpointKind.CONNECT,
            "description": f"Refunds: events of {_WHOSE[kind]}",
            "metadata": {STACK: self._stack, KIND: kind.value, STATE: EndpointState.NEW.value},
        }
        with stripe_failures():
            answer = self._connection.v1.webhook_endpoints.create(
                params, self._connection.options()
            )
            made = read_object(answer, object="webhook_endpoint")
        endpoint_id, secret = str(made["id"]), str(made["secret"])
        noted = {"disabled": True, "metadata": {SECRET: fingerprint(secret)}}
        return self.update(endpoint_id, noted), secret

    def update(self, endpoint_id: str, changes: Mapping[str, Any]) -> WebhookEndpoint:
        """Change an endpoint. Stripe merges the metadata. Return the endpoint.

        Raises:
            Failure: Stripe refuses, or does not answer.
        """
        params: Any = dict(changes)
        with stripe_failures():
            answer = self._connection.v1.webhook_endpoints.update(
                endpoint_id, params, self._connection.options()
            )
            return _endpoint(read_object(answer, object="webhook_endpoint"))

    def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint. Stripe then stops sending what it could not deliver to it.

        https://docs.stripe.com/webhooks#retries

        Raises:
            Failure: Stripe refuses, or does not answer.
        """
        with stripe_failures():
            self._connection.v1.webhook_endpoints.delete(
                endpoint_id, options=self._connection.options()
            )


def knows_key(base: str, api_key: str) -> bool:
    """Return whether Stripe knows a key, whatever it may do.

    A restricted key need not read the account. Stripe then answers 403, and to an unknown key 401.

    Raises:
        Failure: Stripe does not answer.
    """
    connection = StripeConnection(base, lambda: api_key)
    with stripe_failures():
        try:
            connection.v1.accounts.retrieve_current(options=connection.options())
        except stripe.AuthenticationError:
            return False
        except stripe.PermissionError:
            return True
    return True


_WHOSE = {
    EndpointKind.PLATFORM: "the platform's account",
    EndpointKind.CONNECT: "connected accounts",
}


def _endpoint(values: Mapping[str, Any]) -> WebhookEndpoint:
    """Return the endpoint of Stripe's object.

    Only endpoints for connected accounts have an application:
    https://docs.stripe.com/api/webhook_endpoints/object
    """
    metadata = values.get("metadata") or {}
    kind = EndpointKind.CONNECT if values.get("application") else EndpointKind.PLATFORM
    return WebhookEndpoint(
        endpoint_id=str(values["id"]),
        kind=EndpointKind(metadata.get(KIND, kind)),
        url=str(values["url"]),
        events=frozenset(values["enabled_events"]),
        api_version=values.get("api_version"),
        is_enabled=values["status"] == "enabled",
        created=int(values["created"]),
        metadata=metadata,
    )


@contextmanager
def stripe_failures() -> Iterator[None]:
    """Report what Stripe refuses, or does not answer, as a failure in one line.

    Raises:
        Failure: An error of Stripe's SDK, or an answer that is not as documented.
    """
    try:
        yield
    except stripe.AuthenticationError as error:
        raise Failure(
            "Stripe does not know this key. Set STRIPE_API_KEY to a valid one."
        ) from error
    except stripe.StripeError as error:
        raise Failure(f"Stripe: {error.user_message or type(error).__name__}") from error
    except (MalformedStripeObjectError, KeyError, TypeError, ValueError) as error:
        raise Failure("Stripe's answer is not as documented. Try again.") from error

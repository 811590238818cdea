"""Restricted keys, see https://docs.stripe.com/keys/restricted-api-keys."""

from collections.abc import Iterable
from dataclasses import dataclass

from infra.stripe_standin.protocol.errors import StripeError

# The resource of each path, as Stripe's permissions name it. Refunds belong to charges.
_RESOURCES = {
    "account": "connected_account",
    "accounts": "connected_account",
    "application_fees": "application_fee",
    "balance": "balance",
    "balance_transactions": "balance_transaction_source",
    "charges": "charge",
    "disputes": "dispute",
    "events": "event",
    "payment_intents": "payment_intent",
    "refunds": "charge",
    "transfers": "transfer",
    "webhook_endpoints": "webhook",
}
# The resource behind each property that can be expanded.
_EXPANDED = {
    "application_fee": "application_fee",
    "balance_transaction": "balance_transaction_source",
    "charge": "charge",
    "failure_balance_transaction": "balance_transaction_source",
    "fee": "application_fee",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "refunds": "charge",
    "reversals": "transfer",
    "source": "balance_transaction_source",
    "transfer": "transfer",
}


@dataclass(frozen=True)
class RestrictedKey:
    """What a restricted key may do.

    Attributes:
        own: Its permissions on the platform's account, such as `rak_charge_read`.
        connect: Its permissions on connected accounts.
    """

    own: frozenset[str]
    connect: frozenset[str]

    def check(self, needed: Iterable[str], account: str | None) -> None:
        """Check that the key may do what a request needs. Writing includes reading.

        Raises:
            StripeError: A permission is missing.
        """
        has = self.own if account is None else self.connect
        for permission in needed:
            if permission in has or permission.removesuffix("_read") + "_write" in has:
                continue
            raise StripeError(
                403,
                "The provided key 'rk_test_***' does not have the required permissions for this "
                f"endpoint. Having the '{permission}' permission would allow this request to "
                "continue.",
            )


def needed_permissions(method: str, path: str, expand: Iterable[str]) -> list[str]:
    """Return the permissions that a request needs."""
    access = "read" if method == "GET" else "write"
    needed = {f"rak_{_RESOURCES[path.split('/')[2]]}_{access}"}
    names = {name for each in expand for name in each.split(".")}
    needed |= {f"rak_{_EXPANDED[name]}_read" for name in names if name in _EXPANDED}
    return sorted(needed)

"""The balance of an account as Stripe's JSON."""

from collections import Counter

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction
from infra.stripe_standin.store import Store

_CURRENCY_OF_AN_UNUSED_ACCOUNT = "usd"


def render_balance(store: Store, account: str | None, clock: SimulatedClock) -> JsonObject:
    """Render the sum of the account's balance transactions, by their status and currency."""
    sums: dict[str, Counter[str]] = {"available": Counter(), "pending": Counter()}
    currencies: set[str] = set()
    for record in store.balance_transactions.of_account(account).oldest_first():
        transaction = render_balance_transaction(record, clock)
        currencies.add(record.currency)
        sums[transaction["status"]][record.currency] += transaction["net"]
    shown = sorted(currencies) or [_CURRENCY_OF_AN_UNUSED_ACCOUNT]
    return {
        "object": "balance",
        **{
            status: [_funds(amounts[currency], currency) for currency in shown]
            for status, amounts in sums.items()
        },
        "livemode": False,
    }


def _funds(amount: int, currency: str) -> JsonObject:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}

"""Makes real test charges at Stripe for the demo's orders."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stripe

from infra.local.options import StripeServer
from infra.local.order_import import read_lines
from infra.operate.failure import Failure


def make_test_charges(
    server: StripeServer, orders: Path, target: Path, on_progress: Callable[[str], None]
) -> int:
    """Charge a test card for each platform-charged order, and write the orders anew.

    Direct charges need connected accounts, which a test key alone does not
    have, so those orders are left out.

    Args:
        server: Where to charge.
        orders: The orders to charge for.
        target: Where the orders with their real ids go.
        on_progress: Told how far it is.

    Returns:
        How many were charged.

    Raises:
        Failure: When Stripe refuses one.
    """
    client = stripe.StripeClient(server.api_key, base_addresses={"api": server.api_base})
    wanted = [json.loads(line) for line in read_lines(orders)]
    wanted = [order for order in wanted if order["stripe"].get("account_id") is None]
    charged = []
    for number, order in enumerate(wanted, 1):
        on_progress(f"{number} of {len(wanted)}")
        try:
            charged.append(_charge(client, order))
        except stripe.APIConnectionError as error:
            message = f"no Stripe answers at {server.api_base}"
            raise Failure(message) from error
        except stripe.StripeError as error:
            message = f"Stripe refused to charge for {order['order_id']}: {error.user_message}"
            raise Failure(message) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        "".join(json.dumps(order, ensure_ascii=False) + "\n" for order in charged),
        encoding="utf-8",
    )
    return len(charged)


def _charge(client: stripe.StripeClient, order: dict[str, Any]) -> dict[str, Any]:
    intent = client.v1.payment_intents.create(
        {
            "amount": order["total_amount"],
            "currency": order["currency"],
            "payment_method": "pm_card_visa",
            "confirm": True,
            # Asked for because the account may offer methods that redirect; the card does not.
            "return_url": "https://return.example/",
            "metadata": {"order_id": order["order_id"]},
            "expand": ["latest_charge.balance_transaction"],
        }
    )
    charge = intent.latest_charge
    if not isinstance(charge, stripe.Charge):
        message = f"{order['order_id']}: Stripe did not charge ({intent.status})"
        raise Failure(message)
    ids = {"charge_id": charge.id, "payment_intent_id": intent.id}
    changed: dict[str, Any] = {"stripe": order["stripe"] | ids}
    booked = charge.balance_transaction
    # The fee is in the account's currency; where that is another, the order keeps its own.
    if isinstance(booked, stripe.BalanceTransaction) and booked.currency == order["currency"]:
        changed["stripe_fee_amount"] = booked.fee
    return order | changed

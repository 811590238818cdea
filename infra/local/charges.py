"""Makes test charges at Stripe for the demo's orders."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stripe

from infra.failure import Failure
from infra.local.options import StripeServer
from infra.local.order_import import well_formed


def make_test_charges(
    server: StripeServer, orders: Path, target: Path, on_progress: Callable[[str], None]
) -> int:
    """Charge a test card for each platform-charged order, and save the orders with their charges.

    Leaves out orders with direct charges: they need connected accounts, which a
    test key alone does not have.

    Args:
        server: The Stripe that makes the charges.
        orders: The file of the orders.
        target: The file to write, with the charges' real ids.
        on_progress: Receives the progress in words.

    Returns:
        How many orders were charged.

    Raises:
        Failure: The file has no orders, or Stripe does not answer or refuses a charge.
    """
    client = stripe.StripeClient(server.api_key, base_addresses={"api": server.api_base})
    listed = well_formed(orders, "orders")
    wanted = [order for order in listed if order["stripe"].get("account_id") is None]
    charged = []
    for number, order in enumerate(wanted, 1):
        on_progress(f"{number} of {len(wanted)}")
        try:
            charged.append(charge_order(client, order))
        except stripe.APIConnectionError as error:
            raise Failure(f"No Stripe answers at {server.api_base}") from error
        except stripe.StripeError as error:
            raise Failure(
                f"Stripe refused to charge for {order['order_id']}: {error.user_message}"
            ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        "".join(json.dumps(order, ensure_ascii=False) + "\n" for order in charged),
        encoding="utf-8",
    )
    return len(charged)


def charge_order(client: stripe.StripeClient, order: dict[str, Any]) -> dict[str, Any]:
    """Charge a test card for an order, and return the order with the charge.

    Raises:
        Failure: Stripe did not charge.
        stripe.StripeError: Stripe refused, or does not answer.
    """
    intent = client.v1.payment_intents.create(
        {
            "amount": order["total_amount"],
            "currency": order["currency"],
            "payment_method": "pm_card_visa",
            "confirm": True,
            # Stripe requires it where the account offers methods that redirect. The card does not.
            "return_url": "https://return.example/",
            "metadata": {"order_id": order["order_id"]},
            "expand": ["latest_charge.balance_transaction"],
        }
    )
    charge = intent.latest_charge
    if not isinstance(charge, stripe.Charge):
        raise Failure(f"{order['order_id']}: Stripe did not charge ({intent.status})")
    ids = {"charge_id": charge.id, "payment_intent_id": intent.id}
    changed: dict[str, Any] = {"stripe": order["stripe"] | ids}
    booked = charge.balance_transaction
    # The fee is in the account's currency. If that differs, the order keeps its own fee.
    if isinstance(booked, stripe.BalanceTransaction) and booked.currency == order["currency"]:
        changed["stripe_fee_amount"] = booked.fee
    return order | changed

"""The pointer from a Stripe charge or payment intent to its order, in OrdersTable."""

from dataclasses import dataclass

from shared.domain.order import OrderKey
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import CHARGE_SK, charge_pk, payment_intent_pk, primary_key


@dataclass(frozen=True, slots=True)
class ChargePointer:
    """The order that a Stripe charge paid for, and the connected account of the charge, if any."""

    charge_id: str
    order: OrderKey
    account_id: str | None


def charge_to_item(pointer: ChargePointer) -> Item:
    """Return the item that points from a Stripe charge to its order."""
    return primary_key(charge_pk(pointer.charge_id), CHARGE_SK) | marshal(
        {
            "order_id": pointer.order.order_id,
            "studio_id": pointer.order.studio_id,
            "account_id": pointer.account_id,
        }
    )


def payment_intent_to_item(payment_intent_id: str, pointer: ChargePointer) -> Item:
    """Return the item that points from a Stripe payment intent to its charge and order."""
    values = charge_to_item(pointer) | marshal({"charge_id": pointer.charge_id})
    return values | primary_key(payment_intent_pk(payment_intent_id), CHARGE_SK)


def charge_from_values(values: Values) -> ChargePointer:
    """Return the pointer of an item's values, of a charge or of a payment intent."""
    return ChargePointer(
        values.get("charge_id") or values["PK"].removeprefix(charge_pk("")),
        OrderKey(values["studio_id"], values["order_id"]),
        values.get("account_id"),
    )

"""Makes Stripe and the books differ, as a lost answer or webhook would."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from shared.clock import rfc3339, utc_now
from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.orders_table import OrdersTable
from shared.gateways.records.fee_refund import fee_refund_to_item
from shared.gateways.records.keys import FEE_REFUND_SK, order_pk, primary_key
from tests.e2e.world import DIRECT_STUDIO, DeployedStack, Json, until

# Older than the webhooks that reconcile still waits for.
AGE = timedelta(hours=2)

_EXPANDED = {"expand[]": "data.source"}


@contextmanager
def fee_refund_stored(world: DeployedStack, fee_refund: FeeRefund) -> Iterator[None]:
    """Store a fee refund, and delete it at the end."""
    dynamodb, table = world.stack.aws.dynamodb, world.stack.tables["orders"]
    dynamodb.put_item(TableName=table, Item=fee_refund_to_item(fee_refund))
    yield
    key = primary_key(order_pk(fee_refund.order_key), FEE_REFUND_SK)
    dynamodb.delete_item(TableName=table, Key=key)


def lose_fee_answer(world: DeployedStack, refund: Json) -> None:
    """Date a direct refund's settlement two hours back, and lose the answer to its fee refund."""
    dynamodb, table = world.stack.aws.dynamodb, world.stack.tables["orders"]
    orders, fee_refunds = OrdersTable(dynamodb, table), FeeRefunds(dynamodb, table)
    order = OrderKey(DIRECT_STUDIO, refund["order_id"])

    def refunded() -> FeeRefund | None:
        fee = fee_refunds.get(order)
        return fee if fee and not fee.is_open else None

    fee = until(refunded, "application fee refunded")
    stored = orders.get_refund(order, refund["refund_id"])
    assert stored is not None
    at = rfc3339(utc_now() - AGE)
    history = tuple(replace(step, at=at) for step in stored.history)
    orders.advance_refund(replace(stored, history=history))
    fee_refunds.advance(
        replace(
            fee,
            refunded_amount=0,
            in_flight_amount=fee.refunded_amount,
            attempt_at=at,
            next_poll_at=rfc3339(utc_now() + AGE),
        )
    )
    move_back(world, "application_fee_refund", fee.application_fee_id)


def move_back(world: DeployedStack, kind: str, source_id: str) -> None:
    """Date the balance transaction of a refund, or of a fee's refund, two hours back.

    Args:
        world: The stack.
        kind: The type of the balance transaction.
        source_id: The id of the refund or of the fee.
    """
    listed = world.stripe("GET", "balance_transactions", type=kind, limit=100, **_EXPANDED)
    created = int((utc_now() - AGE).timestamp())
    for each in listed["data"]:
        if source_id in {each["source"]["id"], each["source"].get("fee")}:
            world.control(f"balance_transactions/{each['id']}", created=created)

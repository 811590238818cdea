"""The studio and its orders, as an operator imports them, and their charges at Stripe."""

from typing import Any

from tests.records import Record, line_record, order_record

STUDIO = "st_faults"
ACCOUNT = "acct_faults"


def studio_record(**changes: Any) -> Record:  # noqa: ANN401  # an import record's fields
    """Return the studio's import record, with changes. It is paid out monthly."""
    return {
        "studio_id": STUDIO,
        "name": "Lakeside",
        "timezone": "America/Chicago",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@lakeside.example",
        "stripe_account_id": ACCOUNT,
        "payout_account_id": ACCOUNT,
        "payout_schedule": "monthly",
        "negative_balance_limit": 50_000,
    } | changes


def sold_order_record(order_id: str, *, direct: bool = False, **changes: Any) -> Record:  # noqa: ANN401  # an import record's fields
    """Return an order's import record: $100.00, two lines and shipping, queued for print."""
    return order_record(
        order_id.removeprefix("ord_"),
        STUDIO,
        line_record("li_1", 3, 2500),
        line_record("li_2", 1, 1500),
        account_id=ACCOUNT if direct else None,
        shipping_amount=1000,
        fulfillment={"status": "queued", "claimed_by": None},
        **changes,
    )


def charge_of(order: Record) -> dict[str, Any]:
    """Return the Stripe charge of an order's import record."""
    stripe = order["stripe"]
    fee_id = stripe["application_fee_id"]
    return {
        "id": stripe["charge_id"],
        "payment_intent": stripe["payment_intent_id"],
        "amount": order["total_amount"],
        "currency": order["currency"],
        "fee": order["stripe_fee_amount"],
        "account": stripe["account_id"],
        "application_fee": fee_id,
        "application_fee_amount": order["rev_share_amount"] if fee_id else None,
    }

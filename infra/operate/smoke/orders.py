"""The smoke studio's orders, charged at Stripe in test mode."""

import json
import os
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import stripe

from infra.failure import Failure
from infra.local.charges import charge_order
from infra.local.order_import import import_file
from infra.operate.importing.fields import ImportKind
from infra.operate.stack import OperatedStack
from infra.operate.stripe.stored_keys import operators_key
from shared.clock import rfc3339, utc_now

# It has no payout account, so no run ever pays it.
STUDIO = {
    "studio_id": "st_smoke",
    "name": "Smoke Test",
    "timezone": "UTC",
    "currency": "usd",
    "rev_share_bps": 1500,
    "from_address": "smoke@example.com",
    "stripe_account_id": None,
    "negative_balance_limit": 50000,
}
TOTAL, REV_SHARE = 10_000, 1_500
_EXPECTED_FEE = 320


def test_mode_client(stack: OperatedStack) -> stripe.StripeClient:
    """Return a client with the operator's key, because the functions' keys may not charge.

    Raises:
        Failure: There is none, or it is not one of test mode, so a charge would take real money.
    """
    key = operators_key(stack, dict(os.environ))
    if "_test_" not in key:
        raise Failure(f"The stack {stack.name} is live. Smoke tests run in test mode only.")
    return stripe.StripeClient(key, base_addresses={"api": stack.output("StripeApiBase")})


def sell(stack: OperatedStack, client: stripe.StripeClient) -> dict[str, Any]:
    """Charge two orders, import them with their studio, and return the one to refund.

    The other one stays, so that the studio earns more than the refunds cost it.

    Raises:
        Failure: Stripe refuses to charge, or the import refuses a record.
    """
    try:
        refunded, kept = (charge_order(client, _new_order()) for _ in range(2))
    except stripe.StripeError as error:
        raise Failure(f"Stripe did not charge the test card: {error}") from error
    _import(stack, "studios", STUDIO)
    _import(stack, "orders", refunded, kept)
    return refunded


def _new_order() -> dict[str, Any]:
    order_id = f"smoke-{uuid.uuid4().hex[:12]}"
    return {
        "order_id": order_id,
        "studio_id": STUDIO["studio_id"],
        "placed_at": rfc3339(utc_now()),
        "currency": STUDIO["currency"],
        "parent": {"name": "Smoke Test", "email": "smoke@example.com"},
        "subjects": [{"subject_id": "sub_smoke", "name": "Smoke Test"}],
        "photo_day": {"photo_day_id": "pd_smoke", "name": "Smoke Test"},
        "line_items": [
            {
                "line_id": "li_1",
                "product": "Smoke Test",
                "sku": "SMOKE",
                "quantity": 1,
                "unit_amount": TOTAL,
                "discount_amount": 0,
                "tax_amount": 0,
                "subject_id": "sub_smoke",
            }
        ],
        "shipping_amount": 0,
        "shipping_tax_amount": 0,
        "total_amount": TOTAL,
        "rev_share_amount": REV_SHARE,
        "stripe_fee_amount": _EXPECTED_FEE,
        "stripe": {
            "charge_id": None,
            "payment_intent_id": None,
            "account_id": None,
            "application_fee_id": None,
        },
        "fulfillment": {"status": "queued", "claimed_by": None},
    }


def _import(stack: OperatedStack, kind: ImportKind, *records: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
        done = import_file(stack, kind, path, lambda _: None)
    if done.counts.problems:
        raise Failure(f"The import refused the smoke test's {kind}: {done.counts.problems[0]}")

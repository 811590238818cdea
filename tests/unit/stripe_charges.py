"""A charge as Stripe reports it."""

from datetime import UTC, datetime

from shared.domain.stripe_charge import StripeCharge

CHARGE = StripeCharge(
    charge_id="ch_1",
    status="succeeded",
    captured=True,
    refunded=False,
    amount_captured=10_000,
    amount_refunded=0,
    currency="usd",
    balance_transaction_id="txn_1",
    paid_at=datetime(2026, 10, 14, tzinfo=UTC),
    stripe_fee_amount=447,
)

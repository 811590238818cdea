"""The status of an order's payment, as Stripe's charge says."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.charge_posting import post_payment
from shared.domain.ledger import EntryKind
from shared.domain.payment import payment_of
from shared.domain.payment_status import PAYMENT_WORDS, PaymentStatus
from shared.domain.stripe_charge import stripe_charge_from
from shared.domain.stripe_object import MalformedStripeObjectError

from .orders import AT, hundred_dollars
from .stripe_charges import CHARGE


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PaymentStatus.PAID),
        ({"status": "pending", "balance_transaction_id": None}, PaymentStatus.PENDING),
        ({"status": "failed", "balance_transaction_id": None}, PaymentStatus.FAILED),
        ({"captured": False, "balance_transaction_id": None}, PaymentStatus.UNCAPTURED),
        (
            {"captured": False, "refunded": True, "balance_transaction_id": None},
            PaymentStatus.EXPIRED,
        ),
        ({"balance_transaction_id": None}, PaymentStatus.PENDING),
        ({"status": "a_status_of_next_year"}, PaymentStatus.PENDING),
        ({"amount_captured": 9_999}, PaymentStatus.DIFFERS),
        ({"currency": "eur"}, PaymentStatus.DIFFERS),
    ],
)
def test_only_money_that_is_there_and_fits_the_import_is_paid(
    changes: dict[str, Any], status: PaymentStatus
) -> None:
    payment = payment_of(hundred_dollars().order, replace(CHARGE, **changes))
    assert payment.status is status
    posting = post_payment(_unverified(), payment, AT, AT)
    assert bool(posting.drafts) == (status is PaymentStatus.PAID)


def _unverified() -> Any:  # noqa: ANN401  # an OrderState
    return replace(hundred_dollars().state, payment_status=PaymentStatus.UNVERIFIED)


def test_the_sale_has_the_fee_that_stripe_took_and_a_paid_order_stays_paid() -> None:
    paid = post_payment(_unverified(), payment_of(hundred_dollars().order, CHARGE), AT, AT)
    (sale,) = paid.drafts
    assert (sale.facts.kind, sale.amounts.stripe_fee_amount) == (EntryKind.SALE, -447)
    failed = payment_of(hundred_dollars().order, replace(CHARGE, status="failed"))
    assert post_payment(paid.state, failed, AT, AT).state == paid.state


def test_without_a_fee_in_the_charge_s_currency_the_imported_fee_stays() -> None:
    payment = payment_of(hundred_dollars().order, replace(CHARGE, stripe_fee_amount=None))
    assert payment.stripe_fee_amount == 320


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PaymentStatus.PAID),
        ({"application_fee_amount": 1499}, PaymentStatus.DIFFERS),
        ({"application_fee_id": "fee_2"}, PaymentStatus.DIFFERS),
        ({"application_fee_id": None, "application_fee_amount": 0}, PaymentStatus.DIFFERS),
    ],
)
def test_a_direct_charge_has_the_application_fee_of_the_import(
    changes: dict[str, Any], status: PaymentStatus
) -> None:
    charge = replace(CHARGE, application_fee_id="fee_1", application_fee_amount=1500)
    order = hundred_dollars(direct=True).order
    assert payment_of(order, replace(charge, **changes)).status is status


def test_every_status_is_said_in_words() -> None:
    assert PAYMENT_WORDS.keys() == set(PaymentStatus)
    assert all(words.endswith(".") for words in PAYMENT_WORDS.values())


def _source(**changes: object) -> dict[str, Any]:
    return {
        "object": "charge",
        "id": "ch_1",
        "status": "succeeded",
        "captured": True,
        "refunded": False,
        "amount_captured": 10_000,
        "amount_refunded": 0,
        "currency": "usd",
        "created": 1_790_000_000,
        "payment_intent": {"id": "pi_1", "object": "payment_intent"},
        "balance_transaction": {
            "id": "txn_1",
            "currency": "usd",
            "created": 1_790_600_000,
            "fee_details": [
                {"type": "stripe_fee", "amount": 300},
                {"type": "tax", "amount": 20},
                {"type": "application_fee", "amount": 1500},
            ],
        },
    } | changes


def test_a_charge_is_read_with_stripe_s_own_fee_and_its_tax() -> None:
    charge = stripe_charge_from(_source())
    assert (charge.stripe_fee_amount, charge.balance_transaction_id) == (320, "txn_1")
    assert charge.payment_intent_id == "pi_1"
    assert charge.paid_at == datetime.fromtimestamp(1_790_600_000, UTC)  # a week after it was made
    converted = {"id": "txn_1", "currency": "eur", "created": 1, "fee_details": []}
    assert stripe_charge_from(_source(balance_transaction=converted)).stripe_fee_amount is None


@pytest.mark.parametrize(
    "changes",
    [
        {"object": "refund"},
        {"amount_captured": "10000"},
        {"amount_captured": -1},
        {"captured": None},
        {"currency": ""},
        {"balance_transaction": "txn_1"},
        {"balance_transaction": {"id": "txn_1", "currency": "usd", "fee_details": []}},
        {
            "balance_transaction": {
                "id": "txn_1",
                "currency": "usd",
                "created": 1,
                "fee_details": None,
            }
        },
    ],
)
def test_a_charge_that_is_not_as_documented_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedStripeObjectError):
        stripe_charge_from(_source(**changes))

"""External refunds that do not fit their order: the daily reconciliation names both sums."""

import json

import pytest

from functions.reconcile.findings import FindingKind
from tests.integration.reconcile_desk import ReconcileDesk, late

pytestmark = pytest.mark.stack


def sell_cheaper_than_charged(reconcile_desk: ReconcileDesk, total: int, charged: int) -> str:
    """Import an order whose charge at Stripe is larger than the order."""
    backend = reconcile_desk.backend
    record = backend.order(
        total_amount=total,
        line_items=[backend.order()["line_items"][1] | {"unit_amount": total}],
        rev_share_amount=total * 15 // 100,
        stripe_fee_amount=149,
    )
    assert backend.import_orders([json.dumps(record)]).imported == 1
    backend.charge(record | {"total_amount": charged})
    return str(record["order_id"])


def test_a_refund_of_more_than_its_order_is_booked_and_found(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    order_id = sell_cheaper_than_charged(platform_desk, 4_091, 30_000_000)
    backend.stripe_refund(order_id, 30_000_000)
    backend.settle_all()
    state = backend.record(order_id).state
    assert (state.settled_amount, state.refundable_amount) == (30_000_000, 0)
    assert state.rev_share_reversed_amount == 4_091 * 15 // 100
    assert backend.entries()[-1]["gross_amount"] == -30_000_000
    late(platform_desk)

    (finding,) = platform_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.REFUND_EXCEEDS_ORDER, False)
    assert (finding.amount, finding.stripe_amount, finding.currency) == (4_091, 30_000_000, "usd")
    assert (finding.studio_id, finding.order_id) == (backend.studio_id, order_id)
    assert finding.stripe_id is not None
    assert backend.verify() is None


def test_a_refund_of_more_than_its_order_that_failed_is_no_difference(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    order_id = sell_cheaper_than_charged(platform_desk, 10_000, 12_000)
    outside = backend.stripe_refund(order_id, 12_000)
    backend.settle_all()
    backend.control(f"refunds/{outside['id']}", status="failed")
    backend.settle_all()
    late(platform_desk)
    assert platform_desk.kinds() == {}


def test_a_refund_in_another_currency_names_the_order_and_both_sums(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    record = backend.order()
    assert backend.import_orders([json.dumps(record)]).imported == 1
    backend.charge(record | {"currency": "eur", "total_amount": 5_113})
    outside = backend.stripe_refund(record["order_id"], 5_113)
    assert set(backend.deliver()) == {"CurrencyMismatch"}
    late(platform_desk)

    (finding,) = platform_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.CURRENCY_DIFFERS, False)
    assert (finding.studio_id, finding.order_id) == (backend.studio_id, record["order_id"])
    assert (finding.amount, finding.currency) == (10_000, "usd")
    assert (finding.stripe_amount, finding.stripe_currency) == (5_113, "eur")
    assert finding.stripe_id == outside["id"]
    assert backend.record(record["order_id"]).refunds == {}

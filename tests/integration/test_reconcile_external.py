"""External refunds of an order that was imported with a wrong total."""

import json

import pytest

from functions.reconcile.findings import FindingKind
from shared.domain.payment_status import PaymentStatus
from shared.domain.refund import RefundStatus
from tests.integration.reconcile_desk import ReconcileDesk, late
from tests.records import line_record

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("failed", [False, True])
def test_a_refund_of_more_than_its_order_is_booked_once_the_import_is_corrected(
    platform_desk: ReconcileDesk, *, failed: bool
) -> None:
    backend = platform_desk.backend
    right = backend.order()
    total = 4_000
    wrong = right | {"line_items": [line_record("li_1", 4, 1_000)], "total_amount": total}
    backend.charge(right)
    order_id = right["order_id"]
    assert backend.import_orders([json.dumps(wrong)]).imported == 1
    outside = backend.stripe_refund(order_id, 10_000)
    backend.settle_all()
    assert backend.record(order_id).refunds == {}
    late(platform_desk)
    for _ in range(2):
        (finding,) = platform_desk.findings()
        assert (finding.kind, finding.healed) == (FindingKind.CHARGE_DIFFERS, False)
        assert (finding.amount, finding.stripe_amount) == (total, 10_000)
        assert (finding.studio_id, finding.order_id) == (backend.studio_id, order_id)

    if failed:
        backend.control(f"refunds/{outside['id']}", status="failed")
    assert backend.import_orders([json.dumps(right)]).updated == 1
    backend.settle_all()
    record = backend.record(order_id)
    (refund,) = record.refunds.values()
    assert record.state.payment_status is PaymentStatus.PAID
    assert record.state.settled_amount == (0 if failed else 10_000)
    assert refund.status is (RefundStatus.FAILED if failed else RefundStatus.SETTLED)
    assert backend.verify() is None
    late(platform_desk)
    assert platform_desk.kinds() == {}

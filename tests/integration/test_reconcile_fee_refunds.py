"""The daily reconciliation finds what differs in refunds of application fees."""

from dataclasses import replace

import pytest

from functions.reconcile.findings import FindingKind
from infra.local.stripe_server import STANDIN_KEY
from shared.gateways.records.keys import (
    FEE_REFUND_SK,
    order_pk,
)
from tests.integration.reconcile_desk import ReconcileDesk, late
from tests.local_http import HTTP

pytestmark = pytest.mark.stack


def test_a_fee_refund_that_moved_the_balance_otherwise_is_found(direct_desk: ReconcileDesk) -> None:
    direct_desk.settled()
    kind, platform = "application_fee_refund", f"{direct_desk.backend.stripe_url}/v1"
    headers = {"Authorization": f"Bearer {STANDIN_KEY}"}
    listed = HTTP.get(f"{platform}/balance_transactions", params={"type": kind}, headers=headers)
    (moved,) = listed.json()["data"]
    direct_desk.backend.control(f"balance_transactions/{moved['id']}", amount=-1499)
    late(direct_desk)

    (finding,) = direct_desk.findings()
    assert (finding.kind, finding.amount, finding.stripe_amount) == (
        FindingKind.BALANCE_DIFFERS,
        -1500,
        -1499,
    )


def test_a_fee_refund_that_never_was_asked_for_is_asked_for(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    refund = backend.refund(backend.sell())
    backend.deliver()
    backend.settle()
    backend.sqs.purge_queue(QueueUrl=backend.fee_url)
    late(direct_desk)

    (finding,) = direct_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_MISSING, True)
    assert finding.order_id == refund.order_id
    backend.refund_fee(refund.order_key)
    assert direct_desk.kinds() == {}


def test_a_fee_refund_that_was_made_by_hand_is_found_and_counts(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    refund = direct_desk.settled(amount=5000)
    fee_id = backend.record(refund.order_id).order.application_fee_id
    backend.stripe_call("POST", f"application_fees/{fee_id}/refunds", amount=100)
    late(direct_desk)

    (finding,) = direct_desk.findings()
    # A person hears of it once; from then on the books have it.
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_UNKNOWN_HERE, False)
    assert (finding.amount, finding.stripe_amount) == (750, 850)
    assert direct_desk.kinds() == {}
    direct_desk.settled(refund.order_id)
    late(direct_desk)
    assert direct_desk.kinds() == {}
    fee = backend.fee_refunds.get(refund.order_key)
    assert fee is not None
    assert fee.refunded_amount == 1500


def test_a_fee_refund_that_the_books_take_for_done_is_asked_for(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    refund = backend.refund(backend.sell())
    backend.deliver()
    backend.settle()
    fee = backend.fee_refunds.get(refund.order_key)
    assert fee is not None
    backend.fee_refunds.advance(fee.with_refunded(fee.target_amount))
    late(direct_desk)

    (finding,) = direct_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_MISSING, True)
    assert (finding.amount, finding.stripe_amount) == (1500, 0)
    backend.drain()
    assert direct_desk.kinds() == {}
    assert backend.refund_fee(refund.order_key) == 0


def test_a_fee_refund_whose_answer_was_lost_is_looked_after(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    refund = direct_desk.settled()
    fee = backend.fee_refunds.get(refund.order_key)
    assert fee is not None
    asked = replace(
        fee,
        refunded_amount=0,
        in_flight_amount=1500,
        next_poll_at=fee.next_poll_at or refund.settled_at,
    )
    backend.fee_refunds.advance(asked)
    late(direct_desk)

    (finding,) = direct_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_MISSING, True)
    backend.drain()
    assert direct_desk.kinds() == {}
    after = backend.fee_refunds.get(refund.order_key)
    assert after is not None
    assert (after.refunded_amount, after.attempt) == (1500, fee.attempt)


def test_a_fee_given_back_of_an_order_nobody_imported_is_found(direct_desk: ReconcileDesk) -> None:
    record = direct_desk.backend.order()
    direct_desk.backend.charge(record)
    fee_id = record["stripe"]["application_fee_id"]
    direct_desk.backend.stripe_call("POST", f"application_fees/{fee_id}/refunds", amount=5)
    late(direct_desk)
    (finding,) = direct_desk.findings()
    assert (finding.kind, finding.stripe_id) == (FindingKind.FOREIGN_OBJECT, fee_id)


def test_a_fee_refund_of_an_order_without_refunds_is_found(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    fee_id = backend.record(backend.sell()).order.application_fee_id
    backend.stripe_call("POST", f"application_fees/{fee_id}/refunds", amount=100)
    late(direct_desk)
    assert direct_desk.kinds() == {FindingKind.FEE_REFUND_UNKNOWN_HERE: 1}


def test_a_fee_refund_that_stripe_does_not_have_is_found(direct_desk: ReconcileDesk) -> None:
    refund = direct_desk.settled()
    direct_desk.change(
        direct_desk.backend.orders_table,
        order_pk(refund.order_key),
        FEE_REFUND_SK,
        refunded_amount=1600,
    )
    late(direct_desk)
    (finding,) = direct_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_DIFFERS, False)

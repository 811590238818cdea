"""Other business on the platform's Stripe account is named once and holds nothing up."""

from collections import Counter
from datetime import timedelta

import pytest

from functions.reconcile.findings import FindingKind
from shared.clock import rfc3339
from shared.domain.payment_status import PaymentStatus
from tests.integration.backend import Backend
from tests.integration.reconcile_desk import ReconcileDesk, late
from tests.integration.studio_payouts import ACCOUNT

pytestmark = pytest.mark.stack

CHARGE = {"id": "ch_shop", "amount": 900, "currency": "usd", "payment_intent": "pi_shop", "fee": 45}


def do_other_business(backend: Backend) -> list[str]:
    """Refund a charge of another business and make a transfer for it; return both ids."""
    backend.control("charges", charges=[CHARGE])
    refund = backend.stripe_call("POST", "refunds", charge=CHARGE["id"], amount=500)
    made = {"amount": 5, "currency": "usd", "destination": ACCOUNT}
    transfer = backend.stripe_call("POST", "transfers", **made)
    return [str(refund["id"]), str(transfer["id"])]


def test_it_is_named_once_and_holds_no_watermark_up(platform_desk: ReconcileDesk) -> None:
    backend = platform_desk.backend
    ids = do_other_business(backend)
    late(platform_desk)
    found = platform_desk.findings()
    assert Counter(each.kind for each in found) == {FindingKind.FOREIGN_OBJECT: 2}
    assert {each.stripe_id: each.stripe_amount for each in found} == dict(
        zip(ids, (500, 5), strict=True)
    )
    clean_until = str(platform_desk.watermark().clean_until)
    assert clean_until > rfc3339(backend.clock() - timedelta(hours=1))
    # The same time again, and other days: nothing more is said about it.
    again = platform_desk.reconcile(since=backend.clock() - timedelta(days=2))
    assert (again.findings, again.failed) == ([], [])
    platform_desk.pass_time(timedelta(days=1))
    assert platform_desk.kinds() == {}


def test_our_own_differences_beside_it_are_still_found(platform_desk: ReconcileDesk) -> None:
    do_other_business(platform_desk.backend)
    late(platform_desk)
    platform_desk.findings()
    refund = platform_desk.settled()
    platform_desk.change_refund(refund, amount=9999)
    late(platform_desk)
    for _ in range(2):
        assert platform_desk.kinds() == {
            FindingKind.REFUND_AMOUNT_DIFFERS: 1,
            FindingKind.LEDGER_DIFFERS: 1,
        }
        platform_desk.pass_time(timedelta(days=1))


def test_a_transfer_in_the_group_of_a_payout_that_is_gone_is_a_difference_each_day(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    group = f"po_{backend.studio_id}_2026-01-01"
    made = {"amount": 5, "currency": "usd", "destination": ACCOUNT, "transfer_group": group}
    backend.stripe_call("POST", "transfers", **made)
    late(platform_desk)
    for _ in range(2):
        assert platform_desk.kinds() == {FindingKind.TRANSFER_UNKNOWN_HERE: 1}
        platform_desk.pass_time(timedelta(days=1))


def test_a_person_acknowledges_it_and_the_first_reason_stays(platform_desk: ReconcileDesk) -> None:
    backend, operator = platform_desk.backend, platform_desk.operator
    refund_id, transfer_id = do_other_business(backend)
    late(platform_desk)
    platform_desk.findings()
    listed = operator.deal_with_foreign({})["foreign"]
    assert {each["stripe_id"] for each in listed} == {refund_id, transfer_id}

    asked = {"acknowledge": [refund_id, "re_of_nobody"], "because": "op_1: the shop's"}
    (done,) = operator.deal_with_foreign(asked)["foreign"]
    assert (done["stripe_id"], done["because"]) == (refund_id, "op_1: the shop's")
    (left,) = operator.deal_with_foreign({})["foreign"]
    assert left["stripe_id"] == transfer_id
    (again,) = operator.deal_with_foreign(asked | {"because": "op_2: too late"})["foreign"]
    assert again["because"] == "op_1: the shop's"
    assert platform_desk.kinds() == {}


def test_a_refund_before_its_orders_import_is_named_and_then_taken_in(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    record = backend.order()
    backend.charge(record)
    charge_id = record["stripe"]["charge_id"]
    backend.stripe_call("POST", "refunds", charge=charge_id, amount=700)
    late(platform_desk)
    assert platform_desk.kinds() == {FindingKind.FOREIGN_OBJECT: 1}

    order_id = backend.sell(**record)
    backend.drain()
    state = backend.record(order_id).state
    assert (state.payment_status, state.settled_amount) == (PaymentStatus.PAID, 700)
    late(platform_desk)
    assert platform_desk.kinds() == {}

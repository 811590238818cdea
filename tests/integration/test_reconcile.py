"""Each kind of difference is planted, and the daily reconciliation finds exactly those."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from functions.reconcile.findings import FindingKind
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.records.keys import (
    CHARGE_SK,
    charge_pk,
    order_pk,
    primary_key,
    refund_sk,
)
from tests.integration.backend import Backend
from tests.integration.reconcile_desk import ReconcileDesk, late
from tests.integration.studio_payouts import ACCOUNT, WEEK

pytestmark = pytest.mark.stack


# A charge of no order.
CHARGE = {"id": "ch_n", "amount": 500, "currency": "usd", "payment_intent": "pi_n", "fee": 45}


def test_nothing_differs_where_nothing_went_wrong(reconcile_desk: ReconcileDesk) -> None:
    backend = reconcile_desk.backend
    order_id = backend.sell()
    reconcile_desk.settled(order_id, 2500)
    reconcile_desk.settled(order_id)
    failed_late = reconcile_desk.settled()
    backend.control(f"refunds/{failed_late.stripe_refund_id}", status="failed")
    backend.control("faults", fault="pending")
    backend.refund(backend.sell())
    backend.control("faults", fault="fail_at_once")
    backend.refund(backend.sell(), 100)
    foreign = backend.sell()
    backend.stripe_refund(foreign, 700)
    backend.deliver()
    backend.drain()
    reconcile_desk.pass_time(WEEK)
    reconcile_desk.payouts.run()
    late(reconcile_desk)

    assert reconcile_desk.findings() == []
    assert backend.verify() is None
    mark = reconcile_desk.watermark()
    assert str(mark.clean_until) < str(mark.reconciled_at)


def test_what_may_be_on_its_way_is_no_difference(reconcile_desk: ReconcileDesk) -> None:
    reconcile_desk.backend.refund(reconcile_desk.backend.sell())
    reconcile_desk.backend.stripe_refund(reconcile_desk.backend.sell(), 700)
    assert reconcile_desk.findings() == []


def test_lost_webhooks_are_found_and_healed(reconcile_desk: ReconcileDesk) -> None:
    backend = reconcile_desk.backend
    asked = backend.refund(backend.sell())
    outside = backend.sell()
    backend.stripe_refund(outside, 700)
    late(reconcile_desk)

    found = reconcile_desk.findings()
    assert {(each.kind, each.healed) for each in found} == {
        (FindingKind.REFUND_NOT_CONFIRMED, True),
        (FindingKind.REFUND_UNKNOWN_HERE, True),
    }
    backend.drain()
    assert backend.current(asked).status is RefundStatus.SETTLED
    assert backend.record(outside).state.settled_amount == 700
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}
    assert backend.verify() is None


@pytest.mark.parametrize("days", [1, 29])
def test_a_failure_weeks_after_the_settlement_is_found(
    reconcile_desk: ReconcileDesk, days: int
) -> None:
    refund = reconcile_desk.settled()
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}
    reconcile_desk.pass_time(timedelta(days=days))
    assert reconcile_desk.kinds() == {}
    reconcile_desk.backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    late(reconcile_desk)

    (finding,) = reconcile_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.REFUND_FAILURE_MISSED, True)
    assert (finding.refund_id, finding.stripe_id) == (refund.refund_id, refund.stripe_refund_id)
    reconcile_desk.backend.drain()
    assert reconcile_desk.backend.current(refund).failed_seq is not None
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}


def test_a_settlement_that_nobody_announced_is_announced(reconcile_desk: ReconcileDesk) -> None:
    backend = reconcile_desk.backend
    refund = backend.refund(backend.sell())
    backend.deliver()
    backend.sqs.purge_queue(QueueUrl=backend.adjust_url)
    reconcile_desk.pass_time(timedelta(minutes=30))

    (finding,) = reconcile_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.SETTLEMENT_MISSING, True)
    # SQS swallows the same announcement for five minutes, and this half an hour was none to it.
    backend.settle_refund(refund.order_key, refund.refund_id)
    backend.drain()
    assert reconcile_desk.kinds() == {}


def test_what_wants_a_person_is_found_until_it_is_gone(reconcile_desk: ReconcileDesk) -> None:
    backend = reconcile_desk.backend
    refund = reconcile_desk.settled()
    reconcile_desk.change_refund(refund, amount=9999)
    late(reconcile_desk)

    first = reconcile_desk.kinds()
    assert first == {FindingKind.REFUND_AMOUNT_DIFFERS: 1, FindingKind.LEDGER_DIFFERS: 1}
    reconcile_desk.pass_time(timedelta(days=20))
    assert reconcile_desk.kinds() == first
    reconcile_desk.change_refund(refund, amount=refund.amount)
    assert reconcile_desk.kinds() == {}
    caught_up = reconcile_desk.watermark()
    behind = datetime.fromisoformat(str(caught_up.reconciled_at)) - datetime.fromisoformat(
        str(caught_up.clean_until)
    )
    assert behind < timedelta(hours=1)
    reconcile_desk.change_refund(refund, amount=9999)
    reconcile_desk.pass_time(timedelta(days=1))
    assert reconcile_desk.kinds() == {}  # that time has been reconciled
    assert backend.verify() is None


def plant_lost_events(backend: Backend) -> Counter[FindingKind]:
    """Make refunds whose events never arrive."""
    backend.refund(backend.sell())
    backend.stripe_refund(backend.sell(), 700)
    missed = backend.refund(backend.sell())
    backend.control(f"refunds/{missed.stripe_refund_id}", status="failed")
    return Counter(
        [
            FindingKind.REFUND_NOT_CONFIRMED,
            FindingKind.REFUND_UNKNOWN_HERE,
            FindingKind.REFUND_FAILURE_MISSED,
        ]
    )


def settle_without_earlier_events(backend: Backend) -> Callable[[], Refund]:
    """Return a function that settles a new refund and delivers only that refund's events."""
    delivered = len(backend.events())

    def settled() -> Refund:
        nonlocal delivered
        refund = backend.refund(backend.sell())
        events = backend.events()
        backend.deliver(events[delivered:])
        delivered = len(events)
        backend.drain()
        return backend.current(refund)

    return settled


def plant_in_books(
    reconcile_desk: ReconcileDesk, settled: Callable[[], Refund]
) -> Counter[FindingKind]:
    """Change what the books say of settled refunds."""
    backend = reconcile_desk.backend
    of_amount, of_entry, of_status, at_nobody = settled(), settled(), settled(), settled()
    gone, orphan, of_share = settled(), settled(), settled()
    reconcile_desk.change_refund(of_share, rev_share_reversed_amount=1)
    planted = Counter([FindingKind.LEDGER_DIFFERS])
    reconcile_desk.change_refund(of_amount, amount=of_amount.amount - 1)
    planted.update([FindingKind.REFUND_AMOUNT_DIFFERS, FindingKind.LEDGER_DIFFERS])
    reconcile_desk.change_entry(of_entry.settled_seq or 0, gross_amount=-1)
    planted.update([FindingKind.LEDGER_DIFFERS])
    reconcile_desk.change_refund(of_status, status="canceled")
    planted.update([FindingKind.REFUND_STATUS_DIFFERS])
    # It names a refund that Stripe never had. The one that Stripe has is then unknown, and with it
    # more goes back than the order's total.
    reconcile_desk.change_refund(at_nobody, stripe_refund_id="re_of_nobody")
    planted.update(
        [
            FindingKind.REFUND_NOT_AT_STRIPE,
            FindingKind.REFUND_UNKNOWN_HERE,
            FindingKind.REFUNDS_EXCEED_ORDER,
            FindingKind.LEDGER_DIFFERS,
        ]
    )
    # Recording it again would enter it twice.
    backend.dynamodb.delete_item(
        TableName=backend.orders_table,
        Key=primary_key(order_pk(gone.order_key), refund_sk(gone.refund_id)),
    )
    planted.update([FindingKind.LEDGER_DIFFERS])
    reconcile_desk.change(
        backend.orders_table, charge_pk(orphan.charge_id), CHARGE_SK, account_id="acct_other"
    )
    reconcile_desk.change_refund(orphan, charge_id="ch_other")
    planted.update([FindingKind.ACCOUNT_DIFFERS])
    return planted


def plant_at_stripe(backend: Backend) -> Counter[FindingKind]:
    """Make a refund and a transfer at Stripe of other business."""
    backend.control("charges", charges=[CHARGE])
    backend.stripe_call("POST", "refunds", charge=CHARGE["id"])
    backend.stripe_call("POST", "transfers", amount=5, currency="usd", destination=ACCOUNT)
    return Counter([FindingKind.FOREIGN_OBJECT, FindingKind.FOREIGN_OBJECT])


def test_of_each_kind_one_is_planted_and_exactly_those_are_found(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    planted = plant_lost_events(backend)
    planted += plant_in_books(platform_desk, settle_without_earlier_events(backend))
    planted += plant_at_stripe(backend)
    late(platform_desk)

    found = platform_desk.findings()
    assert Counter(each.kind for each in found) == planted
    assert {each.kind for each in found if each.healed} == {
        FindingKind.REFUND_NOT_CONFIRMED,
        FindingKind.REFUND_UNKNOWN_HERE,
        FindingKind.REFUND_FAILURE_MISSED,
    }


@pytest.mark.parametrize("kind", ["refund", "refund_failure"])
def test_a_refund_that_moved_the_balance_otherwise_is_found(
    reconcile_desk: ReconcileDesk, kind: str
) -> None:
    backend, refund = reconcile_desk.backend, reconcile_desk.settled()
    if kind == "refund_failure":
        backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
        backend.deliver()
        backend.drain()
    (moved,) = backend.stripe_call("GET", "balance_transactions", type=kind)["data"]
    backend.control(f"balance_transactions/{moved['id']}", amount=moved["amount"] + 1)
    late(reconcile_desk)

    (finding,) = reconcile_desk.findings()
    assert (finding.kind, finding.stripe_id) == (
        FindingKind.BALANCE_DIFFERS,
        refund.stripe_refund_id,
    )
    assert finding.amount == -refund.amount


def test_a_studios_other_business_is_no_difference(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    backend.control("charges", charges=[CHARGE | {"account": backend.account_id}])
    backend.stripe_call("POST", "refunds", charge=CHARGE["id"])
    late(direct_desk)
    assert direct_desk.kinds() == {}

"""Each kind of difference is planted, and the daily reconciliation finds exactly those."""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from functions.reconcile.findings import FindingKind
from functions.reconcile.reconcile_accounts import LOOK_BACK
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.records.keys import (
    CHARGE_SK,
    FEE_REFUND_SK,
    STATE_SK,
    OpenWork,
    charge_pk,
    order_pk,
    payout_sk,
    primary_key,
    refund_sk,
    studio_pk,
)
from tests.integration.backend import STANDIN_KEY, Backend
from tests.integration.reconcile_desk import ReconcileDesk
from tests.integration.studio_payouts import ACCOUNT, WEEK

pytestmark = pytest.mark.stack


# A charge of no order.
CHARGE = {"id": "ch_n", "amount": 500, "currency": "usd", "payment_intent": "pi_n", "fee": 45}


@pytest.fixture(params=[False, True], ids=["platform", "direct"])
def books(make_backend: Callable[..., Backend], request: pytest.FixtureRequest) -> ReconcileDesk:
    """A studio that is paid out, whose orders are charged on either account."""
    return ReconcileDesk(make_backend(direct=request.param, studio={"payout_account_id": ACCOUNT}))


@pytest.fixture
def platform(make_backend: Callable[..., Backend]) -> ReconcileDesk:
    return ReconcileDesk(make_backend(studio={"payout_account_id": ACCOUNT}))


@pytest.fixture
def direct(make_backend: Callable[..., Backend]) -> ReconcileDesk:
    return ReconcileDesk(make_backend(direct=True))


def late(books: ReconcileDesk) -> None:
    """Let the time pass in which things may be on their way still."""
    books.pass_time(timedelta(minutes=30))


def test_nothing_differs_where_nothing_went_wrong(books: ReconcileDesk) -> None:
    backend = books.backend
    order_id = backend.sell()
    books.settled(order_id, 2500)
    books.settled(order_id)
    failed_late = books.settled()
    backend.control(f"refunds/{failed_late.stripe_refund_id}", status="failed")
    backend.control("faults", fault="pending")
    backend.refund(backend.sell())
    backend.control("faults", fault="fail_at_once")
    backend.refund(backend.sell(), 100)
    foreign = backend.sell()
    backend.stripe_refund(foreign, 700)
    backend.deliver()
    backend.drain()
    books.pass_time(WEEK)
    books.payouts.run()
    late(books)

    assert books.findings() == []
    assert backend.verify() is None
    mark = books.watermark()
    assert mark.until < mark.reconciled_at


def test_what_may_be_on_its_way_is_no_difference(books: ReconcileDesk) -> None:
    books.backend.refund(books.backend.sell())
    books.backend.stripe_refund(books.backend.sell(), 700)
    assert books.findings() == []


def test_lost_webhooks_are_found_and_healed(books: ReconcileDesk) -> None:
    backend = books.backend
    asked = backend.refund(backend.sell())
    outside = backend.sell()
    backend.stripe_refund(outside, 700)
    late(books)

    found = books.findings()
    assert {(each.kind, each.healed) for each in found} == {
        (FindingKind.REFUND_NOT_CONFIRMED, True),
        (FindingKind.REFUND_UNKNOWN_HERE, True),
    }
    backend.drain()
    assert backend.current(asked).status is RefundStatus.SETTLED
    assert backend.record(outside).state.settled_amount == 700
    late(books)
    assert books.kinds() == {}
    assert backend.verify() is None


@pytest.mark.parametrize("days", [1, 29])
def test_a_failure_weeks_after_the_settlement_is_found(books: ReconcileDesk, days: int) -> None:
    refund = books.settled()
    late(books)
    assert books.kinds() == {}
    books.pass_time(timedelta(days=days))
    assert books.kinds() == {}
    books.backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    late(books)

    (finding,) = books.findings()
    assert (finding.kind, finding.healed) == (FindingKind.REFUND_FAILURE_MISSED, True)
    assert (finding.refund_id, finding.stripe_id) == (refund.refund_id, refund.stripe_refund_id)
    books.backend.drain()
    assert books.backend.current(refund).failed_seq is not None
    late(books)
    assert books.kinds() == {}


def test_a_settlement_that_nobody_announced_is_announced(books: ReconcileDesk) -> None:
    backend = books.backend
    refund = backend.refund(backend.sell())
    backend.deliver()
    backend.sqs.purge_queue(QueueUrl=backend.adjust_url)
    books.pass_time(timedelta(minutes=30))

    (finding,) = books.findings()
    assert (finding.kind, finding.healed) == (FindingKind.SETTLEMENT_MISSING, True)
    # SQS swallows the same announcement for five minutes, and this half an hour was none to it.
    backend.settle_refund(refund.order_key, refund.refund_id)
    backend.drain()
    assert books.kinds() == {}


def test_what_wants_a_person_is_found_until_it_is_gone(books: ReconcileDesk) -> None:
    backend = books.backend
    refund = books.settled()
    books.change_refund(refund, amount=9999)
    late(books)

    first = books.kinds()
    assert first == {FindingKind.REFUND_AMOUNT_DIFFERS: 1, FindingKind.LEDGER_DIFFERS: 1}
    books.pass_time(timedelta(days=20))
    assert books.kinds() == first
    books.change_refund(refund, amount=refund.amount)
    assert books.kinds() == {}
    assert books.watermark().until > books.watermark().reconciled_at[:10]
    books.change_refund(refund, amount=9999)
    books.pass_time(timedelta(days=1))
    assert books.kinds() == {}  # that time has been reconciled
    assert backend.verify() is None


def test_of_each_kind_one_is_planted_and_exactly_those_are_found(platform: ReconcileDesk) -> None:
    books, backend = platform, platform.backend
    backend.refund(backend.sell())
    backend.stripe_refund(backend.sell(), 700)
    missed = backend.refund(backend.sell())
    backend.control(f"refunds/{missed.stripe_refund_id}", status="failed")
    planted = Counter(
        {
            FindingKind.REFUND_NOT_CONFIRMED: 1,
            FindingKind.REFUND_UNKNOWN_HERE: 1,
            FindingKind.REFUND_FAILURE_MISSED: 1,
        }
    )
    # Events of these are delivered; what came before stays unheard of.
    heard = len(backend.events())

    def settled() -> Refund:
        nonlocal heard
        refund = backend.refund(backend.sell())
        events = backend.events()
        backend.deliver(events[heard:])
        heard = len(events)
        backend.drain()
        return backend.current(refund)

    of_amount, of_entry, of_status, at_nobody = settled(), settled(), settled(), settled()
    gone, orphan, of_share = settled(), settled(), settled()
    books.change_refund(of_share, rev_share_reversed_amount=1)
    planted.update([FindingKind.LEDGER_DIFFERS])
    books.change_refund(of_amount, amount=of_amount.amount - 1)
    planted.update([FindingKind.REFUND_AMOUNT_DIFFERS, FindingKind.LEDGER_DIFFERS])
    books.change_entry(of_entry.settled_seq or 0, gross_amount=-1)
    planted.update([FindingKind.LEDGER_DIFFERS])
    books.change_refund(of_status, status="canceled")
    planted.update([FindingKind.REFUND_STATUS_DIFFERS])
    # It names a refund that Stripe never had; the one Stripe has is unknown then.
    books.change_refund(at_nobody, stripe_refund_id="re_of_nobody")
    planted.update(
        [
            FindingKind.REFUND_NOT_AT_STRIPE,
            FindingKind.REFUND_UNKNOWN_HERE,
            FindingKind.LEDGER_DIFFERS,
        ]
    )
    # Recording it again would enter it twice.
    backend.dynamodb.delete_item(
        TableName=backend.orders_table,
        Key=primary_key(order_pk(gone.order_key), refund_sk(gone.refund_id)),
    )
    planted.update([FindingKind.LEDGER_DIFFERS])
    books.change(
        backend.orders_table,
        charge_pk(orphan.charge_id),
        CHARGE_SK,
        account_id="acct_other",
    )
    books.change_refund(orphan, charge_id="ch_other")
    planted.update([FindingKind.ACCOUNT_DIFFERS])

    backend.control(
        "charges",
        charges=[CHARGE],
    )
    backend.stripe_call("POST", "refunds", charge=CHARGE["id"])
    planted.update([FindingKind.CHARGE_UNKNOWN_HERE])
    backend.stripe_call("POST", "transfers", amount=5, currency="usd", destination=ACCOUNT)
    planted.update([FindingKind.TRANSFER_UNKNOWN_HERE])
    late(books)

    found = books.findings()
    assert Counter(each.kind for each in found) == planted
    assert {each.kind for each in found if each.healed} == {
        FindingKind.REFUND_NOT_CONFIRMED,
        FindingKind.REFUND_UNKNOWN_HERE,
        FindingKind.REFUND_FAILURE_MISSED,
    }


@pytest.mark.parametrize("kind", ["refund", "refund_failure"])
def test_a_refund_that_moved_the_balance_otherwise_is_found(
    books: ReconcileDesk, kind: str
) -> None:
    backend, refund = books.backend, books.settled()
    if kind == "refund_failure":
        backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
        backend.deliver()
        backend.drain()
    (moved,) = backend.stripe_call("GET", "balance_transactions", type=kind)["data"]
    backend.control(f"balance_transactions/{moved['id']}", amount=moved["amount"] + 1)
    late(books)

    (finding,) = books.findings()
    assert (finding.kind, finding.stripe_id) == (
        FindingKind.BALANCE_DIFFERS,
        refund.stripe_refund_id,
    )
    assert finding.amount == -refund.amount


@pytest.mark.parametrize("kind", ["transfer", "transfer_refund"])
def test_a_transfer_that_moved_the_balance_otherwise_is_found(
    platform: ReconcileDesk, kind: str
) -> None:
    backend = platform.backend
    backend.sell()
    transfer = platform.paid_out()
    if kind == "transfer_refund":
        backend.stripe_call("POST", f"transfers/{transfer['id']}/reversals", amount=1)
    (moved,) = backend.stripe_call("GET", "balance_transactions", type=kind)["data"]
    backend.control(f"balance_transactions/{moved['id']}", amount=moved["amount"] + 1)
    late(platform)

    (finding,) = [each for each in platform.findings() if each.kind is FindingKind.BALANCE_DIFFERS]
    assert (finding.stripe_id, finding.amount) == (moved["id"], moved["amount"])
    assert finding.stripe_amount == moved["amount"] + 1


def test_a_fee_refund_that_moved_the_balance_otherwise_is_found(direct: ReconcileDesk) -> None:
    direct.settled()
    kind, platform = "application_fee_refund", f"{direct.backend.stripe_url}/v1"
    headers = {"Authorization": f"Bearer {STANDIN_KEY}"}
    listed = httpx.get(
        f"{platform}/balance_transactions", params={"type": kind}, headers=headers, timeout=10
    )
    (moved,) = listed.json()["data"]
    direct.backend.control(f"balance_transactions/{moved['id']}", amount=-1499)
    late(direct)

    (finding,) = direct.findings()
    assert (finding.kind, finding.amount, finding.stripe_amount) == (
        FindingKind.BALANCE_DIFFERS,
        -1500,
        -1499,
    )


def test_a_fee_refund_that_never_was_asked_for_is_asked_for(direct: ReconcileDesk) -> None:
    backend = direct.backend
    refund = backend.refund(backend.sell())
    backend.deliver()
    backend._drain(backend.adjust_url, backend._settle)  # noqa: SLF001  # one queue, not the other
    backend.sqs.purge_queue(QueueUrl=backend.fee_url)
    late(direct)

    (finding,) = direct.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_MISSING, True)
    assert finding.order_id == refund.order_id
    backend.refund_fee(refund.order_key)
    assert direct.kinds() == {}


def test_a_fee_refund_that_was_made_by_hand_is_found_and_counts(direct: ReconcileDesk) -> None:
    backend = direct.backend
    refund = direct.settled(amount=5000)
    fee_id = backend.record(refund.order_id).order.application_fee_id
    backend.stripe_call("POST", f"application_fees/{fee_id}/refunds", amount=100)
    late(direct)

    (finding,) = direct.findings()
    # A person hears of it once; from then on the books have it.
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_UNKNOWN_HERE, False)
    assert (finding.amount, finding.stripe_amount) == (750, 850)
    assert direct.kinds() == {}
    direct.settled(refund.order_id)
    late(direct)
    assert direct.kinds() == {}
    fee = backend.fee_refunds.get(refund.order_key)
    assert fee is not None
    assert fee.refunded_amount == 1500


def test_a_fee_refund_that_the_books_take_for_done_is_asked_for(direct: ReconcileDesk) -> None:
    backend = direct.backend
    refund = backend.refund(backend.sell())
    backend.deliver()
    backend._drain(backend.adjust_url, backend._settle)  # noqa: SLF001  # one queue, not the other
    fee = backend.fee_refunds.get(refund.order_key)
    assert fee is not None
    backend.fee_refunds.advance(fee.with_refunded(fee.target_amount))
    late(direct)

    (finding,) = direct.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_MISSING, True)
    assert (finding.amount, finding.stripe_amount) == (1500, 0)
    backend.drain()
    assert direct.kinds() == {}
    assert backend.refund_fee(refund.order_key) == 0


def test_a_fee_refund_whose_answer_was_lost_is_looked_after(direct: ReconcileDesk) -> None:
    backend = direct.backend
    refund = direct.settled()
    fee = backend.fee_refunds.get(refund.order_key)
    assert fee is not None
    asked = replace(
        fee,
        refunded_amount=0,
        in_flight_amount=1500,
        next_poll_at=fee.next_poll_at or refund.settled_at,
    )
    backend.fee_refunds.advance(asked)
    late(direct)

    (finding,) = direct.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_MISSING, True)
    backend.drain()
    assert direct.kinds() == {}
    after = backend.fee_refunds.get(refund.order_key)
    assert after is not None
    assert (after.refunded_amount, after.attempt) == (1500, fee.attempt)


def test_a_fee_given_back_of_an_order_nobody_imported_is_found(direct: ReconcileDesk) -> None:
    record = direct.backend.order()
    direct.backend.charge(record)
    fee_id = record["stripe"]["application_fee_id"]
    direct.backend.stripe_call("POST", f"application_fees/{fee_id}/refunds", amount=5)
    late(direct)
    (finding,) = direct.findings()
    assert (finding.kind, finding.stripe_id) == (FindingKind.FEE_REFUND_UNKNOWN_HERE, fee_id)


def test_a_fee_refund_of_an_order_without_refunds_is_found(direct: ReconcileDesk) -> None:
    backend = direct.backend
    fee_id = backend.record(backend.sell()).order.application_fee_id
    backend.stripe_call("POST", f"application_fees/{fee_id}/refunds", amount=100)
    late(direct)
    assert direct.kinds() == {FindingKind.FEE_REFUND_UNKNOWN_HERE: 1}


def test_a_fee_refund_that_stripe_does_not_have_is_found(direct: ReconcileDesk) -> None:
    refund = direct.settled()
    direct.change(
        direct.backend.orders_table,
        order_pk(refund.order_key),
        FEE_REFUND_SK,
        refunded_amount=1600,
    )
    late(direct)
    (finding,) = direct.findings()
    assert (finding.kind, finding.healed) == (FindingKind.FEE_REFUND_DIFFERS, False)


def test_a_transfer_that_was_reversed_weeks_later_is_found(platform: ReconcileDesk) -> None:
    platform.backend.sell()
    transfer = platform.paid_out()
    late(platform)
    assert platform.kinds() == {}
    platform.pass_time(timedelta(days=60))
    assert platform.kinds() == {}
    platform.backend.stripe_call("POST", f"transfers/{transfer['id']}/reversals", amount=80)
    late(platform)

    (finding,) = platform.findings()
    assert (finding.kind, finding.healed) == (FindingKind.TRANSFER_REVERSED, False)
    assert (finding.amount, finding.stripe_amount) == (transfer["amount"], transfer["amount"] - 80)
    assert finding.payout_id == transfer["transfer_group"]


def test_payouts_and_transfers_that_do_not_fit_are_found(platform: ReconcileDesk) -> None:
    backend = platform.backend
    backend.sell()
    transfer = platform.paid_out()
    payout = platform.payouts.last()
    late(platform)
    pk, sk = studio_pk(backend.studio_id), payout_sk(payout.payout_id)

    def changed(**values: object) -> dict[FindingKind, int]:
        for name, value in values.items():
            platform.change(backend.orders_table, pk, sk, **{name: value})
        return platform.kinds()

    assert changed(paid_amount=1) == {
        FindingKind.TRANSFER_AMOUNT_DIFFERS: 1,
        FindingKind.LEDGER_DIFFERS: 1,
    }
    assert changed(paid_amount=payout.paid_amount, transfer_id="tr_of_nobody") == {
        FindingKind.TRANSFER_UNKNOWN_HERE: 1,
        FindingKind.TRANSFER_NOT_AT_STRIPE: 1,
    }
    still_open = {"status": "transferring", "open_pk": OpenWork.PAYOUT}
    assert changed(transfer_id=transfer["id"], open_due=payout.closed_at, **still_open) == {}
    platform.pass_time(timedelta(hours=4))
    assert changed() == {FindingKind.TRANSFER_NOT_CONFIRMED: 1}
    assert changed(status="failed") == {FindingKind.TRANSFER_UNKNOWN_HERE: 1}
    assert changed(status="paid") == {}


def test_a_studios_other_business_is_no_difference(direct: ReconcileDesk) -> None:
    backend = direct.backend
    backend.control("charges", charges=[CHARGE | {"account": backend.account_id}])
    backend.stripe_call("POST", "refunds", charge=CHARGE["id"])
    late(direct)
    assert direct.kinds() == {}


def test_a_refund_that_cannot_be_recorded_does_not_hide_the_others(
    platform: ReconcileDesk,
) -> None:
    backend = platform.backend
    torn = backend.sell()
    for order_id in (torn, backend.sell(), backend.sell()):
        backend.stripe_refund(order_id, 700)
    key = primary_key(order_pk(backend.key(torn)), STATE_SK)
    backend.dynamodb.delete_item(TableName=backend.orders_table, Key=key)
    late(platform)

    done = platform.reconcile()
    assert (done.reconciled, done.failed) == (0, ["platform"])
    assert [each.kind for each in done.findings] == [FindingKind.REFUND_UNKNOWN_HERE] * 2
    backend.drain()
    again = platform.reconcile()
    assert (again.reconciled, again.failed, again.findings) == (0, ["platform"], [])


def test_each_account_is_looked_at_once_a_day_and_one_failing_keeps_none_waiting(
    direct: ReconcileDesk,
) -> None:
    backend = direct.backend
    backend.control(
        "faults", fault="status_429", times=50, match={"path_prefix": "/v1/balance_transactions"}
    )
    done = direct.reconcile(due_only=True)
    assert (done.reconciled, sorted(done.failed)) == (
        0,
        sorted([str(backend.account_id), "platform"]),
    )
    assert direct.watermarks.get(None) is None
    httpx.delete(f"{backend.stripe_url}/_standin/faults", timeout=10).raise_for_status()
    assert direct.reconcile(due_only=True).reconciled == 2
    assert direct.reconcile(due_only=True).reconciled == 0
    direct.pass_time(timedelta(hours=21))
    stopped = direct.reconcile_accounts(due_only=True, time_is_up=lambda: True)
    assert (stopped.reconciled, stopped.complete) == (0, False)
    assert direct.reconcile(due_only=True).reconciled == 2


def test_a_run_without_time_goes_on_where_it_stopped(direct: ReconcileDesk) -> None:
    backend = direct.backend
    asked = itertools.count()
    stopped = direct.reconcile_accounts(due_only=True, time_is_up=lambda: next(asked) >= 3)
    assert (stopped.reconciled, stopped.complete) == (0, False)
    # Of the first account's five weeks two are left and an overlap, then the other's five.
    asked = itertools.count()
    done = direct.reconcile_accounts(due_only=True, time_is_up=lambda: next(asked) < 0)
    assert (done.reconciled, done.complete, done.oldest_seconds) == (2, True, 0)
    assert next(asked) == 3 + 5
    direct.pass_time(timedelta(days=3))
    backend.control("faults", fault="status_429", match={"account": backend.account_id})
    late = direct.reconcile()
    assert (late.reconciled, late.failed) == (1, [backend.account_id])
    assert late.oldest_seconds >= 3 * 86400


def test_what_a_daily_run_asks_of_stripe(books: ReconcileDesk) -> None:
    for _ in range(3):
        books.settled()
    late(books)
    assert books.kinds() == {}
    books.pass_time(timedelta(days=1))
    requests = f"{books.backend.stripe_url}/_standin/requests"
    httpx.delete(requests).raise_for_status()
    assert books.kinds() == {}
    asked = httpx.get(requests).json()["requests"]
    # Of each account its refunds and how they moved its balance, of the platform's also fee refunds
    # and transfers: nothing for each refund.
    connected = 0 if books.backend.account_id is None else 4
    assert len(asked) == connected + 9
    assert {each["method"] for each in asked} == {"GET"}


def test_an_earlier_time_can_be_asked_for(books: ReconcileDesk) -> None:
    refund = books.settled()
    late(books)
    assert books.kinds() == {}
    books.pass_time(LOOK_BACK + timedelta(days=5))
    assert books.kinds() == {}
    books.change_refund(refund, amount=9999)
    assert books.kinds() == {}
    done = books.reconcile_accounts(
        due_only=False,
        time_is_up=lambda: False,
        since=books.backend.clock() - timedelta(days=60),
    )
    assert {each.kind for each in done.findings} == {
        FindingKind.REFUND_AMOUNT_DIFFERS,
        FindingKind.LEDGER_DIFFERS,
    }

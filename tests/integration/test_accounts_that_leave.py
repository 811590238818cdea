"""A studio disconnects its Stripe account: its refunds wait, nobody else is delayed, it heals."""

from datetime import timedelta
from typing import Any

import pytest

from functions.attention.list_attention import AttentionKind, ListAttention
from functions.attention.views import AttentionView, attention_list
from functions.reconcile.findings import FindingKind
from shared.domain.account_access import ACCOUNT_DISCONNECTED, LearnedFrom
from shared.domain.errors import StripeRefusedError
from shared.domain.payment_status import PaymentStatus
from shared.domain.refund import Refund, RefundStatus
from shared.edge.auth import Role
from shared.gateways.attention import Attention
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.refunds import StripeRefunds
from tests.integration.backend import Backend, MakeBackend
from tests.integration.reconcile_desk import ReconcileDesk, late
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts, assert_nothing_is_lost
from tests.local_http import HTTP

pytestmark = pytest.mark.stack

DAY = timedelta(days=1)


def attention(backend: Backend) -> list[AttentionView]:
    lists = Attention(backend.dynamodb, backend.orders_table)
    found = ListAttention(lists, backend.clock)(backend.studio_id)
    return attention_list(found, frozenset({Role.OWNER}), backend.clock()).items


def leave(backend: Backend, account_id: str | None = None, access: str = "deauthorized") -> None:
    backend.control(f"accounts/{account_id or backend.account_id}", access=access)


def come_back(backend: Backend, account_id: str | None = None) -> None:
    backend.control(f"accounts/{account_id or backend.account_id}", access="connected")


def event(backend: Backend, kind: str, account_id: str | None = None) -> dict[str, Any]:
    return {
        "object": "event",
        "id": f"evt_{backend.run}",
        "type": kind,
        "livemode": False,
        "account": account_id or backend.account_id,
        "data": {"object": {"object": "application", "id": "ca_1"}},
    }


LEFT = "account.application.deauthorized"


@pytest.fixture
def direct(make_backend: MakeBackend) -> Backend:
    """A studio whose orders are charged on its own account."""
    return make_backend(direct=True)


def pending_refund(backend: Backend) -> Refund:
    """Return a refund that Stripe has and that has not ended."""
    order_id = backend.sell()
    backend.control("faults", fault="pending")
    return backend.refund(order_id)


def test_an_event_marks_the_account_and_another_one_clears_the_mark(direct: Backend) -> None:
    assert direct.deliver([event(direct, "account.updated")]) == ["AccountUnchanged"]
    leave(direct)
    left = event(direct, LEFT)
    assert direct.deliver([left, left]) == ["AccountDisconnected", "AccountUnchanged"]
    (item,) = attention(direct)
    assert (item.kind, item.account_id) == (
        AttentionKind.ACCOUNT_DISCONNECTED,
        direct.account_id,
    )
    assert "Connect the account to PPS again" in item.detail
    access = direct.accounts.accesses.get(str(direct.account_id))
    assert access is not None
    assert (access.learned_from, access.disconnected_at) == (LearnedFrom.EVENT, item.since)

    come_back(direct)
    # Late, repeated and reordered: what Stripe says now decides.
    back = event(direct, "account.application.authorized")
    assert direct.deliver([left, back, left]) == [
        "AccountConnectedAgain",
        "AccountUnchanged",
        "AccountUnchanged",
    ]
    assert attention(direct) == []


def test_an_event_of_the_platform_itself_marks_nothing(direct: Backend) -> None:
    body = {**event(direct, LEFT), "account": None}
    assert direct.deliver([body]) == ["EventIgnored"]


@pytest.mark.parametrize("access", ["deauthorized", "closed"])
def test_open_refunds_wait_and_say_why_and_end_when_the_account_is_back(
    direct: Backend, access: str
) -> None:
    known = pending_refund(direct)
    unanswered_order = direct.sell()
    direct.control("faults", fault="reset_after_effect", times=2)
    unanswered = direct.refund(unanswered_order)
    assert unanswered.status is RefundStatus.REQUESTED

    leave(direct, access=access)
    for _ in range(3):
        direct.clock.ahead += DAY
        ages = len(direct.reported_ages)
        assert direct.resume() == {"RefundWaitsForAccount": 2}
    assert len(direct.reported_ages) == ages  # no alarm
    for refund in (known, unanswered):
        current = direct.current(refund)
        assert (current.status, current.pending_reason) == (refund.status, ACCOUNT_DISCONNECTED)
    assert [each.kind for each in attention(direct)] == [AttentionKind.ACCOUNT_DISCONNECTED]

    come_back(direct)
    direct.control(f"refunds/{known.stripe_refund_id}", status="succeeded")
    direct.come_to_rest()
    for refund in (known, unanswered):
        assert direct.current(refund).status is RefundStatus.SETTLED
        assert len(direct.stripe_refunds(refund.order_id)) == 1
    assert attention(direct) == []
    assert direct.verify() is None


def test_a_refund_that_still_waits_when_the_account_is_back_says_so(direct: Backend) -> None:
    known = pending_refund(direct)
    leave(direct)
    direct.resume()
    come_back(direct)
    direct.resume()
    assert direct.current(known).pending_reason == "processing"
    direct.clock.ahead += 2 * DAY
    assert [each.kind for each in attention(direct)] == [AttentionKind.REFUND_PENDING_TOO_LONG]


def test_waiting_refunds_are_tried_slowly_and_delay_no_other_studio(
    make_backend: MakeBackend,
) -> None:
    gone = make_backend(direct=True)
    fine = make_backend(direct=True, neighbor=gone)
    for _ in range(3):
        pending_refund(gone)
    refund = fine.refund(fine.sell())
    leave(gone)
    assert gone.resume() == {"RefundWaitsForAccount": 3, "RefundConfirmed": 1}
    assert fine.current(refund).status is RefundStatus.SUCCEEDED
    assert attention(fine) == []
    rounds = 0
    for _ in range(24):
        gone.clock.ahead += timedelta(hours=1)
        rounds += gone.resume(due_only=True).get("RefundWaitsForAccount", 0)
    assert 0 < rounds <= 3 * 9


def test_a_new_refund_is_refused_with_what_to_do_and_reserves_nothing(direct: Backend) -> None:
    order_id = direct.sell()
    leave(direct)
    with pytest.raises(StripeRefusedError) as refused:
        direct.refund(order_id)
    assert refused.value.reason == ACCOUNT_DISCONNECTED
    assert "Connect the account again" in refused.value.detail
    assert direct.record(order_id).state.committed_amount == 0
    (item,) = attention(direct)
    assert item.account_id == direct.account_id

    come_back(direct)
    direct.refund_and_settle(order_id)
    assert attention(direct) == []


def test_a_wrong_key_of_the_platform_marks_no_studio(direct: Backend) -> None:
    refund = pending_refund(direct)
    wrong = StripeConnection(direct.stripe_url, lambda: "sk_test_wrong")
    resume = direct.resume_pending.resume_refund
    object.__setattr__(resume, "stripe", StripeRefunds(wrong))
    object.__setattr__(direct.accounts.stripe, "_connection", wrong)
    assert direct.resume() == {"ResumeDeferred": 1}
    assert attention(direct) == []
    assert direct.current(refund).pending_reason == "processing"


def test_a_wrong_key_of_one_call_marks_no_account_that_stripe_says_is_connected(
    direct: Backend,
) -> None:
    pending_refund(direct)
    wrong = StripeConnection(direct.stripe_url, lambda: "sk_test_wrong")
    object.__setattr__(direct.resume_pending.resume_refund, "stripe", StripeRefunds(wrong))
    assert direct.resume() == {"ResumeDeferred": 1}
    assert attention(direct) == []


def test_charges_are_read_when_the_account_is_back(direct: Backend) -> None:
    leave(direct)
    order_id = direct.sell()
    assert direct.record(order_id).state.payment_status is PaymentStatus.UNVERIFIED
    assert [each.kind for each in attention(direct)] == [AttentionKind.ACCOUNT_DISCONNECTED]
    assert direct.read_charges() == 0  # no message is tried until it is parked
    come_back(direct)
    direct.come_to_rest()
    assert direct.record(order_id).state.payment_status is PaymentStatus.PAID
    assert attention(direct) == []


def test_a_fee_refund_of_an_account_that_left_waits(direct: Backend) -> None:
    refund = direct.refund(direct.sell())
    direct.deliver()
    direct.read_charges()
    leave(direct)
    # Stripe does not say whether fee refunds of such an account are denied. If they are, they wait.
    denied = StripeRefusedError("No.", ACCOUNT_DISCONNECTED, access_denied=True)

    def deny(_: object) -> None:
        raise denied

    object.__setattr__(direct.fee_refunds_at_stripe, "list_of_fee", deny)
    direct.drain()
    fee = direct.fee_refunds.get(refund.order_key)
    assert fee is not None
    assert (fee.is_open, fee.refunded_amount) == (True, 0)
    assert [each.kind for each in attention(direct)] == [AttentionKind.ACCOUNT_DISCONNECTED]
    object.__delattr__(direct.fee_refunds_at_stripe, "list_of_fee")
    come_back(direct)
    direct.come_to_rest()
    fee = direct.fee_refunds.get(refund.order_key)
    assert fee is not None
    assert (fee.is_open, fee.refunded_amount) == (False, 1500)


def test_reconcile_gives_one_finding_a_day_and_goes_on_with_the_others(
    direct_desk: ReconcileDesk,
) -> None:
    backend = direct_desk.backend
    for _ in range(3):
        direct_desk.settled()
    late(direct_desk)
    assert direct_desk.findings() == []
    compared_until = direct_desk.watermark().clean_until
    leave(backend)
    for _ in range(3):
        direct_desk.pass_time(DAY)
        done = direct_desk.reconcile(due_only=True)
        assert (done.failed, done.reconciled) == ([], 2)
        (finding,) = done.findings
        assert (finding.kind, finding.account_id, finding.studio_id) == (
            FindingKind.ACCOUNT_DISCONNECTED,
            backend.account_id,
            backend.studio_id,
        )
        for _ in range(3):
            direct_desk.pass_time(timedelta(hours=1))
            again = direct_desk.reconcile(due_only=True)
            assert (again.findings, again.failed) == ([], [])
    assert direct_desk.watermark().clean_until == compared_until
    assert [each.kind for each in attention(backend)] == [AttentionKind.ACCOUNT_DISCONNECTED]

    come_back(backend)
    direct_desk.pass_time(DAY)
    assert direct_desk.reconcile(due_only=True).findings == []
    assert str(direct_desk.watermark().clean_until) > str(compared_until)
    assert attention(backend) == []


def test_a_studio_that_was_never_reconciled_gets_one_finding_a_day_too(
    direct_desk: ReconcileDesk,
) -> None:
    leave(direct_desk.backend)
    assert direct_desk.kinds() == {FindingKind.ACCOUNT_DISCONNECTED: 1}
    direct_desk.pass_time(timedelta(hours=1))
    assert direct_desk.reconcile(due_only=True).findings == []


def test_what_happened_while_the_account_was_away_is_found_however_long_ago(
    direct_desk: ReconcileDesk,
) -> None:
    backend = direct_desk.backend
    order_id = backend.sell()
    late(direct_desk)
    assert direct_desk.findings() == []
    direct_desk.pass_time(timedelta(hours=2))
    backend.stripe_refund(order_id, 2500)  # by hand; its events get lost
    leave(backend)
    for _ in range(3):
        direct_desk.pass_time(20 * DAY)
        assert direct_desk.kinds() == {FindingKind.ACCOUNT_DISCONNECTED: 1}
    come_back(backend)
    assert direct_desk.kinds() == {FindingKind.REFUND_UNKNOWN_HERE: 1}
    backend.drain()
    assert backend.record(order_id).state.settled_amount == 2500


def test_a_payout_to_an_account_that_left_is_one_item_and_reconnecting_heals(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    leave(backend, ACCOUNT)
    backend.deliver([event(backend, LEFT, ACCOUNT)])
    assert [each.kind for each in attention(backend)] == [AttentionKind.ACCOUNT_DISCONNECTED]
    assert payouts.pay_day() == {"PayoutFailed": 1}
    assert [each.kind for each in attention(backend)] == [AttentionKind.PAYOUTS_ON_HOLD]
    assert payouts.pay_day() == {"PayoutOnHold": 1}

    come_back(backend, ACCOUNT)  # the event about it gets lost
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == NET
    assert attention(backend) == []
    assert_nothing_is_lost(payouts)


def test_a_hold_for_another_reason_is_not_released_by_an_account_that_stayed(
    make_backend: MakeBackend,
) -> None:
    payouts = StudioPayouts(make_backend(studio={"payout_account_id": ACCOUNT}))
    backend = payouts.backend
    backend.sell()
    match = {"method": "POST", "path_prefix": "/v1/transfers"}
    backend.control("faults", fault="fail_at_once", match=match)
    assert payouts.pay_day() == {"PayoutFailed": 1}
    assert payouts.pay_day() == {"PayoutOnHold": 1}
    assert [each.kind for each in attention(backend)] == [AttentionKind.PAYOUTS_ON_HOLD]


def test_two_studios_of_one_account_both_see_it(make_backend: MakeBackend) -> None:
    first = make_backend(direct=True)
    second = make_backend(neighbor=first, studio={"stripe_account_id": first.account_id})
    stranger = make_backend(neighbor=first)
    leave(first)
    first.deliver([event(first, LEFT)])
    for backend in (first, second):
        assert [each.account_id for each in attention(backend)] == [first.account_id]
    assert attention(stranger) == []


def test_a_silent_stripe_marks_nothing_and_the_event_is_sent_again(direct: Backend) -> None:
    leave(direct)
    match = {"path_prefix": "/v1/accounts"}
    direct.control("faults", fault="status_429", times=2, match=match)
    with pytest.raises(Exception, match="RateLimitError"):
        direct.deliver([event(direct, LEFT)])
    assert attention(direct) == []
    HTTP.delete(f"{direct.stripe_url}/_standin/faults").raise_for_status()
    assert direct.deliver([event(direct, LEFT)]) == ["AccountDisconnected"]

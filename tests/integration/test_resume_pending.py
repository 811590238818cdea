"""Open refunds are resumed when they are due, at growing intervals, until they end."""

import itertools
from datetime import timedelta

import pytest

from shared.domain.errors import StripeOutcomeUnknownError
from shared.domain.refund import Refund, RefundStatus
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.record_stripe_refund import RecordStripeRefund
from tests.integration.backend import Backend, MakeBackend
from tests.integration.crash import CrashError

pytestmark = pytest.mark.stack


def due_round(backend: Backend) -> dict[str, int]:
    return dict(backend.resume_pending(due_only=True, time_is_up=lambda: False).done)


def test_only_what_is_due_is_polled_at_growing_intervals(backend: Backend) -> None:
    order_id = backend.sell()
    backend.control("faults", fault="pending")
    refund = backend.refund(order_id)

    assert due_round(backend) == {}
    polled = []
    for minutes in range(1, 330):
        backend.clock.ahead = timedelta(minutes=minutes)
        if due_round(backend):
            polled.append(minutes)
    pauses = [later - earlier for earlier, later in itertools.pairwise(polled)]
    assert polled[0] == 2
    assert pauses == [5, 10, 20, 40, 80, 160]
    assert backend.current(refund).status is RefundStatus.PENDING

    backend.control(f"refunds/{refund.stripe_refund_id}", status="succeeded")
    backend.clock.ahead += timedelta(hours=7)
    assert due_round(backend) == {"RefundConfirmed": 1}
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.open_work() == []


class CrashingQueue:
    """A queue whose caller stops before the message is sent."""

    def announce(self, _: Refund) -> None:
        raise CrashError


def test_a_settlement_is_announced_after_a_crash_before_its_announcement(backend: Backend) -> None:
    order_id = backend.sell()
    refund = backend.refund(order_id)
    record = RecordStripeRefund(
        backend.orders, backend.charges, CrashingQueue(), backend.clock, "stripe_webhook"
    )
    with pytest.raises(CrashError):
        record(backend.refunds_at_stripe.get(str(refund.stripe_refund_id), None), None)
    assert backend.current(refund).status is RefundStatus.SUCCEEDED
    assert backend.drain() == 0

    assert backend.resume().done == {"SettlementAnnouncedAgain": 1}
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED


def test_one_refund_that_cannot_be_resumed_does_not_stop_the_others(backend: Backend) -> None:
    stuck, fine = backend.sell(), backend.sell()
    first, second = backend.refund(stuck), backend.refund(fine)
    backend.control(
        "faults",
        fault="status_429",
        times=2,
        match={"path_prefix": f"/v1/refunds/{first.stripe_refund_id}"},
    )
    done = backend.resume().done
    assert done == {"ResumeDeferred": 1, "RefundConfirmed": 1}
    backend.drain()
    assert backend.current(second).status is RefundStatus.SETTLED
    assert backend.current(first).status is RefundStatus.PENDING


def test_a_round_that_runs_out_of_time_says_so_and_the_next_goes_on(backend: Backend) -> None:
    for _ in range(3):
        backend.refund(backend.sell())
    answers = iter([False, True])
    round_ = backend.resume_pending(due_only=False, time_is_up=lambda: next(answers))
    assert (round_.complete, sum(round_.done.values())) == (False, 1)
    backend.come_to_rest()
    assert backend.open_work() == []


def test_a_refund_on_which_the_function_dies_is_not_the_first_one_next_time(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, fine = backend.refund(backend.sell()), backend.refund(backend.sell())
    backend.clock.ahead = timedelta(minutes=3)
    get = StripeRefunds.get

    def die(stripe: StripeRefunds, stripe_refund_id: str, account_id: str | None) -> StripeRefund:
        if stripe_refund_id == poison.stripe_refund_id:
            raise CrashError
        return get(stripe, stripe_refund_id, account_id)

    monkeypatch.setattr(StripeRefunds, "get", die)
    with pytest.raises(CrashError):
        due_round(backend)
    assert due_round(backend) == {"RefundConfirmed": 1}
    backend.drain()
    assert backend.current(fine).status is RefundStatus.SETTLED


def test_stuck_refunds_do_not_keep_a_fee_refund_waiting(
    make_backend: MakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = make_backend(direct=True)
    settled = backend.refund(backend.sell())
    backend.deliver()
    stuck = [backend.refund(backend.sell()) for _ in range(4)]
    backend.settle_refund(settled.order_key, settled.refund_id)
    backend.new_queues()  # the fee's message is lost
    backend.clock.ahead = timedelta(hours=1)

    def time_out(_: StripeRefunds, *_args: object) -> StripeRefund:
        backend.clock.ahead += timedelta(seconds=80)
        raise StripeOutcomeUnknownError("no answer", key_spent=False)

    monkeypatch.setattr(StripeRefunds, "get", time_out)
    began = backend.clock()
    done = backend.resume_pending(
        due_only=True, time_is_up=lambda: backend.clock() - began > timedelta(seconds=100)
    )
    assert (done.complete, len(stuck)) == (False, 4)
    assert done.done["FeeRefundAnnouncedAgain"] == 1
    assert 1 <= done.done["ResumeDeferred"] <= 2

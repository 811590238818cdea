"""The payout run: each cent once, however often it runs, wherever it dies, whatever settles."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from functions.refund_request.payout_impact import PayoutImpact
from functions.refund_request.preview_refund import Preview, PreviewRefund
from shared.domain.errors import (
    CursorError,
    NegativeBalanceLimitError,
    PayoutNotFoundError,
    StudioNotFoundError,
)
from shared.domain.ledger import LedgerHead
from shared.domain.payout import Booking, Payout, PayoutStatus
from shared.domain.refund import RefundStatus, RefundType
from shared.domain.refund_quote import RefundChoice
from shared.domain.statement import StatementError
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.transfers import StripeTransfers
from tests.integration.backend import STANDIN_KEY, Backend
from tests.integration.payout_desk import ACCOUNT, PayoutDesk

pytestmark = pytest.mark.stack

NET = 10000 - 320 - 1500
TRANSFERS = {"method": "POST", "path_prefix": "/v1/transfers"}


@pytest.fixture
def paying(make_backend: Callable[..., Backend]) -> Backend:
    """A studio whose account for payouts is known."""
    return make_backend(studio={"payout_account_id": ACCOUNT})


@pytest.fixture
def desk(paying: Backend) -> PayoutDesk:
    return PayoutDesk(paying)


def settled_refund(backend: Backend, order_id: str, amount: int | None = None) -> str:
    """Refund an order and settle it; return the refund's id."""
    refund = backend.refund(order_id, amount)
    backend.deliver()
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED
    return refund.refund_id


def assert_nothing_is_lost(desk: PayoutDesk) -> None:
    """Check that the ledger is sound, and that what left it is what Stripe transferred."""
    backend = desk.backend
    assert backend.verify() is None
    entries = backend.entries()
    earned = sum(int(e["payable_amount"]) for e in entries if "payout_id" not in e)
    assert backend.head().payable_balance_amount + desk.transferred() == earned
    assert desk.transferred() == sum(each.paid_amount for each in desk.all())


def test_a_week_is_paid_with_its_deduction_and_traceable_to_the_cent(desk: PayoutDesk) -> None:
    backend = desk.backend
    order_id, other = backend.sell(), backend.sell()
    refund_id = settled_refund(backend, order_id)

    before = desk.next()
    assert before.page.statement.total_amount == before.paid_amount == 2 * NET - 8500
    assert desk.run().done == {}  # nothing is due yet
    assert desk.pay_day() == {"PayoutPaid": 1}

    payout = desk.last()
    assert payout.payout_id == f"po_{backend.studio_id}_{payout.period_end}"
    assert (payout.status, payout.total_amount) == (PayoutStatus.PAID, 2 * NET - 8500)
    assert (payout.paid_amount, payout.carried_amount) == (payout.total_amount, 0)
    assert [step.status.value for step in payout.history] == ["closing", "transferring", "paid"]
    (transfer,) = desk.transfers()
    assert transfer["id"] == payout.transfer_id
    assert (transfer["amount"], transfer["destination"]) == (payout.paid_amount, ACCOUNT)
    assert transfer["transfer_group"] == payout.payout_id
    assert transfer["metadata"] == {
        "payout_id": payout.payout_id,
        "studio_id": backend.studio_id,
    }
    lines = desk.lines_of(payout)
    assert [(line.kind, line.order_id) for line in lines] == [
        ("sale", order_id),
        ("sale", other),
        ("refund", order_id),
    ]
    deduction = lines[-1]
    assert deduction.refund_id == refund_id
    assert (deduction.gross_amount, deduction.rev_share_amount) == (-10000, 1500)
    assert (deduction.stripe_fee_amount, deduction.net_amount) == (0, -8500)
    assert desk.next().page.lines == []
    assert_nothing_is_lost(desk)


def test_however_often_it_runs_a_period_is_paid_once(desk: PayoutDesk) -> None:
    desk.backend.sell()
    assert desk.pay_day() == {"PayoutPaid": 1}
    for _ in range(3):
        assert desk.run().done == {}
    desk.backend.clock.ahead += timedelta(hours=1)
    assert desk.run().done == {}
    assert len(desk.transfers()) == len(desk.all()) == 1
    assert_nothing_is_lost(desk)


def test_runs_side_by_side_make_one_payout_and_one_transfer(desk: PayoutDesk) -> None:
    backend = desk.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    start = threading.Barrier(6)

    def run(_: int) -> dict[str, int]:
        runner = desk.runner()
        start.wait()
        return dict(runner(time_is_up=lambda: False).done)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(run, range(6)))
    assert not any("PayoutRunFailed" in outcome for outcome in outcomes)
    desk.later()
    assert desk.last().status is PayoutStatus.PAID
    assert len(desk.transfers()) == len(desk.all()) == 1
    assert_nothing_is_lost(desk)


class CrashError(BaseException):
    """The function ended here; nothing catches it."""


class Crashing:
    """Something whose named call ends the function, before it is made or after."""

    def __init__(self, of: object, name: str, *, after: bool, nth: int = 1) -> None:
        self._of, self._name, self._after, self._left = of, name, after, nth

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any part's method
        call = getattr(self._of, name)
        return self._crash(call) if name == self._name else call

    def _crash(self, call: Callable[..., object]) -> Callable[..., object]:
        def crash(*args: object, **kwargs: object) -> object:
            self._left -= 1
            if self._left:
                return call(*args, **kwargs)
            if self._after:
                call(*args, **kwargs)
            raise CrashError

        return crash


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("part", "call", "nth"),
    [
        ("ledger", "record_payout", 1),
        ("payouts", "advance", 1),
        ("stripe", "create", 1),
        ("payouts", "advance", 2),
    ],
    ids=["closing", "intent", "transfer", "paid"],
)
def test_a_run_that_dies_at_any_step_is_made_good_by_the_next(
    desk: PayoutDesk, part: str, call: str, nth: int, *, after: bool
) -> None:
    backend = desk.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    parts = {
        "ledger": backend.payout_store,
        "payouts": desk.payouts,
        "stripe": StripeTransfers(backend.stripe),
    }
    runner = desk.runner(**{part: Crashing(parts[part], call, after=after, nth=nth)})
    with pytest.raises(CrashError):
        runner(time_is_up=lambda: False)
    desk.later()
    (payout,) = desk.all()
    assert payout.status is PayoutStatus.PAID
    assert payout.paid_amount == NET
    assert len(desk.transfers()) == 1
    assert_nothing_is_lost(desk)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_that_dies_while_a_refusal_is_booked_gives_the_money_back_once(
    desk: PayoutDesk, *, after: bool
) -> None:
    backend = desk.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    backend.control("faults", fault="insufficient_funds", match=TRANSFERS)
    runner = desk.runner(
        ledger=Crashing(backend.payout_store, "record_payout_failure", after=after)
    )
    with pytest.raises(CrashError):
        runner(time_is_up=lambda: False)
    desk.later()
    (payout,) = desk.all()
    assert payout.status is PayoutStatus.FAILED
    assert [e["kind"] for e in backend.entries()] == ["sale", "payout", "payout_failed"]
    assert_nothing_is_lost(desk)


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ("reset_after_effect", 2),
        ("reset_before_effect", 2),
        ("status_429", 1),
        ("status_500_after_effect", 1),
        ("status_500_before_effect", 1),
    ],
)
def test_a_lost_answer_is_carried_on_and_nothing_is_transferred_twice(
    desk: PayoutDesk, fault: str, times: int
) -> None:
    backend = desk.backend
    backend.sell()
    backend.control("faults", fault=fault, times=times, match=TRANSFERS)
    outcome = desk.pay_day()
    if outcome != {"PayoutPaid": 1}:  # a saved failure is seen through at once
        assert outcome == {"PayoutDeferred": 1}
        assert desk.last().status is PayoutStatus.TRANSFERRING
        assert desk.run().done == {}  # not yet
        assert desk.later() == {"PayoutPaid": 1}
    assert desk.last().status is PayoutStatus.PAID
    assert len(desk.transfers()) == 1
    assert_nothing_is_lost(desk)


def test_a_key_that_stripe_may_have_forgotten_is_not_used_again(desk: PayoutDesk) -> None:
    backend = desk.backend
    backend.sell()
    backend.control("faults", fault="reset_before_effect", times=2, match=TRANSFERS)
    assert desk.pay_day() == {"PayoutDeferred": 1}
    backend.clock.ahead += timedelta(hours=24)
    assert desk.run().done == {"PayoutPaid": 1}
    assert desk.last().attempt == 2
    assert_nothing_is_lost(desk)


@pytest.mark.parametrize(("amount", "outcome"), [(NET, "PayoutPaid"), (1, "PayoutRunFailed")])
def test_a_transfer_made_by_hand_for_the_payout_is_not_made_again(
    desk: PayoutDesk, amount: int, outcome: str
) -> None:
    backend = desk.backend
    backend.sell()
    backend.control("faults", fault="reset_before_effect", times=2, match=TRANSFERS)
    assert desk.pay_day() == {"PayoutDeferred": 1}
    group = {"destination": ACCOUNT, "transfer_group": desk.last().payout_id}
    made = backend.stripe_call("POST", "transfers", amount=amount, currency="usd", **group)
    assert desk.later() == {outcome: 1}
    found = backend.stripe_call("GET", "transfers", limit=100)["data"]
    assert [each["id"] for each in found] == [made["id"]]


def test_a_wrong_key_fails_nobodys_payout(desk: PayoutDesk) -> None:
    backend = desk.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    runner = desk.runner(
        stripe=StripeTransfers(StripeConnection(backend.stripe_url, lambda: "sk_test_wrong"))
    )
    assert runner(time_is_up=lambda: False).done == {"PayoutDeferred": 1}
    assert desk.last().is_open
    assert desk.later() == {"PayoutPaid": 1}
    assert_nothing_is_lost(desk)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("insufficient_funds", "balance_insufficient"), ("fail_at_once", "transfer_failure")],
)
def test_what_stripe_refuses_is_back_in_the_balance_and_in_the_next_payout(
    desk: PayoutDesk, fault: str, reason: str
) -> None:
    backend = desk.backend
    backend.sell()
    backend.control("faults", fault=fault, match=TRANSFERS)
    assert desk.pay_day() == {"PayoutFailed": 1}
    failed = desk.last()
    assert (failed.status, failed.reason) == (PayoutStatus.FAILED, reason)
    assert (failed.total_amount, failed.paid_amount, failed.carried_amount) == (NET, 0, NET)
    assert_nothing_is_lost(desk)

    (line,) = desk.next().page.lines
    assert (line.kind, line.payout_id, line.payable_amount) == (
        "payout_failed",
        failed.payout_id,
        NET,
    )
    backend.sell()
    assert desk.pay_day() == {"PayoutPaid": 1}
    assert desk.last().paid_amount == 2 * NET
    assert_nothing_is_lost(desk)


def test_a_negative_total_is_carried_and_the_payout_after_it_begins_with_it(
    desk: PayoutDesk,
) -> None:
    backend = desk.backend
    order_id = backend.sell()
    desk.pay_day()
    settled_refund(backend, order_id)
    assert desk.next().carried_amount == -8500
    assert desk.pay_day() == {"PayoutCarried": 1}
    carried = desk.last()
    assert (carried.total_amount, carried.paid_amount, carried.carried_amount) == (-8500, 0, -8500)
    assert carried.reason == "negative_balance"
    assert desk.pay_day() == {"PayoutNothingDue": 1}  # nothing new, nothing to pay
    backend.sell()
    backend.sell()
    assert desk.pay_day() == {"PayoutPaid": 1}
    last = desk.last()
    assert [line.kind for line in desk.lines_of(last)] == ["carried", "sale", "sale"]
    assert last.paid_amount == 2 * NET - 8500
    assert last.period_start > carried.period_end
    assert_nothing_is_lost(desk)


def test_without_an_account_it_is_held_and_stays_owed(backend: Backend) -> None:
    desk = PayoutDesk(backend)
    backend.sell()
    assert desk.next().reason == "no_payout_account"
    assert desk.pay_day() == {"PayoutHeld": 1}
    held = desk.last()
    assert (held.status, held.reason) == (PayoutStatus.HELD, "no_payout_account")
    assert (held.paid_amount, held.carried_amount) == (0, NET)
    assert backend.head().payable_balance_amount == NET
    backend.sell()
    assert desk.pay_day() == {"PayoutHeld": 1}
    assert [line.kind for line in desk.lines_of(desk.last())] == ["carried", "sale"]
    assert desk.last().total_amount == 2 * NET
    assert_nothing_is_lost(desk)


def test_what_was_held_is_paid_once_the_studio_has_an_account(backend: Backend) -> None:
    desk = PayoutDesk(backend)
    backend.sell()
    assert desk.pay_day() == {"PayoutHeld": 1}
    backend.studio = {"payout_account_id": ACCOUNT}
    assert backend.import_studio().refused[0]["reason"].endswith("send `update`: true to change it")
    assert backend.import_studio(update=True).updated == 1
    assert backend.import_studio(update=True).unchanged == 1
    assert desk.pay_day() == {"PayoutPaid": 1}
    assert desk.last().paid_amount == NET
    assert_nothing_is_lost(desk)


def test_direct_charges_explain_and_are_never_paid_again(
    make_backend: Callable[..., Backend],
) -> None:
    backend = make_backend(direct=True, studio={"payout_account_id": ACCOUNT})
    desk = PayoutDesk(backend)
    order_id = backend.sell()
    settled_refund(backend, order_id, 2500)
    open_now = desk.next()
    assert open_now.page.statement.total_amount == 0
    assert open_now.page.statement.total.direct_amount == NET - 2125
    assert desk.pay_day() == {"PayoutCarried": 1}
    assert desk.last().reason == "nothing_owed"
    assert desk.transfers() == []
    assert_nothing_is_lost(desk)


def test_a_refund_that_fails_late_is_re_applied_in_the_next_payout(desk: PayoutDesk) -> None:
    backend = desk.backend
    backend.sell()
    order_id = backend.sell()
    refund = backend.refund(order_id, 5000)
    backend.deliver()
    backend.drain()
    desk.pay_day()
    backend.control(f"refunds/{backend.current(refund).stripe_refund_id}", status="failed")
    backend.deliver()
    backend.drain()
    (line,) = desk.next().page.lines
    assert (line.kind, line.refund_id) == ("refund_failed", refund.refund_id)
    assert (line.gross_amount, line.rev_share_amount, line.payable_amount) == (5000, -750, 4250)
    assert desk.pay_day() == {"PayoutPaid": 1}
    assert desk.transferred() == 2 * NET
    assert_nothing_is_lost(desk)


class SettlingLedger:
    """A PayoutStore where something settles just before each payout is written, a few times."""

    def __init__(self, backend: Backend, settle: list[Callable[[], object]]) -> None:
        self._ledger, self._settle = backend.payout_store, settle

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # any of the store's methods
        return getattr(self._ledger, name)

    def record_payout(
        self, head: LedgerHead, closing: Booking, due_at: str, next_due_at: str
    ) -> None:
        if self._settle:
            self._settle.pop()()
        self._ledger.record_payout(head, closing, due_at, next_due_at)


def test_a_refund_that_settles_during_the_run_is_in_this_payout_or_the_next(
    desk: PayoutDesk,
) -> None:
    backend = desk.backend
    backend.sell()
    first, second, third = (backend.sell() for _ in range(3))
    backend.clock.ahead += timedelta(days=7)
    during = [lambda: settled_refund(backend, second), lambda: settled_refund(backend, first)]
    runner = desk.runner(ledger=SettlingLedger(backend, list(during)))
    assert runner(time_is_up=lambda: False).done == {"PayoutPaid": 1}
    settled_refund(backend, third)

    this = [line.order_id for line in desk.lines_of(desk.last()) if line.kind == "refund"]
    following = [line.order_id for line in desk.next().page.lines if line.kind == "refund"]
    assert this == [first, second]
    assert following == [third]
    assert desk.last().paid_amount == 4 * NET - 2 * 8500
    assert_nothing_is_lost(desk)


def test_refunds_that_settle_side_by_side_with_runs_are_in_exactly_one_payout(
    desk: PayoutDesk,
) -> None:
    backend = desk.backend
    orders = [backend.sell() for _ in range(12)]
    refunds = [backend.refund(order_id, 1000) for order_id in orders]
    backend.deliver()
    backend.clock.ahead += timedelta(days=7)
    start = threading.Barrier(3)

    def settle(mine: list[Any]) -> None:
        start.wait()
        for refund in mine:
            backend.settle_refund(refund.order_key, refund.refund_id)

    def run() -> None:
        start.wait()
        desk.runner()(time_is_up=lambda: False)

    with ThreadPoolExecutor(3) as pool:
        work = [pool.submit(settle, refunds[:6]), pool.submit(settle, refunds[6:])]
        work.append(pool.submit(run))
        for each in work:
            each.result()
    desk.later()
    lines = [*desk.lines_of(desk.last()), *desk.next().page.lines]
    found = sorted(line.refund_id or "" for line in lines if line.kind == "refund")
    assert found == sorted(refund.refund_id for refund in refunds)
    assert_nothing_is_lost(desk)


def test_one_studio_that_cannot_be_paid_out_does_not_stop_the_others(desk: PayoutDesk) -> None:
    backend = desk.backend
    backend.sell()
    backend.clock.ahead += timedelta(days=7)
    # A studio that is due, and of which nothing else is there.
    backend.dynamodb.put_item(
        TableName=backend.orders_table,
        Item={
            "PK": {"S": "STUDIO#st_lost"},
            "SK": {"S": "NEXT_PAYOUT"},
            "open_pk": {"S": "PAYOUT_DUE"},
            "open_due": {"S": "2020-01-01T00:00:00.000Z"},
        },
    )
    assert desk.run().done == {"PayoutRunFailed": 1, "PayoutPaid": 1}
    assert_nothing_is_lost(desk)


def test_a_run_that_runs_out_of_time_leaves_the_rest_due(desk: PayoutDesk) -> None:
    desk.backend.sell()
    desk.backend.clock.ahead += timedelta(days=7)
    run = desk.runner()(time_is_up=lambda: True)
    assert (run.complete, dict(run.done)) == (False, {})
    assert dict(desk.run().done) == {"PayoutPaid": 1}


def test_weeks_without_a_run_come_in_one_payout_named_for_all_their_days(
    desk: PayoutDesk,
) -> None:
    backend = desk.backend
    backend.sell()
    desk.pay_day()
    first = desk.last()
    backend.sell()
    backend.clock.ahead += timedelta(days=21)
    assert desk.run().done == {"PayoutPaid": 1}
    last = desk.last()
    assert len(desk.all()) == 2
    assert last.period_start > first.period_end
    assert last.period_end[:4] >= first.period_end[:4]
    assert_nothing_is_lost(desk)


# What the API shows.


def test_lines_come_page_by_page_and_sums_are_of_all_of_them(desk: PayoutDesk) -> None:
    backend = desk.backend
    order_id = backend.sell()
    desk.pay_day()
    settled_refund(backend, order_id)
    desk.pay_day()  # carried below zero, so that there is a line without a number
    for _ in range(4):
        backend.sell()
    whole = desk.next()
    for limit in (1, 2, 3):
        cursor, lines = None, []
        while True:
            shown = desk.next(limit, cursor)
            assert shown.page.statement.total == whole.page.statement.total
            assert shown.page.statement.by_kind == whole.page.statement.by_kind
            assert len(shown.page.lines) <= limit
            lines += shown.page.lines
            cursor = shown.page.next_cursor
            if cursor is None:
                break
        assert lines == whole.page.lines
    assert whole.page.statement.total_amount == 4 * NET - 8500


def test_a_cursor_of_another_payout_or_none_of_ours_is_refused(desk: PayoutDesk) -> None:
    backend = desk.backend
    for _ in range(3):
        backend.sell()
    cursor = desk.next(1).page.next_cursor
    assert cursor is not None
    desk.pay_day()
    backend.sell()
    for wrong in (cursor, "nonsense", cursor[:-2]):
        with pytest.raises(CursorError):
            desk.next(1, wrong)
    with pytest.raises(CursorError):
        desk.list(backend.studio_id, 1, cursor)


def test_payouts_are_listed_newest_first_page_by_page(desk: PayoutDesk) -> None:
    for _ in range(3):
        desk.backend.sell()
        desk.pay_day()
    whole = desk.all()
    assert [each.period_end for each in whole] == sorted(
        (each.period_end for each in whole), reverse=True
    )
    first = desk.list(desk.backend.studio_id, 2, None)
    rest = desk.list(desk.backend.studio_id, 2, first.next_cursor)
    assert ([*first.payouts, *rest.payouts], rest.next_cursor) == (whole, None)


def test_another_studios_payout_is_as_one_that_is_not_there(desk: PayoutDesk) -> None:
    desk.backend.sell()
    desk.pay_day()
    payout_id = desk.last().payout_id
    refusals = []
    for studio_id, asked in (("st_other", payout_id), (desk.backend.studio_id, "po_nowhere")):
        with pytest.raises(PayoutNotFoundError) as refusal:
            desk.show.page(studio_id, asked, 10, None)
        refusals.append(refusal.value.detail)
    assert refusals[0] == refusals[1]
    with pytest.raises(StudioNotFoundError):
        desk.show_next("st_nowhere", 10, None)


def test_an_entry_that_is_gone_is_not_glossed_over(desk: PayoutDesk) -> None:
    backend = desk.backend
    for _ in range(3):
        backend.sell()
    backend.dynamodb.delete_item(
        TableName=backend.ledger_table,
        Key={"PK": {"S": f"STUDIO#{backend.studio_id}"}, "SK": {"S": "ENTRY#000000000002"}},
    )
    with pytest.raises(StatementError, match="2"):
        desk.next()


# What a refund does to it.


def preview(backend: Backend, order_id: str, amount: int) -> Preview:
    shown = PreviewRefund(backend.orders, PayoutImpact(backend.books, backend.studios))
    choice = RefundChoice(RefundType.PARTIAL, amount=amount)
    return shown(backend.caller, order_id, choice)


def test_a_preview_shows_the_next_payout_and_warns_when_it_would_turn_negative(
    make_backend: Callable[..., Backend],
) -> None:
    studio = {"payout_account_id": ACCOUNT, "negative_balance_limit": 1700}
    backend = make_backend(studio=studio)
    desk, order_id = PayoutDesk(backend), backend.sell()
    harmless = preview(backend, order_id, 9000)
    assert harmless.next_payout.before_amount == desk.next().paid_amount == NET
    assert harmless.next_payout.after_amount == NET - 7650
    assert harmless.warnings == []

    desk.pay_day()
    negative = preview(backend, order_id, 2000)
    assert (negative.next_payout.before_amount, negative.next_payout.after_amount) == (0, -1700)
    assert negative.warnings == ["next_payout_negative"]
    beyond = preview(backend, order_id, 2002)
    assert beyond.next_payout.after_amount == -1702
    assert beyond.warnings == ["next_payout_negative", "negative_balance_limit"]

    settled_refund(backend, order_id, 2000)
    assert desk.next().page.statement.total_amount == -1700


def test_a_preview_of_a_direct_charge_leaves_the_payout_alone(
    make_backend: Callable[..., Backend],
) -> None:
    backend = make_backend(direct=True, studio={"negative_balance_limit": 0})
    shown = preview(backend, backend.sell(), 10000)
    assert (shown.next_payout.before_amount, shown.next_payout.after_amount) == (0, 0)
    assert shown.warnings == []


def test_a_refund_beyond_the_limit_is_refused_where_the_studio_asked_for_that(
    make_backend: Callable[..., Backend],
) -> None:
    strict = {"negative_balance_limit": 1000, "on_negative_limit": "refuse"}
    backend = make_backend(studio={"payout_account_id": ACCOUNT, **strict})
    desk = PayoutDesk(backend)
    order_id = backend.sell()
    desk.pay_day()
    with pytest.raises(NegativeBalanceLimitError, match="-8500"):
        backend.refund(order_id)
    assert backend.record(order_id).state.committed_amount == 0
    refund = backend.refund(order_id, 1000)
    assert refund.status is RefundStatus.PENDING


def test_a_studio_that_did_not_ask_refunds_all_the_same(
    make_backend: Callable[..., Backend],
) -> None:
    backend = make_backend(studio={"negative_balance_limit": 0, "payout_account_id": ACCOUNT})
    order_id = backend.sell()
    PayoutDesk(backend).pay_day()
    assert backend.refund(order_id).status is RefundStatus.PENDING


def test_transfers_are_made_with_the_attempts_key(desk: PayoutDesk) -> None:
    desk.backend.sell()
    desk.pay_day()
    payout: Payout = desk.last()
    requests = httpx.get(
        f"{desk.backend.stripe_url}/_standin/requests",
        headers={"Authorization": f"Bearer {STANDIN_KEY}"},
    ).json()["requests"]
    asked = [each for each in requests if each["path"] == "/v1/transfers"]
    assert [(each["method"], each["idempotency_key"]) for each in asked] == [
        ("GET", None),
        ("POST", f"{payout.payout_id}:1"),
    ]

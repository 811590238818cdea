"""What a refund does to the next payout, in its preview and against the studio's limit."""

import pytest

from functions.refund_request.preview_refund import Preview, PreviewRefund
from shared.domain.errors import NegativeBalanceLimitError
from shared.domain.refund import RefundStatus, RefundType
from shared.domain.refund_quote import RefundChoice
from shared.gateways.limit_guards import LimitGuards
from tests.at_once import at_once
from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts

pytestmark = pytest.mark.stack


def preview(backend: Backend, order_id: str, amount: int) -> Preview:
    shown = PreviewRefund(backend.payout_impact(), backend.charge_reader, backend.stops)
    choice = RefundChoice(RefundType.PARTIAL, amount=amount)
    return shown(backend.caller, order_id, choice)


def test_a_preview_shows_the_next_payout_and_warns_when_it_would_turn_negative(
    make_backend: MakeBackend,
) -> None:
    studio = {"payout_account_id": ACCOUNT, "negative_balance_limit": 1700}
    backend = make_backend(studio=studio)
    payouts, order_id = StudioPayouts(backend), backend.sell()
    harmless = preview(backend, order_id, 9000)
    assert harmless.next_payout.before_amount == payouts.next().paid_amount == NET
    assert harmless.next_payout.after_amount == NET - 7650
    assert harmless.warnings == []

    payouts.pay_day()
    negative = preview(backend, order_id, 2000)
    assert (negative.next_payout.before_amount, negative.next_payout.after_amount) == (0, -1700)
    assert negative.warnings == ["next_payout_negative"]
    beyond = preview(backend, order_id, 2002)
    assert beyond.next_payout.after_amount == -1702
    assert beyond.warnings == ["next_payout_negative", "negative_balance_limit"]

    backend.refund_and_settle(order_id, 2000)
    assert payouts.next().page.statement.total_amount == -1700


def test_a_preview_of_a_direct_charge_leaves_the_payout_unchanged(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend(direct=True, studio={"negative_balance_limit": 0})
    shown = preview(backend, backend.sell(), 10000)
    assert (shown.next_payout.before_amount, shown.next_payout.after_amount) == (0, 0)
    assert shown.warnings == []


def test_a_refund_beyond_the_limit_is_refused_when_the_studio_chose_so(
    make_backend: MakeBackend,
) -> None:
    strict = {"negative_balance_limit": 1000, "on_negative_limit": "refuse"}
    backend = make_backend(studio={"payout_account_id": ACCOUNT, **strict})
    payouts = StudioPayouts(backend)
    order_id = backend.sell()
    payouts.pay_day()
    with pytest.raises(NegativeBalanceLimitError, match=r"-85\.00 USD"):
        backend.refund(order_id)
    assert backend.record(order_id).state.committed_amount == 0
    refund = backend.refund(order_id, 1000)
    assert refund.status is RefundStatus.PENDING


def test_a_refund_beyond_the_limit_passes_by_default(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend(studio={"negative_balance_limit": 0, "payout_account_id": ACCOUNT})
    order_id = backend.sell()
    StudioPayouts(backend).pay_day()
    assert backend.refund(order_id).status is RefundStatus.PENDING


def strict_studio(make_backend: MakeBackend, limit: int) -> tuple[Backend, list[str]]:
    """Return a studio that owes nothing and refuses to owe more than a limit, and its orders."""
    strict = {"negative_balance_limit": limit, "on_negative_limit": "refuse"}
    backend = make_backend(studio={"payout_account_id": ACCOUNT, **strict})
    order_ids = [backend.sell() for _ in range(6)]
    assert StudioPayouts(backend).pay_day() == {"PayoutPaid": 1}
    return backend, order_ids


def test_refunds_in_flight_of_other_orders_count_against_the_limit(
    make_backend: MakeBackend,
) -> None:
    backend, (first, second, third, *_) = strict_studio(make_backend, 10_000)
    refund = backend.refund(first)  # takes 8500
    assert preview(backend, second, 1000).next_payout.in_flight_amount == -8500
    assert preview(backend, second, 2000).warnings[-1] == "negative_balance_limit"
    with pytest.raises(NegativeBalanceLimitError, match=r"-102\.00 USD"):
        backend.refund(second, 2000)
    backend.refund(second, 1000)  # takes 850
    backend.settle_all()
    assert backend.head().payable_balance_amount == -9350
    assert preview(backend, second, 1).next_payout.in_flight_amount == 0
    with pytest.raises(NegativeBalanceLimitError):
        backend.refund(third, 1000)
    backend.control(f"refunds/{backend.current(refund).stripe_refund_id}", status="failed")
    backend.settle_all()
    backend.refund(third)
    assert LimitGuards(backend.dynamodb, backend.orders_table).get(backend.studio_id).order_ids == (
        third,
    )


def test_of_refunds_at_the_same_time_only_those_that_fit_the_limit_pass(
    make_backend: MakeBackend,
) -> None:
    backend, order_ids = strict_studio(make_backend, 3 * 850)

    def try_refund(number: int) -> bool:
        try:
            backend.refund(order_ids[number], 1000)
        except NegativeBalanceLimitError:
            return False
        return True

    assert sum(at_once(len(order_ids), try_refund)) == 3
    backend.settle_all()
    assert backend.head().payable_balance_amount == -3 * 850


def test_a_refund_made_in_stripe_counts_before_it_is_settled(make_backend: MakeBackend) -> None:
    backend, (first, second, *_) = strict_studio(make_backend, 1000)
    backend.stripe_refund(first, 1000)
    backend.deliver()
    with pytest.raises(NegativeBalanceLimitError, match=r"-17\.00 USD"):
        backend.refund(second, 1000)

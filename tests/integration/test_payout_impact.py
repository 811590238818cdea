"""What a refund does to the next payout, in its preview and against the studio's limit."""

import pytest

from functions.refund_request.payout_impact import PayoutImpact
from functions.refund_request.preview_refund import Preview, PreviewRefund
from shared.domain.errors import NegativeBalanceLimitError
from shared.domain.refund import RefundStatus, RefundType
from shared.domain.refund_quote import RefundChoice
from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts

pytestmark = pytest.mark.stack


def preview(backend: Backend, order_id: str, amount: int) -> Preview:
    shown = PreviewRefund(PayoutImpact(backend.books, backend.studios), backend.charge_reader)
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
    with pytest.raises(NegativeBalanceLimitError, match="-8500"):
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

"""While an operator has stopped something, nothing new begins, and nothing is lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.refund_request.preview_refund import PreviewRefund
from shared.domain.errors import MessagesStoppedError, RefundsStoppedError
from shared.domain.payout import PayoutStatus
from shared.domain.refund import RefundStatus, RefundType
from shared.domain.refund_quote import RefundChoice, RefundWarning
from tests.integration.backend import Backend, MakeBackend
from tests.integration.disaster import Disaster
from tests.integration.message_sender import MessageSender
from tests.integration.order_search import show_order
from tests.integration.studio_payouts import NET, StudioPayouts, assert_nothing_is_lost
from tests.operate import failure_of, operate

pytestmark = pytest.mark.stack

WHO = ("--by", "op_1", "--why", "bad deployment")
# After this time each process has read the stops again.
A_WHILE = timedelta(seconds=31)
TRANSFERS = {"method": "POST", "path_prefix": "/v1/transfers"}

type Operated = Callable[..., str]


def command(operated: Operated, backend: Backend, *arguments: str) -> None:
    """Run an operation on the backend's table, and let the time pass until it holds."""
    result = operate(*arguments, *WHO, "--stack", operated(backend))
    assert result.exit_code == 0, result.output
    backend.clock.ahead += A_WHILE


def test_a_stop_refuses_new_refunds_and_ends_the_one_that_had_begun(
    backend: Backend, operated: Operated
) -> None:
    begun, other = backend.sell(), backend.sell()
    refund = backend.refund(begun, 2_500, key="begun")
    command(operated, backend, "stop", "refunds", "--notice", "Back at noon.")

    with pytest.raises(RefundsStoppedError, match=r"Back at noon\. Nothing was refunded\."):
        backend.refund(other, 2_500)
    assert backend.record(other).refunds == {}
    # The same request again gets its refund, and the webhook, settlement and books go on.
    assert backend.refund(begun, 2_500, key="begun").refund_id == refund.refund_id
    backend.deliver(backend.events())
    backend.settle_all()
    assert backend.current(refund).status is RefundStatus.SETTLED

    command(operated, backend, "start", "refunds")
    assert backend.refund(other, 2_500).amount == 2_500


def test_a_stop_of_one_studio_leaves_its_neighbor_alone(
    backend: Backend, make_backend: MakeBackend, operated: Operated
) -> None:
    neighbor = make_backend(neighbor=backend)
    own, theirs = backend.sell(), neighbor.sell()
    command(operated, backend, "stop", "refunds", "--studio", backend.studio_id)
    neighbor.clock.ahead += A_WHILE
    with pytest.raises(RefundsStoppedError):
        backend.refund(own)
    assert neighbor.refund(theirs).amount == 10_000


def test_the_panel_and_the_preview_say_it_before_somebody_tries(
    backend: Backend, operated: Operated
) -> None:
    order_id = backend.sell()
    command(operated, backend, "stop", "refunds")
    offered = show_order(backend)(backend.caller, order_id).actions.refund
    assert offered.refusal is not None
    assert offered.refusal.code == "refunds_stopped"
    preview = PreviewRefund(backend.payout_impact(), backend.charge_reader, backend.stops)
    shown = preview(backend.caller, order_id, RefundChoice(RefundType.FULL))
    notice = shown.notices[0]
    assert (notice.code, notice.blocking) == (RefundWarning.REFUNDS_STOPPED, True)


def test_a_stopped_payout_run_goes_on_where_it_was(
    payouts: StudioPayouts, operated: Operated
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control(
        "faults", fault="insufficient_funds", times=1, match={"path_prefix": "/v1/transfers"}
    )
    assert payouts.pay_day() == {"PayoutWaitsForBalance": 1}
    waiting = payouts.last()
    backend.sell()
    command(operated, backend, "stop", "payouts")
    # The next payout day, and each hour after it: nothing closes, and no money moves.
    assert payouts.pay_day() == {"PayoutStopped": 2}
    assert payouts.later() == {"PayoutStopped": 2}
    assert (payouts.all(), payouts.transfers()) == ([waiting], [])

    command(operated, backend, "start", "payouts")
    assert payouts.later() == {"PayoutPaid": 2}
    assert [each.status for each in payouts.all()] == [PayoutStatus.PAID] * 2
    assert payouts.transferred() == 2 * NET
    assert_nothing_is_lost(payouts)


def test_money_that_comes_back_is_entered_although_payouts_are_stopped(
    payouts: StudioPayouts, operated: Operated
) -> None:
    payouts.backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    command(operated, payouts.backend, "stop", "payouts")
    payouts.take_back(1_000)
    assert payouts.run().done == {"PayoutReversed": 1}
    assert_nothing_is_lost(payouts)


def test_a_payout_by_hand_is_refused_while_payouts_are_stopped(
    payouts: StudioPayouts, operated: Operated
) -> None:
    backend = payouts.backend
    backend.sell()
    command(operated, backend, "stop", "payouts", "--studio", backend.studio_id)
    assert payouts.runner().pay_now(backend.studio_id, "test") == ("PayoutStopped", None)
    assert payouts.all() == []


def test_a_stopped_message_is_not_recorded_and_can_be_sent_later(
    sender: MessageSender, operated: Operated
) -> None:
    command(operated, sender.backend, "stop", "messages")
    with pytest.raises(MessagesStoppedError, match=r"Nothing was sent\."):
        sender.send()
    assert (sender.found(), sender.mails()) == (None, [])
    request = sender.request()
    preview = sender.preview_message(
        sender.backend.caller, sender.order_id, request.template, request.refund_id
    )
    assert preview.warnings == ["messages_stopped"]

    command(operated, sender.backend, "start", "messages")
    sender.send()
    assert len(sender.mails()) == 1


def test_the_operator_sees_who_stopped_what_when_and_why(
    backend: Backend, operated: Operated
) -> None:
    own = ("--studio", backend.studio_id)
    stack = ("--stack", operated(backend))
    assert "Nothing is stopped." in operate("stops", *stack).stdout
    command(operated, backend, "stop", "refunds")
    command(operated, backend, "stop", "refunds", *own)
    result = operate("start", "refunds", *WHO, *stack)
    assert f"Still stopped: studio {backend.studio_id}." in result.stdout
    shown = operate("stops", *stack).stdout
    for text in ("op_1", "bad deployment", backend.studio_id, "started", "The last 3 changes"):
        assert text in shown


def test_a_wrong_command_stops_and_starts_nothing(backend: Backend, operated: Operated) -> None:
    stack = ("--stack", operated(backend))
    unknown = operate("stop", "refunds", "--studio", "st_nowhere", *WHO, *stack)
    assert "There is no studio st_nowhere. Nothing was stopped." in failure_of(unknown)
    again = operate("start", "payouts", *WHO, *stack)
    assert "There is no stop of payouts of all studios." in failure_of(again)
    broken = operate("stop", "refunds", *WHO, "--notice", "a\nb", *stack)
    assert "write one line of text" in failure_of(broken)
    assert backend.stops_store.get().stops == ()
    assert list(backend.stops_store.changes()) == []


def test_a_restore_keeps_what_operators_stopped(
    disaster: Callable[..., Disaster], operated: Operated
) -> None:
    struck = disaster()
    backend = struck.backend
    struck.keep()
    backend.sell()
    command(operated, backend, "stop", "refunds")
    struck.strike()
    backend.clock.ahead += A_WHILE
    assert [each.why for each in backend.stops_store.get().stops] == ["bad deployment"]
    assert [each.by for each in backend.stops_store.changes()] == ["op_1"]

"""The attention list on real tables: what a person must act on, and recording what they did."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.attention.list_attention import AttentionKind, ListAttention, NameParents
from functions.attention.record_resolution import ResolveParked, ResolveRefund
from functions.attention.views import AttentionView, attention_count, attention_list
from shared.clock import rfc3339
from shared.domain.errors import (
    AlreadyResolvedError,
    AmountExceedsRefundableError,
    OrderNotFoundError,
    ParkedMessageNotFoundError,
    RefundNotFailedError,
    RefundNotFoundError,
)
from shared.domain.order import OrderState
from shared.domain.parked import ParkedMessage
from shared.domain.refund import PaidBy, Refund, Resolution
from shared.edge.auth import Caller, Role
from shared.gateways.attention import Attention
from shared.gateways.order_lists import OrderLists
from shared.gateways.parked_messages import ParkedRecords
from tests.integration.backend import Backend

CHECK = PaidBy.CHECK, "no. 1042"
type Resolve = Callable[..., tuple[Refund, OrderState]]

STRANGER = Caller("eve", "st_other", frozenset({Role.OWNER}))


def attention(backend: Backend, *roles: Role) -> list[AttentionView]:
    """Return the list as the studio's owner sees it, or a user with other roles."""
    lists = Attention(backend.dynamodb, backend.orders_table)
    found = ListAttention(lists, backend.clock)(backend.studio_id)
    name = NameParents(OrderLists(backend.dynamodb, backend.orders_table))
    named = name(backend.studio_id, found)
    shown = attention_list(named, frozenset(roles or {Role.OWNER}), backend.clock())
    assert shown.count == attention_count(found).count == len(shown.items)
    return shown.items


def kinds(backend: Backend) -> list[str]:
    return [each.kind.value for each in attention(backend)]


def failed_refund(backend: Backend, amount: int | None = 4000, *, late: bool = False) -> Refund:
    """Return a refund that Stripe failed before or after settlement."""
    refund = backend.refund(backend.sell(), amount)
    if late:
        backend.settle_all()
    backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    backend.settle_all()
    return backend.current(refund)


@pytest.fixture
def resolve(backend: Backend) -> Resolve:
    def record(
        caller: Caller,
        order_id: str,
        refund_id: str,
        *how: Any,  # noqa: ANN401  # a resolution without its time and user
    ) -> tuple[Refund, OrderState]:
        at = rfc3339(backend.clock())
        paid_by, reference, *note = how
        resolution = Resolution(paid_by, reference, at, caller.user, *note)
        return ResolveRefund(backend.orders)(caller, order_id, refund_id, resolution)

    return record


def test_without_problems_nothing_needs_attention(backend: Backend) -> None:
    backend.refund(backend.sell())
    assert kinds(backend) == []  # just requested
    backend.settle_all()
    assert kinds(backend) == []


@pytest.mark.parametrize("late", [False, True])
def test_a_failed_refund_stays_on_the_list_until_the_parent_is_paid(
    backend: Backend, resolve: Resolve, *, late: bool
) -> None:
    refund = failed_refund(backend, late=late)
    (found,) = attention(backend)
    assert (found.kind, found.order_id, found.refund_id, found.amount, found.currency) == (
        AttentionKind.REFUND_FAILED,
        refund.order_id,
        refund.refund_id,
        4000,
        "usd",
    )
    assert found.since == refund.failed_at
    assert found.parent_name == "Dana Parent"
    assert [each.value for each in found.actions] == ["resolve", "open_order"]
    (read_only,) = attention(backend, Role.BOOKKEEPER)
    assert [each.value for each in read_only.actions] == ["open_order"]
    before = backend.head()

    resolved, state = resolve(
        backend.caller, refund.order_id, refund.refund_id, *CHECK, "Sent by post."
    )

    assert resolved.resolution is not None
    assert resolved.resolution.note == "Sent by post."
    assert backend.current(refund).resolution == resolved.resolution
    assert (resolved.resolution.paid_by, resolved.resolution.reference) == CHECK
    assert resolved.resolution.by == "tester"
    assert state.refundable_amount == 6000
    assert backend.record(refund.order_id).state.paid_otherwise_amount == 4000
    assert backend.head() == before  # no money passed through PPS
    assert kinds(backend) == []


def test_a_refund_paid_by_other_means_is_not_refunded_again(
    backend: Backend, resolve: Resolve
) -> None:
    refund = failed_refund(backend)
    resolve(backend.caller, refund.order_id, refund.refund_id, *CHECK)
    with pytest.raises(AmountExceedsRefundableError):
        backend.refund(refund.order_id, 6001)
    assert backend.refund(refund.order_id).amount == 6000


def test_a_second_click_changes_nothing_and_another_resolution_is_refused(
    backend: Backend, resolve: Resolve
) -> None:
    refund = failed_refund(backend)
    first = resolve(backend.caller, refund.order_id, refund.refund_id, *CHECK)[0]
    again = resolve(backend.caller, refund.order_id, refund.refund_id, *CHECK)[0]
    assert again.resolution == first.resolution
    with pytest.raises(AlreadyResolvedError, match="already"):
        resolve(backend.caller, refund.order_id, refund.refund_id, PaidBy.CASH, None)
    with pytest.raises(AlreadyResolvedError):
        resolve(backend.caller, refund.order_id, refund.refund_id, *CHECK, "Sent twice?")
    assert backend.record(refund.order_id).state.paid_otherwise_amount == 4000


def test_a_refund_that_was_repeated_cannot_be_recorded_as_paid_by_check(
    backend: Backend, resolve: Resolve
) -> None:
    refund = failed_refund(backend)
    backend.refund(refund.order_id)
    with pytest.raises(AmountExceedsRefundableError, match="new_refund"):
        resolve(backend.caller, refund.order_id, refund.refund_id, *CHECK)
    _, state = resolve(backend.caller, refund.order_id, refund.refund_id, PaidBy.NEW_REFUND, None)
    assert state.paid_otherwise_amount == 0
    assert AttentionKind.REFUND_FAILED not in kinds(backend)


def test_only_a_failed_refund_of_the_callers_studio_is_resolved(
    backend: Backend, resolve: Resolve
) -> None:
    refund = backend.refund(backend.sell())
    with pytest.raises(RefundNotFailedError):
        resolve(backend.caller, refund.order_id, refund.refund_id, *CHECK)
    with pytest.raises(RefundNotFoundError):
        resolve(backend.caller, refund.order_id, "rf_none", *CHECK)
    with pytest.raises(OrderNotFoundError):
        resolve(STRANGER, refund.order_id, refund.refund_id, *CHECK)


def test_a_refund_that_stripe_refused_at_once_is_not_on_the_list(backend: Backend) -> None:
    order_id = backend.sell()
    backend.stripe_refund(order_id, 10000)
    with pytest.raises(Exception, match="refunded"):
        backend.refund(order_id)
    assert kinds(backend) == []


def test_a_refund_pending_too_long_is_on_the_list_after_a_day(backend: Backend) -> None:
    refund = backend.refund(backend.sell(), 2500)
    backend.clock.ahead = timedelta(hours=23)
    assert kinds(backend) == []
    backend.clock.ahead = timedelta(hours=25)
    (found,) = attention(backend)
    assert (found.kind, found.refund_id) == (
        AttentionKind.REFUND_PENDING_TOO_LONG,
        refund.refund_id,
    )
    assert found.since == refund.requested_at
    assert 25 * 3600 - 60 < found.age_seconds < 25 * 3600 + 60
    assert [each.value for each in found.actions] == ["open_order"]


def test_a_refund_that_lacks_balance_is_on_the_list_at_once(backend: Backend) -> None:
    order_id = backend.sell()
    backend.control("faults", fault="insufficient_funds")
    refund = backend.refund(order_id)
    assert backend.current(refund).pending_reason == "insufficient_funds"
    assert kinds(backend) == ["refund_lacks_balance"]


def test_a_missing_settlement_is_on_the_list(backend: Backend) -> None:
    backend.refund(backend.sell())
    backend.deliver()
    assert kinds(backend) == []
    backend.clock.ahead = timedelta(minutes=16)
    assert kinds(backend) == ["settlement_overdue"]
    backend.drain()
    assert kinds(backend) == []


def test_a_dispute_is_on_the_list_until_it_is_closed(backend: Backend) -> None:
    order_id = backend.sell()
    charge_id = backend.record(order_id).order.charge_id
    dispute = backend.control("disputes", charge=charge_id)
    backend.deliver()
    (found,) = attention(backend)
    assert (found.kind, found.order_id, found.amount) == (
        AttentionKind.CHARGE_DISPUTED,
        order_id,
        10000,
    )
    assert abs(datetime.fromisoformat(found.since) - datetime.now(UTC)) < timedelta(minutes=1)
    backend.control(f"disputes/{dispute['id']}/close", status="won")
    backend.deliver()
    assert kinds(backend) == []


def test_a_parked_message_is_on_the_list_until_a_person_resolves_it(backend: Backend) -> None:
    records = ParkedRecords(backend.dynamodb, backend.orders_table)
    parked = ParkedMessage(
        "m_1", backend.studio_id, "adjust-dlq", "no refund_id", rfc3339(backend.clock())
    )
    records.add(parked)
    records.add(parked)
    (found,) = attention(backend)
    assert (found.kind, found.parked_id) == (AttentionKind.MESSAGE_PARKED, "m_1")
    assert "no refund_id" in found.detail
    assert (found.parent_name, [each.value for each in found.actions]) == (None, ["resolve"])

    resolve_parked = ResolveParked(records, backend.clock)
    with pytest.raises(ParkedMessageNotFoundError):
        resolve_parked(STRANGER, "m_1")
    done = resolve_parked(backend.caller, "m_1", "PPS sent it again.")
    assert (done.resolved_by, done.resolution) == ("tester", "PPS sent it again.")
    assert resolve_parked(backend.caller, "m_1", "Again").resolution == done.resolution
    assert resolve_parked(backend.caller, "m_1").resolved_at == done.resolved_at
    assert kinds(backend) == []


def test_the_longest_waiting_comes_first(backend: Backend) -> None:
    first = failed_refund(backend)
    second = failed_refund(backend)
    assert [each.refund_id for each in attention(backend)] == [first.refund_id, second.refund_id]

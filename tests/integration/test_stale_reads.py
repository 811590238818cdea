"""A settlement that reads a moment late parks nothing, loses nothing and enters nothing twice."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from functions.payout_adjust.settle_refund import NothingToSettleError, SettleRefund
from shared.domain.order import OrderKey
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.order_refunds import OrderRefunds, SettlementRecord
from tests.integration.backend import Backend

pytestmark = pytest.mark.stack


@dataclass
class LateReads:
    """Orders whose inconsistent reads return what was there a moment before.

    Attributes:
        orders: The table.
        seen: What an inconsistent read returns.
        reads: Whether each read was consistent.
    """

    orders: OrderRefunds
    seen: SettlementRecord | None
    reads: list[bool]

    def load_settlement(
        self, order: OrderKey, *, consistent: bool = True
    ) -> SettlementRecord | None:
        self.reads.append(consistent)
        return self.orders.load_settlement(order) if consistent else self.seen


def late(backend: Backend, seen: SettlementRecord | None) -> SettleRefund:
    reads = LateReads(backend.orders, seen, [])
    return replace(backend.settle_refund, orders=reads)  # type: ignore[arg-type]  # all that it calls


def read(backend: Backend, refund: Refund) -> SettlementRecord:
    record = backend.orders.load_settlement(refund.order_key)
    assert record is not None
    return record


def confirmed(backend: Backend) -> Refund:
    """Return a refund that Stripe has confirmed and that is not settled yet."""
    refund = backend.refund(backend.sell(), 4000)
    backend.deliver()
    refund = backend.current(refund)
    assert refund.status is RefundStatus.SUCCEEDED
    return refund


def without_the_order(_: SettlementRecord) -> None:
    return None


def without_the_refund(now: SettlementRecord) -> SettlementRecord:
    return replace(now, refunds={})


def before_the_confirmation(now: SettlementRecord) -> SettlementRecord:
    (refund,) = now.refunds.values()
    before = replace(refund, status=RefundStatus.PENDING, version=refund.version - 1)
    return replace(now, refunds={refund.refund_id: before})


def before_the_state_changed(now: SettlementRecord) -> SettlementRecord:
    return replace(now, state=replace(now.state, version=now.state.version - 1))


def before_the_refund_changed(now: SettlementRecord) -> SettlementRecord:
    refunds = {
        refund_id: replace(refund, version=refund.version - 1)
        for refund_id, refund in now.refunds.items()
    }
    return replace(now, refunds=refunds)


@pytest.mark.parametrize(
    "seen_of",
    [
        without_the_order,
        without_the_refund,
        before_the_confirmation,
        before_the_state_changed,
        before_the_refund_changed,
    ],
)
def test_what_a_late_read_does_not_show_is_settled_once(
    backend: Backend, seen_of: Callable[[SettlementRecord], SettlementRecord | None]
) -> None:
    refund = confirmed(backend)
    settle = late(backend, seen_of(read(backend, refund)))
    entry = settle(refund.order_key, refund.refund_id)
    assert entry is not None
    assert (entry.kind, entry.refund_id, entry.gross_amount) == ("refund", refund.refund_id, -4000)
    assert backend.current(refund).settled_seq == entry.seq
    assert settle.orders.reads == [False, True]  # type: ignore[attr-defined]  # LateReads
    assert [each["kind"] for each in backend.entries()] == ["sale", "refund"]


def test_a_repeat_that_reads_late_enters_nothing(backend: Backend) -> None:
    refund = confirmed(backend)
    settle = late(backend, read(backend, refund))
    assert settle(refund.order_key, refund.refund_id) is not None
    assert settle(refund.order_key, refund.refund_id) is None
    assert settle.orders.reads == [False, False, True]  # type: ignore[attr-defined]  # LateReads
    assert [each["kind"] for each in backend.entries()] == ["sale", "refund"]


def test_an_order_with_several_refunds_is_read_consistently(backend: Backend) -> None:
    """A late failure of another refund changes no version that the settlement writes."""
    first = confirmed(backend)
    backend.settle_refund(first.order_key, first.refund_id)
    second = backend.refund(first.order_id, 1000)
    backend.deliver()
    settle = late(backend, read(backend, second))
    assert settle(second.order_key, second.refund_id) is not None
    assert settle.orders.reads == [False, True]  # type: ignore[attr-defined]  # LateReads


def test_a_missing_refund_is_parked_only_after_a_consistent_read(backend: Backend) -> None:
    settle = late(backend, None)
    with pytest.raises(NothingToSettleError):
        settle(backend.key("ord_missing"), "rf_missing")
    assert settle.orders.reads == [False, True]  # type: ignore[attr-defined]  # LateReads

"""Recording what a person did about a failed refund, a lost dispute or a failed message."""

from dataclasses import dataclass, replace

from shared.clock import Clock, rfc3339
from shared.domain.dispute import Dispute, find, with_report
from shared.domain.errors import (
    BusyError,
    DisputeNotFoundError,
    DisputeOpenError,
    MessageNotFoundError,
    ParkedMessageNotFoundError,
    RefundNotFoundError,
)
from shared.domain.message import Message
from shared.domain.order import OrderKey, OrderState
from shared.domain.parked import ParkedMessage
from shared.domain.refund import Refund, Resolution
from shared.domain.reservation import resolve
from shared.edge.auth import Caller
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.messages import Messages
from shared.gateways.orders_table import OrdersTable
from shared.gateways.parked_messages import ParkedRecords
from shared.workflow.load_callers_order import load_callers_order

_CONTENTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class ResolveRefund:
    """Records how the parent of a failed refund was paid."""

    orders: OrdersTable

    def __call__(
        self,
        caller: Caller,
        order_id: str,
        refund_id: str,
        resolution: Resolution,
    ) -> tuple[Refund, OrderState]:
        """Record the payment. Return the refund with its order's state. A repeat changes nothing.

        Args:
            caller: The person who records it.
            order_id: The order's id.
            refund_id: The failed refund's id.
            resolution: How the parent was paid.

        Raises:
            DomainError: There is no such refund, or it has not failed. Or another payment was
                recorded, or the money was refunded again in the meantime.
            BusyError: Others keep changing this order. Nothing was recorded.
        """
        for _ in tries(_CONTENTION_SECONDS):
            record = load_callers_order(self.orders, caller, order_id)
            refund = record.refunds.get(refund_id)
            if refund is None:
                raise RefundNotFoundError("This order has no such refund.")
            if _is_repeat(refund.resolution, resolution):
                return refund, record.state
            if refund.settlement_owed:  # the ledger does not have its late failure yet
                continue
            state, resolved = resolve(record.state, refund, resolution)
            try:
                self.orders.record_resolution(state, resolved)
            except StaleStateError:
                continue
            return resolved, state
        raise BusyError("Others are changing this order. Send the request again in a moment.")


def _is_repeat(done: Resolution | None, asked: Resolution) -> bool:
    """Return whether a person has recorded exactly this, no matter who and when."""
    return done is not None and replace(done, at=asked.at, by=asked.by) == asked


@dataclass(frozen=True, slots=True)
class DismissDispute:
    """Takes a lost dispute off the attention list."""

    orders: OrdersTable

    def __call__(
        self, caller: Caller, order_id: str, dispute_id: str, note: str | None = None
    ) -> Dispute:
        """Record that a person has seen the lost dispute, and return it. A repeat changes nothing.

        Raises:
            OrderNotFoundError, DisputeNotFoundError: There is no such dispute.
            DisputeOpenError: The dispute is not lost. It leaves the list by itself.
            BusyError: Others keep changing this order.
        """
        for _ in tries(_CONTENTION_SECONDS):
            state = load_callers_order(self.orders, caller, order_id).state
            dispute = find(state.disputes, dispute_id)
            if dispute is None:
                raise DisputeNotFoundError("This order has no such dispute.")
            if not dispute.is_lost:
                raise DisputeOpenError(
                    "Only a lost dispute can be dismissed. Any other leaves the list by itself."
                )
            if dispute.dismissed_by is not None:
                return dispute
            dismissed = replace(dispute, dismissed_by=caller.user, dismissal_note=note)
            others = tuple(each for each in state.disputes if each is not dispute)
            try:
                self.orders.update_state(replace(state, disputes=with_report(others, dismissed)))
            except StaleStateError:
                continue
            return dismissed
        raise BusyError("Others are changing this order. Send the request again in a moment.")


@dataclass(frozen=True, slots=True)
class ResolveParked:
    """Records that a parked message was dealt with."""

    parked: ParkedRecords
    clock: Clock

    def __call__(self, caller: Caller, parked_id: str, note: str | None = None) -> ParkedMessage:
        """Record that the message was dealt with, and return it. A repeat changes nothing.

        Raises:
            ParkedMessageNotFoundError: This studio has no such message.
            BusyError: Others keep changing it.
        """
        for _ in tries(_CONTENTION_SECONDS):
            parked = self.parked.get(caller.studio_id, parked_id)
            if parked is None:
                raise ParkedMessageNotFoundError("Your studio has no such parked message.")
            if parked.resolved_at is not None:
                return parked
            at = rfc3339(self.clock())
            resolved = replace(parked, resolved_at=at, resolved_by=caller.user, resolution=note)
            try:
                self.parked.update(resolved)
            except StaleStateError:
                continue
            return resolved
        raise BusyError("Others are changing this message. Send the request again in a moment.")


@dataclass(frozen=True, slots=True)
class DismissDelivery:
    """Takes a message that did not arrive off the attention list."""

    orders: OrdersTable
    messages: Messages
    clock: Clock

    def __call__(
        self, caller: Caller, order_id: str, message_id: str, note: str | None = None
    ) -> Message:
        """Record that a person has dealt with it, and return the message. A repeat changes nothing.

        Raises:
            OrderNotFoundError, MessageNotFoundError: There is no such message.
            DeliveryNotFailedError: No report says that the message did not arrive.
            BusyError: Others keep changing it.
        """
        load_callers_order(self.orders, caller, order_id)
        for _ in tries(_CONTENTION_SECONDS):
            message = self.messages.get(OrderKey(caller.studio_id, order_id), message_id)
            if message is None:
                raise MessageNotFoundError("This order has no such message.")
            dismissed = message.dismissed(caller.user, rfc3339(self.clock()), note)
            if dismissed == message:
                return message
            try:
                return self.messages.record_outcome(dismissed)
            except StaleStateError:
                continue
        raise BusyError("Others are changing this message. Send the request again in a moment.")

"""Applies each kind of Stripe event to the books."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from shared.clock import rfc3339
from shared.domain.refund import Refund
from shared.domain.stripe_object import MalformedStripeObjectError, string
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.charges import Charges
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.order_states import OrderStates
from shared.gateways.records.imported_order import ChargePointer
from shared.workflow.record_stripe_refund import RecordStripeRefund, ReportOutcome

# charge.refund.updated is the name refund.updated had before 2024.
REFUND_EVENTS = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
DISPUTE_EVENTS = frozenset({"charge.dispute.created", "charge.dispute.closed"})

HANDLED_EVENTS = REFUND_EVENTS | DISPUTE_EVENTS | {"charge.refunded"}

# https://docs.stripe.com/api/disputes/object#dispute_object-status
_CLOSED = frozenset({"won", "lost", "warning_closed"})

# An event of Stripe's API v2 carries no object: https://docs.stripe.com/event-destinations
_THIN_EVENT = "v2.core.event"

# Requests and settlements change the same order; each takes well under a second.
_CONTENTION_SECONDS = 5.0


class RefundLister(Protocol):
    """Lists the refunds of a charge at Stripe."""

    def list_of_charge(self, charge_id: str, account_id: str | None) -> list[StripeRefund]:
        """Return all refunds of a charge, the oldest first."""


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """A verified event.

    Attributes:
        account_id: The connected account that it is about; None for the platform's own.
        object: The object that it is about, such as a refund. Empty if the event carries none.
        api_version: The version of Stripe's API that made it, or None.
        is_thin: Whether it is an event of API v2.
    """

    event_id: str
    type: str
    livemode: bool
    account_id: str | None
    object: Mapping[str, Any]
    api_version: str | None = None
    is_thin: bool = False


def event_from(body: object) -> StripeEvent:
    """Return the event of a verified body.

    Raises:
        MalformedStripeObjectError: It is not an event, or it lacks the object that its type needs.
    """
    if not isinstance(body, Mapping) or body.get("object") not in ("event", _THIN_EVENT):
        raise MalformedStripeObjectError("not an event")
    data = body.get("data")
    about = data.get("object") if isinstance(data, Mapping) else None
    event_type = string(body, "type")
    if not isinstance(about, Mapping):
        if event_type in HANDLED_EVENTS:
            raise MalformedStripeObjectError("an event without data.object")
        about = {}
    account, version = body.get("account"), body.get("api_version")
    return StripeEvent(
        event_id=string(body, "id"),
        type=event_type,
        livemode=body.get("livemode") is True,
        account_id=account if isinstance(account, str) and account else None,
        object=about,
        api_version=version if isinstance(version, str) else None,
        is_thin=body["object"] == _THIN_EVENT,
    )


def _created(dispute: Mapping[str, Any]) -> str | None:
    created = dispute.get("created")
    return rfc3339(datetime.fromtimestamp(created, UTC)) if type(created) is int else None


@dataclass(frozen=True, slots=True)
class HandleEvent:
    """Applies a verified event. Repeated, early and reordered events do no harm."""

    states: OrderStates
    charges: Charges
    record: RecordStripeRefund
    stripe_refunds: Callable[[], RefundLister]

    def __call__(self, event: StripeEvent) -> list[tuple[str, Refund | None]]:
        """Record what the event says.

        Returns:
            The outcomes, as names of metrics, each with its refund.

        Raises:
            MalformedStripeObjectError: The event's object is not as documented.
            StaleStateError, StripeRefusedError, StripeOutcomeUnknownError: Stripe has to send the
                event again.
        """
        if event.type in REFUND_EVENTS:
            report = stripe_refund_from(event.object)
            outcome, refund = self.record(report, event.account_id)
            return [(outcome.value, refund)]
        if event.type == "charge.refunded":
            return self._charge_refunded(event)
        if event.type in DISPUTE_EVENTS:
            return [(self._dispute(event), None)]
        return [("EventIgnored", None)]

    def _charge_refunded(self, event: StripeEvent) -> list[tuple[str, Refund | None]]:
        """List the charge's refunds: since 2022-11-15 the event does not carry them."""
        charge_id = string(event.object, "id")
        refusal, _ = self._find(charge_id, event.account_id)
        if refusal is not None:
            return [(refusal.value, None)]
        found: list[tuple[str, Refund | None]] = []
        for report in self.stripe_refunds().list_of_charge(charge_id, event.account_id):
            outcome, refund = self.record(report, event.account_id)
            found.append((outcome.value, refund))
        return found or [("RefundListEmpty", None)]

    def _dispute(self, event: StripeEvent) -> str:
        refusal, pointer = self._find(string(event.object, "charge"), event.account_id)
        if refusal is not None or pointer is None:
            return (refusal or ReportOutcome.UNKNOWN_CHARGE).value
        dispute_id, status = string(event.object, "id"), string(event.object, "status")
        for _ in tries(_CONTENTION_SECONDS):
            state = self.states.get_state(pointer.order)
            if state is None:
                raise LookupError(f"order {pointer.order} has a charge and no state")
            is_known = state.dispute_id == dispute_id
            if is_known and state.dispute_status in {status, *_CLOSED}:
                return "DisputeReportRepeated"
            try:
                self.states.update_state(
                    replace(
                        state,
                        dispute_id=dispute_id,
                        dispute_status=status,
                        disputed_at=_created(event.object),
                    )
                )
            except StaleStateError:
                continue
            return "DisputeRecorded"
        raise StaleStateError

    def _find(
        self, charge_id: str, account_id: str | None
    ) -> tuple[ReportOutcome | None, ChargePointer | None]:
        pointer = self.charges.find(charge_id)
        if pointer is None:
            return ReportOutcome.UNKNOWN_CHARGE, None
        if pointer.account_id != account_id:
            return ReportOutcome.ACCOUNT_MISMATCH, None
        return None, pointer

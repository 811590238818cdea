"""Applies each kind of Stripe event to the books."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.domain.refund import Refund
from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.charges import Charges
from shared.gateways.records.imported_order import ChargePointer
from shared.workflow.announcers import ChargeAnnouncer
from shared.workflow.record_stripe_refund import RecordStripeRefund, ReportOutcome

# charge.refund.updated is the name refund.updated had before 2024.
REFUND_EVENTS = frozenset(
    {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
)
# Events about a charge, or about a dispute of one. They only say that there is something to read.
CHARGE_EVENTS = frozenset(
    {"charge.succeeded", "charge.captured", "charge.failed", "charge.expired"}
)
DISPUTE_EVENTS = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
TRANSFER_REVERSED = "transfer.reversed"


# The outcome of an event after which the charge is read, as the name of the metric that counts it.
CHARGE_ANNOUNCED = "ChargeAnnounced"


class RefundLister(Protocol):
    """Lists the refunds of a charge at Stripe."""

    def list_of_charge(self, charge_id: str, account_id: str | None) -> list[StripeRefund]:
        """Return all refunds of a charge, the oldest first."""


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """A verified event.

    Attributes:
        account_id: The connected account that it is about; None for the platform's own.
        object: The object that it is about, such as a refund.
    """

    event_id: str
    type: str
    livemode: bool
    account_id: str | None
    object: Mapping[str, Any]


def event_from(body: object) -> StripeEvent:
    """Return the event of a verified body.

    Raises:
        MalformedStripeObjectError: It is not an event, or it has no object.
    """
    if not isinstance(body, Mapping) or body.get("object") != "event":
        raise MalformedStripeObjectError("not an event")
    data = body.get("data")
    about = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(about, Mapping):
        raise MalformedStripeObjectError("an event without data.object")
    account = body.get("account")
    return StripeEvent(
        event_id=string(body, "id"),
        type=string(body, "type"),
        livemode=body.get("livemode") is True,
        account_id=account if isinstance(account, str) and account else None,
        object=about,
    )


@dataclass(frozen=True, slots=True)
class HandleEvent:
    """Applies a verified event. Repeated, early and reordered events do no harm."""

    charges: Charges
    charge_queue: ChargeAnnouncer
    record: RecordStripeRefund
    stripe_refunds: Callable[[], RefundLister]
    mark_transfer: Callable[[str], str]

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
            return [self._record(report, event.account_id)]
        if event.type == "charge.refunded":
            return self._charge_refunded(event)
        if event.type in CHARGE_EVENTS:
            return [(self._announce_charge(string(event.object, "id"), event.account_id), None)]
        if event.type in DISPUTE_EVENTS:
            charge_id = optional_id(event.object, "charge")
            return [(self._announce_charge(charge_id, event.account_id), None)]
        if event.type == TRANSFER_REVERSED and event.account_id is None:
            return [(self.mark_transfer(str(event.object.get("transfer_group") or "")), None)]
        return [("EventIgnored", None)]

    def _charge_refunded(self, event: StripeEvent) -> list[tuple[str, Refund | None]]:
        """List the charge's refunds: since 2022-11-15 the event does not carry them."""
        charge_id = string(event.object, "id")
        refusal, _ = self._find(charge_id, event.account_id)
        if refusal is not None:
            return [(refusal.value, None)]
        reports = self.stripe_refunds().list_of_charge(charge_id, event.account_id)
        return [self._record(report, event.account_id) for report in reports]

    def _record(self, report: StripeRefund, account_id: str | None) -> tuple[str, Refund | None]:
        outcome, refund = self.record(report, account_id)
        if outcome is ReportOutcome.ORDER_NOT_PAID:
            return self._announce_charge(report.charge_id, account_id), None
        return outcome.value, refund

    def _announce_charge(self, charge_id: str | None, account_id: str | None) -> str:
        """Have the charge read at Stripe: the newest state wins, whatever order events come in."""
        if charge_id is None:
            return ReportOutcome.UNKNOWN_CHARGE.value
        refusal, pointer = self._find(charge_id, account_id)
        if refusal is not None or pointer is None:
            return (refusal or ReportOutcome.UNKNOWN_CHARGE).value
        self.charge_queue.announce(pointer.order)
        return CHARGE_ANNOUNCED

    def _find(
        self, charge_id: str, account_id: str | None
    ) -> tuple[ReportOutcome | None, ChargePointer | None]:
        pointer = self.charges.find(charge_id)
        if pointer is None:
            return ReportOutcome.UNKNOWN_CHARGE, None
        if pointer.account_id != account_id:
            return ReportOutcome.ACCOUNT_MISMATCH, None
        return None, pointer

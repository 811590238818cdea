"""Applies each kind of Stripe event to the books."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from shared.domain.refund import Refund
from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.charges import Charges
from shared.gateways.records.charge_pointer import ChargePointer
from shared.workflow.announcers import ChargeAnnouncer
from shared.workflow.record_stripe_refund import RecordStripeRefund, ReportOutcome

if TYPE_CHECKING:
    from shared.workflow.account_watch import AccountWatch

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
ACCOUNT_LEFT = "account.application.deauthorized"
# The other two come only of accounts for which PPS may act.
ACCOUNT_EVENTS = frozenset({ACCOUNT_LEFT, "account.application.authorized", "account.updated"})

HANDLED_EVENTS = (
    REFUND_EVENTS
    | CHARGE_EVENTS
    | DISPUTE_EVENTS
    | ACCOUNT_EVENTS
    | {"charge.refunded", TRANSFER_REVERSED}
)

# An event of Stripe's API v2 carries no object: https://docs.stripe.com/event-destinations
_THIN_EVENT = "v2.core.event"

# The outcome of an event after which the charge is read, as the name of the metric that counts it.
CHARGE_ANNOUNCED = "ChargeAnnounced"
# After these, the charge is read: it may be paid by now, or its authorization is given up.
_CHARGE_IS_NEXT = frozenset({ReportOutcome.ORDER_NOT_PAID, ReportOutcome.RELEASED})

# After so many refunds in a row that were recorded before, older ones are taken to be recorded too.
# Otherwise, the events of an order with many refunds would read them all again and again.
KNOWN_IN_A_ROW = 10
_KNOWN = frozenset({ReportOutcome.REPEATED.value, ReportOutcome.OUTDATED.value})


class RefundLister(Protocol):
    """Lists the refunds of a charge at Stripe."""

    def newest_of_charge(self, charge_id: str, account_id: str | None) -> Iterator[StripeRefund]:
        """Yield the refunds of a charge, the newest first, page by page as they are used."""


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


@dataclass(frozen=True, slots=True)
class HandleEvent:
    """Applies a verified event. Repeated, early and reordered events do no harm."""

    charges: Charges
    charge_queue: ChargeAnnouncer
    record: RecordStripeRefund
    stripe_refunds: Callable[[], RefundLister]
    mark_transfer: Callable[[str], str]
    accounts: "Callable[[], AccountWatch]"

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
            pointer = self.charges.find(string(event.object, "id"))
            return [(self._announce_charge(pointer, event.account_id), None)]
        if event.type in DISPUTE_EVENTS:
            return [(self._disputed(event), None)]
        return [(self._of_no_charge(event), None)]

    def _of_no_charge(self, event: StripeEvent) -> str:
        if event.type == TRANSFER_REVERSED and event.account_id is None:
            return self.mark_transfer(str(event.object.get("transfer_group") or ""))
        if event.type in ACCOUNT_EVENTS and event.account_id is not None:
            return self._account_changed(event.type, event.account_id)
        return "EventIgnored"

    def _account_changed(self, event_type: str, account_id: str) -> str:
        """Ask Stripe whether the account is connected. Most updates are of accounts that are."""
        from shared.domain.account_access import LearnedFrom  # noqa: PLC0415  # rarely needed

        if event_type == ACCOUNT_LEFT:
            return self.accounts().check(account_id, LearnedFrom.EVENT).value
        return self.accounts().recheck(account_id).value

    def _charge_refunded(self, event: StripeEvent) -> list[tuple[str, Refund | None]]:
        """List the charge's refunds: since 2022-11-15 the event does not carry them.

        The newest come first, until ``KNOWN_IN_A_ROW`` are known. ``reconcile`` finds an older one
        whose own events were lost.
        """
        charge_id = string(event.object, "id")
        ours = _ours(self.charges.find(charge_id), event.account_id)
        if isinstance(ours, ReportOutcome):
            return [(ours.value, None)]
        found: list[tuple[str, Refund | None]] = []
        known = 0
        for report in self.stripe_refunds().newest_of_charge(charge_id, event.account_id):
            outcome, refund = self._record(report, event.account_id)
            found.append((outcome, refund))
            known = known + 1 if outcome in _KNOWN else 0
            # Reading the charge records all its refunds.
            if known == KNOWN_IN_A_ROW or outcome == CHARGE_ANNOUNCED:
                break
        return found or [("RefundListEmpty", None)]

    def _record(self, report: StripeRefund, account_id: str | None) -> tuple[str, Refund | None]:
        outcome, refund = self.record(report, account_id)
        if outcome in _CHARGE_IS_NEXT and (pointer := self.record.find_order(report)):
            return self._announce_charge(pointer, account_id), None
        return outcome.value, refund

    def _disputed(self, event: StripeEvent) -> str:
        """Have the charge of a dispute read. Old events name no dispute, and some no charge."""
        charge_id = optional_id(event.object, "charge")
        intent_id = optional_id(event.object, "payment_intent")
        pointer = self.charges.find(charge_id) if charge_id else None
        if pointer is None and intent_id:
            pointer = self.charges.find_of_payment_intent(intent_id)
        return self._announce_charge(pointer, event.account_id)

    def _announce_charge(self, pointer: ChargePointer | None, account_id: str | None) -> str:
        """Have the charge read at Stripe: the newest state wins, whatever order events come in."""
        ours = _ours(pointer, account_id)
        if isinstance(ours, ReportOutcome):
            return ours.value
        self.charge_queue.announce(ours.order)
        return CHARGE_ANNOUNCED


def _ours(pointer: ChargePointer | None, account_id: str | None) -> ChargePointer | ReportOutcome:
    """Return the charge of an event of an account, or why it is none of ours."""
    if pointer is None:
        return ReportOutcome.UNKNOWN_CHARGE
    return pointer if pointer.account_id == account_id else ReportOutcome.ACCOUNT_MISMATCH

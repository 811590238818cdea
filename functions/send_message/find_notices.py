"""What staff should know before they send a message. They decide."""

from dataclasses import dataclass
from enum import StrEnum

from functions.send_message.compose_message import Draft
from shared.domain.delivery import DeliveryReport, DeliveryStatus
from shared.domain.errors import BusyError
from shared.domain.order import OrderKey
from shared.edge.observability import count, logger
from shared.gateways.mail import Mail, Suppression
from shared.gateways.messages import Messages


class NoticeCode(StrEnum):
    """What a notice is about."""

    ADDRESS_SUPPRESSED = "address_suppressed"
    LAST_MESSAGE_FAILED = "last_message_failed"
    SENT_FROM_FALLBACK = "sent_from_fallback"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice: its stable code, and what it means in words."""

    code: NoticeCode
    detail: str


_SUPPRESSED = {
    Suppression.BOUNCE: "Mail to this address bounced before",
    Suppression.COMPLAINT: "Mail to this address was marked as spam before",
}
_FAILED = frozenset({DeliveryStatus.BOUNCED, DeliveryStatus.RETURNED, DeliveryStatus.COMPLAINED})


@dataclass(frozen=True, slots=True)
class FindNotices:
    """Finds what staff should know about a draft."""

    mail: Mail
    messages: Messages

    def __call__(self, order: OrderKey, draft: Draft) -> list[Notice]:
        """Return the notices about a draft, or an empty list."""
        found = []
        if draft.to_address is not None:
            found += self._about_address(order, draft.to_address)
        if draft.reply_to is not None:
            detail = (
                f"The studio's sending domain is not verified yet. The message comes from "
                f"{draft.from_address}, and the parent's answer goes to {draft.reply_to}."
            )
            found.append(Notice(NoticeCode.SENT_FROM_FALLBACK, detail))
        return found

    def _about_address(self, order: OrderKey, address: str) -> list[Notice]:
        found = []
        suppressed = self._suppression(address)
        if suppressed is not None:
            detail = (
                f"{_SUPPRESSED[suppressed]}, so the mail service does not deliver to it. Ask PPS "
                "to take it off the suppression list, or contact the parent in another way."
            )
            found.append(Notice(NoticeCode.ADDRESS_SUPPRESSED, detail))
        report = self._last_report(order, address)
        if report is not None and report.status in _FAILED:
            detail = f"Your last message about this order to this address: {report.detail}."
            found.append(Notice(NoticeCode.LAST_MESSAGE_FAILED, detail))
        return found

    def _suppression(self, address: str) -> Suppression | None:
        try:
            return self.mail.suppression(address)
        except BusyError:
            # A notice is help, and no reason to keep the message from being written.
            logger.warning("suppression list not read")
            count("SuppressionUnknown")
            return None

    def _last_report(self, order: OrderKey, address: str) -> DeliveryReport | None:
        """Return where the last message to the address is, or None if nothing is known."""
        known = [
            each
            for each in self.messages.about(order)
            if each.to_address == address and each.reports
        ]
        last = max(known, key=lambda each: each.created_at, default=None)
        return last.delivery if last else None

"""What the mail service says about a message after it took it: delivered, bounced, complained.

Reports come in any order and more than once. A message keeps the earliest report of each status,
so every order of the same reports gives the same record.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """Where a message is. Those that come later count for more."""

    # The parent's server did not take it yet. The mail service keeps trying.
    DELAYED = "delayed"
    DELIVERED = "delivered"
    # It came back, and the next message to the address may arrive.
    RETURNED = "returned"
    # It came back, and so will the next one.
    BOUNCED = "bounced"
    # The mail service took the message but did not send it.
    REJECTED = "rejected"
    # The parent marked it as spam.
    COMPLAINED = "complained"


_RANK = {status: rank for rank, status in enumerate(DeliveryStatus)}

# A person has to reach the parent in another way.
_NEEDS_ATTENTION = frozenset(
    {DeliveryStatus.BOUNCED, DeliveryStatus.REJECTED, DeliveryStatus.COMPLAINED}
)


class DeliveryReason(StrEnum):
    """Why a message did not arrive."""

    NO_MAILBOX = "no_mailbox"
    NO_DOMAIN = "no_domain"
    MAILBOX_CLOSED = "mailbox_closed"
    MAILBOX_FULL = "mailbox_full"
    TOO_LARGE = "too_large"
    CONTENT_REFUSED = "content_refused"
    SUPPRESSED = "suppressed"
    TIMED_OUT = "timed_out"
    VIRUS = "virus"
    NOT_RENDERED = "not_rendered"


_WORDS = {
    DeliveryStatus.DELAYED: "delayed: the mail service keeps trying",
    DeliveryStatus.DELIVERED: "delivered",
    DeliveryStatus.RETURNED: "returned: the mail server sent it back, perhaps only for now",
    DeliveryStatus.BOUNCED: "bounced: the mail server refused it",
    DeliveryStatus.REJECTED: "rejected: the mail service did not send it",
    DeliveryStatus.COMPLAINED: "the parent marked it as spam",
}
_REASONS = {
    DeliveryReason.NO_MAILBOX: "mailbox does not exist",
    DeliveryReason.NO_DOMAIN: "the address's domain takes no mail",
    DeliveryReason.MAILBOX_CLOSED: "mailbox is closed",
    DeliveryReason.MAILBOX_FULL: "mailbox is full",
    DeliveryReason.TOO_LARGE: "the message is too large for the mailbox",
    DeliveryReason.CONTENT_REFUSED: "the mail server refused the content",
    DeliveryReason.SUPPRESSED: "not sent, because mail to this address bounced or was marked as "
    "spam before",
    DeliveryReason.TIMED_OUT: "the mail server did not answer in time",
    DeliveryReason.VIRUS: "the mail service found a virus in it",
    DeliveryReason.NOT_RENDERED: "the mail service could not write the message",
}


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One thing that the mail service reported about a message. Times are RFC 3339 in UTC.

    ``dismissed_by`` is who took the report off the attention list, and ``note`` what they wrote.
    """

    status: DeliveryStatus
    at: str
    reason: DeliveryReason | None = None
    dismissed_by: str | None = None
    dismissed_at: str | None = None
    note: str | None = None

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to act on it."""
        return self.status in _NEEDS_ATTENTION and self.dismissed_by is None

    @property
    def detail(self) -> str:
        """What happened, for people: ``bounced: mailbox does not exist``."""
        if self.reason is None:
            return _WORDS[self.status]
        return f"{self.status}: {_REASONS[self.reason]}"

    def dismissed(self, by: str, at: str, note: str | None) -> "DeliveryReport":
        """Return the report after a person took it off the attention list."""
        return replace(self, dismissed_by=by, dismissed_at=at, note=note)


type Reports = tuple[DeliveryReport, ...]


def with_report(reports: Reports, new: DeliveryReport) -> Reports:
    """Return the reports with another one. Of each status the earliest stays, and its dismissal."""
    others = tuple(each for each in reports if each.status is not new.status)
    known = next((each for each in reports if each.status is new.status), None)
    if known is not None:
        at, reason = min(_order(known), _order(new))
        kept = DeliveryReason(reason) if reason else None
        new = replace(known, at=at, reason=kept)
    return tuple(sorted((*others, new), key=lambda each: _RANK[each.status]))


def decisive(reports: Reports) -> DeliveryReport | None:
    """Return the report that says where the message is, or None if nothing was reported."""
    return max(reports, key=lambda each: _RANK[each.status], default=None)


def _order(report: DeliveryReport) -> tuple[str, str]:
    return report.at, report.reason or ""

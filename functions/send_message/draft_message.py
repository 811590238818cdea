"""Drafting a message, and finding what would keep it from being sent."""

from dataclasses import dataclass, replace

from functions.send_message.compose_message import Draft, compose
from shared.domain.errors import (
    DomainError,
    NoEmailAddressError,
    SendingDomainError,
    StudioNotFoundError,
)
from shared.domain.mail_address import UnmailableAddressError, ascii_address, mail_address
from shared.domain.message_template import Template
from shared.gateways.mail import Mail
from shared.gateways.orders_table import OrderRecord
from shared.gateways.studios import Studios


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """Writes drafts that come from the order's studio.

    ``fallback_address`` is PPS's own address. Mail comes from there, with answers going to the
    studio, while the studio's domain is not verified. None if PPS has none.
    """

    studios: Studios
    mail: Mail
    fallback_address: str | None = None

    def __call__(self, record: OrderRecord, template: Template, refund_id: str) -> Draft:
        """Return the template's message about a refund of an order.

        Raises:
            DomainError: There is no such refund, or the template does not fit it.
            BusyError: The mail service does not answer.
        """
        studio = self.studios.get(record.imported.studio_id)
        if studio is None:
            raise StudioNotFoundError("The order's studio does not exist. Tell PPS.")
        return self._with_sender(compose(record, studio, template, refund_id))

    def _with_sender(self, draft: Draft) -> Draft:
        """Return the draft from an address that mail can come from: the studio's or PPS's."""
        reply_to = mail_address(draft.from_address)
        if self.fallback_address is None or reply_to is None or self._sends_from(reply_to):
            return draft
        if not self._sends_from(self.fallback_address):
            return draft
        return replace(draft, from_address=self.fallback_address, reply_to=reply_to)

    def obstacles(self, draft: Draft) -> list[DomainError]:
        """Return the errors that sending the draft would get now, or an empty list.

        Raises:
            BusyError: The mail service does not answer.
        """
        found: list[DomainError] = []
        if draft.to_address is None:
            found.append(NoEmailAddressError())
        if not self._sends_from(draft.from_address):
            found.append(SendingDomainError(self._why_not_from(draft.from_address)))
        return found

    def _why_not_from(self, address: str) -> str:
        domain = address.rpartition("@")[2].lower()
        missing = (
            "and this deployment has no FallbackSender to send from instead"
            if self.fallback_address is None
            else "nor is the domain of FallbackSender"
        )
        return (
            f"The studio's sending domain {domain} is not verified with the mail service, "
            f"{missing}. Tell PPS. Once one of them is set up, send the message."
        )

    def _sends_from(self, address: str) -> bool:
        try:
            known = ascii_address(address)
        except UnmailableAddressError:
            return False
        return self.mail.sends_from(known.rpartition("@")[2])

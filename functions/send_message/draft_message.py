"""Drafting a message, and finding what would keep it from being sent."""

from dataclasses import dataclass

from functions.send_message.compose_message import Draft, compose
from shared.domain.errors import (
    DomainError,
    NoEmailAddressError,
    SendingDomainError,
    StudioNotFoundError,
)
from shared.domain.mail_address import UnmailableAddressError, ascii_address
from shared.domain.message import Template
from shared.gateways.mail import Mail
from shared.gateways.orders_table import OrderRecord
from shared.gateways.studios import Studios


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """Writes drafts that come from the order's studio."""

    studios: Studios
    mail: Mail

    def __call__(self, record: OrderRecord, template: Template, refund_id: str) -> Draft:
        """Return the template's message about a refund of an order.

        Raises:
            DomainError: There is no such refund, or the template does not fit it.
        """
        studio = self.studios.get(record.imported.studio_id)
        if studio is None:
            raise StudioNotFoundError("The order's studio does not exist. Tell PPS.")
        return compose(record, studio, template, refund_id)

    def obstacles(self, draft: Draft) -> list[DomainError]:
        """Return the errors that sending the draft would get now, or an empty list.

        Raises:
            BusyError: The mail service does not answer.
        """
        found: list[DomainError] = []
        if draft.to_address is None:
            found.append(NoEmailAddressError())
        domain = draft.from_address.rpartition("@")[2].lower()
        if not self._sends_from(draft.from_address):
            found.append(
                SendingDomainError(
                    f"The studio's sending domain {domain} is not verified with the mail service. "
                    "Verify it, then send the message."
                )
            )
        return found

    def _sends_from(self, address: str) -> bool:
        try:
            known = ascii_address(address)
        except UnmailableAddressError:
            return False
        return self.mail.sends_from(known.rpartition("@")[2])

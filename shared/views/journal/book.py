"""What all formats of the journal share: the accounts, and amounts as people write them."""

from dataclasses import dataclass

from shared.domain.journal import JournalLine
from shared.domain.journal_accounts import JournalAccounts
from shared.views.spreadsheet import major_units


@dataclass(frozen=True, slots=True)
class JournalBook:
    """The general ledger that the journal is for.

    ``currency`` is ISO 4217 in lower case. ``xero_tax_rate`` is the name of a tax rate of zero in
    the studio's Xero: tax is a line of its own here, so Xero must add none.
    """

    studio_name: str
    currency: str
    accounts: JournalAccounts
    xero_tax_rate: str = "Tax Exempt"

    @property
    def commodity(self) -> str:
        """The currency as general ledgers write it."""
        return self.currency.upper()

    def account(self, line: JournalLine) -> str:
        """Return the name or code of a line's account."""
        return self.accounts.name_of(line.role)

    def amount(self, line: JournalLine) -> str:
        """Return a line's amount in major units. A credit is negative."""
        return major_units(line.amount, self.currency)

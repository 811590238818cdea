"""The accounts of a studio's general ledger: which account each role has, in each format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from shared.domain.export import ExportForm
from shared.domain.journal import JournalRole


class JournalAccountsError(ValueError):
    """An account is given for an unknown role, or has a name that the program would refuse."""


@dataclass(frozen=True, slots=True)
class JournalAccounts:
    """The name of each role's account, or its code in Xero. Two roles may share an account.

    The defaults are names for beancount and hledger.
    """

    receivable: str = "Assets:PPS-Receivable"
    stripe_balance: str = "Assets:Stripe-Balance"
    payout_clearing: str = "Assets:Payout-Clearing"
    sales_tax: str = "Liabilities:Sales-Tax"
    sales: str = "Income:Sales"
    refunds: str = "Income:Refunds"
    disputes: str = "Income:Disputes"
    adjustments: str = "Income:PPS-Adjustments"
    stripe_fees: str = "Expenses:Stripe-Fees"
    dispute_fees: str = "Expenses:Dispute-Fees"
    rev_share: str = "Expenses:PPS-Revenue-Share"
    opening_equity: str = "Equity:Opening-Balances"

    def name_of(self, role: JournalRole) -> str:
        """Return the account of a role."""
        name: str = getattr(self, role.value)
        return name

    def names(self) -> list[str]:
        """Return each account once, in the order of the roles."""
        return list(dict.fromkeys(self.name_of(role) for role in JournalRole))


_QUICKBOOKS = JournalAccounts(
    receivable="Due from PPS",
    stripe_balance="Stripe balance",
    payout_clearing="PPS payouts in transit",
    sales_tax="Sales tax on PPS orders",
    sales="PPS sales",
    refunds="PPS refunds",
    disputes="PPS disputes",
    adjustments="PPS adjustments",
    stripe_fees="Stripe fees",
    dispute_fees="Stripe dispute fees",
    rev_share="PPS revenue share",
    opening_equity="Opening Balance Equity",
)

# A code has at most 10 characters: https://developer.xero.com/documentation/api/accounting/accounts
_XERO = JournalAccounts(
    receivable="PPSOWES",
    stripe_balance="PPSSTRIPE",
    payout_clearing="PPSTRANSIT",
    sales_tax="PPSTAX",
    sales="PPSSALES",
    refunds="PPSREFUND",
    disputes="PPSDISPUTE",
    adjustments="PPSADJUST",
    stripe_fees="PPSFEES",
    dispute_fees="PPSDISPFEE",
    rev_share="PPSSHARE",
    opening_equity="PPSOPENING",
)

DEFAULT_ACCOUNTS: Mapping[ExportForm, JournalAccounts] = MappingProxyType(
    {
        ExportForm.HLEDGER: JournalAccounts(),
        ExportForm.BEANCOUNT: JournalAccounts(),
        ExportForm.QUICKBOOKS: _QUICKBOOKS,
        ExportForm.XERO: _XERO,
    }
)

# A part of a name: it begins with a letter or a digit, so no spreadsheet takes it for a formula,
# and has single spaces, because two end a name in hledger.
_PART = r"[^\W_](?:[\w&.'/()-]| (?=[^\s]))*"
_NAME = rf"(?=.{{1,100}}\Z){_PART}(?::{_PART})*"

_ALLOWED: Mapping[ExportForm, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        # https://hledger.org/hledger.html#account-names
        ExportForm.HLEDGER: (re.compile(_NAME), "Assets:Due from PPS"),
        # https://beancount.github.io/docs/beancount_language_syntax.html#accounts
        ExportForm.BEANCOUNT: (
            re.compile(r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"),
            "Assets:PPS-Receivable",
        ),
        ExportForm.QUICKBOOKS: (re.compile(_NAME), "Receivables:Due from PPS"),
        ExportForm.XERO: (re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,9}"), "610"),
    }
)


def parse_accounts(names: Mapping[str, str], form: ExportForm) -> JournalAccounts:
    """Return the default accounts of a format, with the given ones in their place.

    Args:
        names: From a role, such as ``sales``, to the account's name, or its code in Xero.
        form: The format, which says what a name may be.

    Raises:
        JournalAccountsError: A role is unknown, or the format does not allow a name.
    """
    roles = [role.value for role in JournalRole]
    pattern, example = _ALLOWED[form]
    for role, name in names.items():
        if role not in roles:
            raise JournalAccountsError(
                f"There is no account for {role!r}. Name accounts for {', '.join(roles)}."
            )
        if not pattern.fullmatch(name):
            raise JournalAccountsError(
                f"{form} does not accept the account {name!r} for {role}. Send a name like "
                f"{example!r}."
            )
    return replace(DEFAULT_ACCOUNTS[form], **names)

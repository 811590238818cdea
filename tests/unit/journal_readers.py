"""What the programs that import a journal make of it: the change of each account."""

import csv
import io
import subprocess
from collections import defaultdict
from decimal import Decimal

from beancount import loader
from beancount.core.data import Transaction

from shared.domain.export import ExportForm
from shared.domain.journal_accounts import DEFAULT_ACCOUNTS

from .journals import DECIMALS


def by_account(expected: dict[str, int], form: ExportForm, currency: str) -> dict[str, Decimal]:
    """Return balances by role in minor units as balances by account in major units."""
    unit = Decimal(10) ** -DECIMALS[currency]
    accounts = DEFAULT_ACCOUNTS[form]
    return {getattr(accounts, role): amount * unit for role, amount in expected.items()}


def read_by_beancount(text: str) -> dict[str, Decimal]:
    """Return the balances that beancount itself computes. It must report no error."""
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                assert posting.units.number is not None
                total[posting.account] += posting.units.number
    return _without_zeros(total)


def read_by_hledger(program: str, text: str) -> dict[str, Decimal]:
    """Return the balances that hledger itself computes, in its strict mode."""
    command = [program, "-f-", "--strict", "balance", "--flat", "--no-total", "-Ocsv"]
    ran = subprocess.run(  # noqa: S603  # the program on the PATH
        command, input=text.encode(), capture_output=True, check=True
    )
    rows = csv.DictReader(io.StringIO(ran.stdout.decode()))
    return {row["account"]: Decimal(row["balance"].split()[0]) for row in rows}


def read_quickbooks(text: str) -> dict[str, Decimal]:
    """Return the balances by account. Each journal's debits must equal its credits."""
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    journals: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        debit, credit = row["*Debits"], row["*Credits"]
        assert bool(debit) != bool(credit)
        amount = Decimal(debit) if debit else -Decimal(credit)
        assert Decimal(debit or credit) > 0
        journals[row["*JournalNo"]].append((row["*JournalDate"], amount))
        total[row["*AccountName"]] += amount
    _check_journals(journals)
    return _without_zeros(total)


def read_xero(text: str) -> dict[str, Decimal]:
    """Return the balances by account code. Each journal must add up to zero."""
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    journals: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        amount = Decimal(row["*Amount"])
        journals[row["*Narration"]].append((row["*Date"], amount))
        total[row["*AccountCode"]] += amount
    _check_journals(journals)
    return _without_zeros(total)


def _check_journals(journals: dict[str, list[tuple[str, Decimal]]]) -> None:
    for number, lines in journals.items():
        assert sum(amount for _, amount in lines) == 0, number
        assert len({day for day, _ in lines}) == 1, number


def _without_zeros(total: dict[str, Decimal]) -> dict[str, Decimal]:
    return {account: amount for account, amount in total.items() if amount}

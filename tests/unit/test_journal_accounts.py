"""The accounts that a studio gives its journal, and the names that each program accepts."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.export import ExportForm
from shared.domain.journal import JournalRole
from shared.domain.journal_accounts import (
    DEFAULT_ACCOUNTS,
    JournalAccounts,
    JournalAccountsError,
    parse_accounts,
)
from shared.views.journal.files import FILES
from shared.views.spreadsheet import disarmed

each_format = pytest.mark.parametrize("form", FILES)


def test_each_role_has_one_account() -> None:
    assert [each.name for each in fields(JournalAccounts)] == [role.value for role in JournalRole]


@each_format
def test_every_format_has_accounts_of_its_own_that_it_accepts(form: ExportForm) -> None:
    default = DEFAULT_ACCOUNTS[form]
    assert len(default.names()) == len(JournalRole)
    all_named = {role.value: default.name_of(role) for role in JournalRole}
    assert parse_accounts(all_named, form) == default


@each_format
def test_without_names_the_accounts_are_the_formats_own(form: ExportForm) -> None:
    assert parse_accounts({}, form) == DEFAULT_ACCOUNTS[form]


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (ExportForm.HLEDGER, "Assets:Due from PPS"),
        (ExportForm.BEANCOUNT, "Assets:PPS:2026"),
        (ExportForm.QUICKBOOKS, "Receivables:Due from PPS (studio)"),
        (ExportForm.XERO, "610"),
    ],
)
def test_a_name_that_is_given_takes_the_place_of_the_default(form: ExportForm, name: str) -> None:
    accounts = parse_accounts({"receivable": name}, form)
    assert accounts.receivable == name
    assert accounts.sales == DEFAULT_ACCOUNTS[form].sales


def test_roles_may_share_an_account_which_is_then_declared_once() -> None:
    accounts = parse_accounts({"disputes": "Income:Refunds"}, ExportForm.BEANCOUNT)
    assert accounts.names().count("Income:Refunds") == 1


@each_format
@pytest.mark.parametrize("role", ["", "Sales", "tax", "name_of", "__class__"])
def test_an_unknown_role_is_refused_with_the_roles_that_there_are(
    form: ExportForm, role: str
) -> None:
    with pytest.raises(JournalAccountsError, match=r"receivable, stripe_balance, .*opening_equity"):
        parse_accounts({role: "Income:Sales"}, form)


@each_format
@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "=1+1", "+1", "-1", "@x", "Sales ", " Sales", "Two  spaces", "A\nB", "A\tB"),
        *("A; B", "A:", ":A", "A::B", 'A"B', "(Sales)", "[Sales]", "A" * 101, "A\u202eB"),
    ],
)
def test_a_name_that_would_break_the_file_is_refused(form: ExportForm, name: str) -> None:
    with pytest.raises(JournalAccountsError, match=f"{form} does not accept the account"):
        parse_accounts({"sales": name}, form)


@pytest.mark.parametrize(
    "name", ["Sales", "income:Sales", "Income:sales", "Income", "Income:Due from", "Income:Ä"]
)
def test_beancount_wants_a_name_under_one_of_its_five_roots(name: str) -> None:
    with pytest.raises(JournalAccountsError, match="beancount"):
        parse_accounts({"sales": name}, ExportForm.BEANCOUNT)


def test_a_code_of_xero_has_at_most_ten_characters() -> None:
    parse_accounts({"sales": "1234567890"}, ExportForm.XERO)
    with pytest.raises(JournalAccountsError, match="xero"):
        parse_accounts({"sales": "12345678901"}, ExportForm.XERO)


@given(
    st.sampled_from(sorted(FILES)),
    st.text(st.sampled_from("aB1ä:&.'/()- =+@;,|＝\t"), min_size=1, max_size=12),  # noqa: RUF001  # full-width on purpose
)
def test_an_accepted_name_is_the_same_in_a_spreadsheet(form: ExportForm, name: str) -> None:
    try:
        accounts = parse_accounts({"sales": name}, form)
    except JournalAccountsError:
        return
    assert disarmed(accounts.sales) == name

"""Whatever happens to a studio's money, its journal balances and says what the ledger says."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, run_state_machine_as_test

from shared.domain.export import ExportForm

from .examples import scaled
from .journal_readers import by_account, read_by_beancount, read_quickbooks, read_xero
from .journals import DECIMALS, balances, expected_balances, whole_journal, written
from .money_rules import ANY_ORDER, MoneyRules
from .orders import Sold
from .studio_books import StudioBooks


class JournaledMoney(MoneyRules):
    """A studio's money, with its journal after every step and its files at the end."""

    @initialize(currency=st.sampled_from(list(DECIMALS)), sold=ANY_ORDER)
    def begin(self, currency: str, sold: Sold) -> None:
        self.books = StudioBooks(currency)
        self.sell(sold)

    @invariant()
    def both_balances_are_those_of_the_ledger(self) -> None:
        found, head = balances(whole_journal(self.books.entries)), self.books.head
        assert found.get("receivable", 0) == head.payable_balance_amount
        assert found.get("stripe_balance", 0) == head.direct_balance_amount

    def teardown(self) -> None:
        """Let each program read the journal."""
        entries, currency = self.books.entries, self.books.head.currency
        expected, journal = expected_balances(entries), whole_journal(entries)
        for form, read in (
            (ExportForm.BEANCOUNT, read_by_beancount),
            (ExportForm.QUICKBOOKS, read_quickbooks),
            (ExportForm.XERO, read_xero),
        ):
            text = written(form, journal, currency)
            assert read(text) == by_account(expected, form, currency)


@pytest.mark.hypothesis
def test_the_journal_of_any_ledger_balances_and_reads_back_as_the_ledger() -> None:
    sequences = settings(max_examples=scaled(60), stateful_step_count=40)
    run_state_machine_as_test(JournaledMoney, settings=sequences)

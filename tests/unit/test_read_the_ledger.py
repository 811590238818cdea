"""The page for readers of the ledger shows the tested files, and their code reads any ledger.

Code that was copied from an older page must read a new ledger right, or fail loudly.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.paths import ROOT
from shared.domain.ledger import (
    DISPUTE_KINDS,
    OPENING_KINDS,
    PAYOUT_KINDS,
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)
from shared.domain.payout_booking import Booking, close, fail, reverse
from shared.domain.settlement import moved_elsewhere
from shared.domain.stripe_transfer import StripeTransfer
from shared.gateways.records.ledger import entry_to_item

from .orders import AT
from .payout_ledgers import ledger, paid_out, week_before, whole

_PAGE = ROOT / "docs" / "read-the-ledger.md"
_FILES = ROOT / "docs" / "read-the-ledger"
# The page's code of version 0.1.0, when a payout closed all entries before its own.
_OLD_CODE = ROOT / "tests" / "unit" / "old_readers" / "read_ledger_0_1_0.txt"


@pytest.mark.parametrize(
    ("language", "file"), [("json", "policy.json"), ("python", "read_ledger.py")]
)
def test_the_page_shows_the_file_as_it_is(language: str, file: str) -> None:
    shown = (_FILES / file).read_text("utf-8")

    assert f"```{language}\n{shown}```\n" in _PAGE.read_text("utf-8")


@dataclass(frozen=True)
class StoredLedger:
    """The ledger's table, as the page's code asks for it."""

    entries: list[LedgerEntry]

    def get_paginator(self, _: str) -> "StoredLedger":
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  # a Query
        first = int(asked["ExpressionAttributeValues"][":first"]["S"].removeprefix("ENTRY#"))
        found = [entry_to_item(each) for each in self.entries if each.seq >= first]
        yield {"Items": found if asked["ScanIndexForward"] else found[::-1]}


def module_of(file: Path) -> Any:  # noqa: ANN401  # a module of either version
    """Return the module of a file that is no package, and may not end in .py."""
    loader = SourceFileLoader(file.stem, str(file))
    spec = spec_from_loader(file.stem, loader)
    assert spec
    module = module_from_spec(spec)
    sys.modules[file.stem] = module  # its dataclasses look it up
    loader.exec_module(module)
    return module


NEW, OLD = module_of(_FILES / "read_ledger.py"), module_of(_OLD_CODE)


def reader(code: Any, entries: list[LedgerEntry]) -> Any:  # noqa: ANN401  # of either version
    return code.Ledger(StoredLedger(entries), "ledger", "st_1")


_LINES = [kind for kind in EntryKind if kind not in PAYOUT_KINDS]


@st.composite
def paid_ledgers(draw: st.DrawFn) -> tuple[list[LedgerEntry], LedgerHead, list[Booking]]:
    """Draw a ledger with some payouts. Entries may come between a payout's last one and its own."""
    entries: list[LedgerEntry] = []
    head = LedgerHead("st_1", "usd")
    made: list[Booking] = []

    def enter(booking: Booking) -> None:
        nonlocal head
        entries.append(booking.entry)
        head = booking.head

    for number in range(draw(st.integers(1, 4))):
        for amount in draw(st.lists(st.integers(-500, 1000), min_size=1, max_size=4)):
            facts = EntryFacts(draw(st.sampled_from(_LINES)), f"ord_{head.seq}", AT)
            amounts = EntryAmounts(amount, 0, 0, amount, 0)
            # A dispute may be from before the ledger started, too.
            if facts.kind in OPENING_KINDS or (facts.kind in DISPUTE_KINDS and draw(st.booleans())):
                amounts = moved_elsewhere(amounts)
            entry, head = append(head, facts, amounts)
            entries.append(entry)
        previous = made[-1].payout if made else None
        first = previous.entry_seq if previous else 1
        last = entries[draw(st.integers(first, head.seq)) - 1]
        period = week_before(f"2026-10-{12 + number:02}")
        closing = replace(
            whole(head, period),
            last_seq=last.seq,
            total_amount=last.payable_balance_amount,
        )
        made.append(close(head, closing, "acct_1", AT, draw(st.integers(0, 300))))
        enter(made[-1])
        payout = made[-1].payout
        if payout.is_open:
            sent = payout.with_new_attempt(AT)
            if draw(st.booleans()):
                enter(fail(sent, head, "account_closed", AT))
            elif draw(st.booleans()):
                transfer = StripeTransfer("tr_1", payout.paid_amount, payout.paid_amount)
                back = reverse(sent.paid("tr_1", AT), head, transfer, AT)
                assert back
                enter(back)
    return entries, head, made


@given(paid_ledgers())
def test_the_pages_code_reads_any_ledger_as_the_payouts_are(
    drawn: tuple[list[LedgerEntry], LedgerHead, list[Booking]],
) -> None:
    entries, head, made = drawn
    new = reader(NEW, entries)
    open_now = new.open_lines()
    assert open_now.total_amount == head.payable_balance_amount
    assert open_now.carried_amount == head.carried_amount
    seen = [entry["seq"] for entry in open_now.entries]
    for each in made:
        payout, read = each.payout, new.payout_lines(each.payout.payout_id)
        assert read.total_amount == payout.total_amount
        assert read.carried_amount == payout.carried_in_amount
        seen += [entry["seq"] for entry in read.entries]
    # Every entry is in one payout or open.
    assert sorted(seen) == [each.seq for each in entries if each.kind != "payout_closed"]


@given(paid_ledgers())
def test_code_of_an_older_page_gets_right_sums_or_fails(
    drawn: tuple[list[LedgerEntry], LedgerHead, list[Booking]],
) -> None:
    entries, head, made = drawn
    old = reader(OLD, entries)
    assert old.open_lines().total_amount == head.payable_balance_amount
    for each in made:
        with pytest.raises(OLD.LedgerError, match="has no payout"):
            old.payout_lines(each.payout.payout_id)


def test_a_changed_entry_does_not_add_up() -> None:
    entries, head = ledger(1000, 500)
    entries.append(paid_out(head).entry)
    wrong = [replace(entries[0], payable_amount=1), *entries[1:]]
    with pytest.raises(NEW.LedgerError, match="add up"):
        reader(NEW, wrong).payout_lines(entries[-1].payout_id)

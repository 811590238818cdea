"""Ledgers of one studio that are paid out, and transfers as Stripe returns them."""

from datetime import date
from zoneinfo import ZoneInfo

from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)
from shared.domain.payout import close
from shared.domain.payout_schedule import PayoutPeriod

from .orders import AT

DUE = "2026-10-14T17:09:00.000Z"


PERIOD = PayoutPeriod(date(2026, 10, 5), date(2026, 10, 11))


CHICAGO = ZoneInfo("America/Chicago")


# The ledger.


def ledger(*payable: int) -> tuple[list[LedgerEntry], LedgerHead]:
    """Return a ledger of sales with these payable amounts."""
    head, entries = LedgerHead("st_1", "usd"), []
    for number, amount in enumerate(payable):
        facts = EntryFacts(EntryKind.SALE, f"ord_{number}", AT)
        entry, head = append(head, facts, EntryAmounts(amount, 0, 0, amount, 0))
        entries.append(entry)
    return entries, head


def closed(*payable: int, account: str | None = "acct_1") -> tuple[list[LedgerEntry], LedgerHead]:
    """Return a ledger of such sales whose period is closed."""
    entries, head = ledger(*payable)
    booking = close(head, PERIOD, account, AT, DUE)
    return [*entries, booking.entry], booking.head


# Stripe's transfers.


def transfer(**changed: object) -> dict[str, object]:
    """Return a transfer as Stripe returns it, with changes."""
    return {
        "object": "transfer",
        "id": "tr_1",
        "amount": 100,
        "amount_reversed": 0,
        "currency": "usd",
        "destination": "acct_1",
        "transfer_group": "po_st_1_2026-10-18",
    } | changed

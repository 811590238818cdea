"""Ledgers of one studio that are paid out, and transfers as Stripe returns them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.clock import rfc3339
from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)
from shared.domain.payout import Payout, payout_id_of
from shared.domain.payout_booking import Booking, Closing, close
from shared.domain.payout_schedule import PayoutPeriod

from .orders import AT

DUE = "2026-10-14T17:09:00.000Z"

CHICAGO = ZoneInfo("America/Chicago")


def week_before(day: str) -> PayoutPeriod:
    """Return the seven days before a day in Chicago's summer."""
    ended = datetime.fromisoformat(f"{day}T05:00:00Z")
    return PayoutPeriod(rfc3339(ended - timedelta(days=7)), rfc3339(ended), CHICAGO)


PERIOD = week_before("2026-10-12")


# The ledger.


def ledger(*payable: int) -> tuple[list[LedgerEntry], LedgerHead]:
    """Return a ledger of sales with these payable amounts."""
    head, entries = LedgerHead("st_1", "usd"), []
    for number, amount in enumerate(payable):
        facts = EntryFacts(EntryKind.SALE, f"ord_{number}", AT)
        entry, head = append(head, facts, EntryAmounts(amount, 0, 0, amount, 0))
        entries.append(entry)
    return entries, head


def whole(
    head: LedgerHead, period: PayoutPeriod = PERIOD, previous: Payout | None = None
) -> Closing:
    """Return the closing of all entries of a ledger."""
    payout_id = payout_id_of(head.studio_id, period, previous)
    return Closing(payout_id, period, head.seq, head.payable_balance_amount, DUE)


def paid_out(head: LedgerHead, account: str | None = "acct_1") -> Booking:
    """Return the payout of all entries of a ledger."""
    return close(head, whole(head), account, AT)


def closed(*payable: int, account: str | None = "acct_1") -> tuple[list[LedgerEntry], LedgerHead]:
    """Return a ledger of such sales whose period is closed."""
    entries, head = ledger(*payable)
    booking = paid_out(head, account)
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

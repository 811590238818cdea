"""The steps of a payout that also write the ledger: close, restore, fail, reverse."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)
from shared.domain.payout import (
    RESTORED,
    Payout,
    PayoutStatus,
    PayoutStep,
    expected_payout,
    held_of,
)
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.record_source import RecordSource
from shared.domain.stripe_transfer import StripeTransfer


@dataclass(frozen=True, slots=True)
class Closing:
    """What a new payout closes, before it is made; amounts in minor units.

    Attributes:
        payout_id: The payout's id.
        period: The time in which its entries were recorded.
        last_seq: The last of these entries.
        total_amount: The payable balance after that entry.
        next_poll_at: When a payout run resumes the transfer if it has not ended.
        off_cycle_because: Who makes it between two payout days, and why.
    """

    payout_id: str
    period: PayoutPeriod
    last_seq: int
    total_amount: int
    next_poll_at: str
    off_cycle_because: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """A payout in a new state, the ledger entry for the change, and the head after it."""

    payout: Payout
    entry: LedgerEntry
    head: LedgerHead


def next_period(
    previous: Payout | None, ledger_began_at: str, ended_at: str, zone: ZoneInfo
) -> PayoutPeriod | None:
    """Return the period of a studio's next payout, or None if that period would be empty.

    It begins where the payout before ended, and the first one where the ledger began. It must end
    after the payout before was made. Then it closes the entry of that payout, too, and the balance
    after its last entry is what PPS owes.

    Args:
        previous: The studio's newest payout, or None.
        ledger_began_at: The midnight before the ledger's first entry.
        ended_at: The first moment after the period. All times are RFC 3339 in UTC.
        zone: The studio's time zone.
    """
    started_at = previous.period_ended_at if previous else ledger_began_at
    not_before = max(started_at, previous.closed_at) if previous else started_at
    return PayoutPeriod(started_at, ended_at, zone) if ended_at > not_before else None


def is_worth_closing(
    head: LedgerHead, closing: Closing, previous: Payout | None, held_amount: int = 0
) -> bool:
    """Return whether a payout would follow the one before, and have a line or money to pay.

    Args:
        head: The ledger's head now.
        closing: What the payout would close.
        previous: The studio's newest payout. Its own entry is among the closed ones, and no line.
        held_amount: What open disputes may still take, if the studio lets PPS hold that back.
    """
    if previous is not None and closing.last_seq < previous.entry_seq:
        return False
    lines = closing.last_seq - head.closed_seq - (previous is not None)
    return lines > 0 or closing.total_amount > max(0, held_amount)


def close(
    head: LedgerHead, closing: Closing, account_id: str | None, at: str, held_amount: int = 0
) -> Booking:
    """Return the payout that closes the entries of its period.

    Args:
        head: The ledger's head now.
        closing: What the payout closes.
        account_id: The Stripe account to transfer to.
        at: Now, RFC 3339 in UTC.
        held_amount: What open disputes may still take, if the studio lets PPS hold that back.
    """
    total = closing.total_amount
    paid, reason = expected_payout(total, account_id, held_amount)
    status = PayoutStatus.CLOSING if paid else PayoutStatus.CARRIED
    payout = replace(
        _new_payout(head, closing, at, paid, status),
        reason=reason,
        account_id=account_id,
        disputed_held_amount=held_of(total, held_amount),
    )
    return _booked(payout, head, _closing_facts(payout, at), -paid)


def restore_payout(
    head: LedgerHead, closing: Closing, transfer: StripeTransfer, at: str
) -> Booking:
    """Return the payout of a Stripe transfer that is missing from the ledger after a restore.

    It pays the amount of the transfer. The balance may differ from that amount, because other
    entries may be missing or in another order. The difference is carried into the next payout.

    Args:
        head: The ledger's head now.
        closing: What it closes: all entries, because a restore enters them late.
        transfer: Stripe's transfer, not fully reversed.
        at: Now, RFC 3339 in UTC.
    """
    payout = replace(
        _new_payout(head, closing, at, transfer.amount, PayoutStatus.PAID),
        reason=RESTORED,
        account_id=transfer.destination,
        attempt=1,
        transfer_id=transfer.transfer_id,
        balance_transaction_id=transfer.balance_transaction_id,
        # What came back of it is entered by the payout run.
        next_poll_at=at if transfer.amount_reversed else None,
    )
    facts = replace(_closing_facts(payout, at), source=RecordSource.STRIPE)
    return _booked(payout, head, facts, -transfer.amount)


def fail(
    payout: Payout,
    head: LedgerHead,
    reason: str,
    at: str,
    transfer: StripeTransfer | None = None,
) -> Booking:
    """Return the payout as failed, with its money back in the balance.

    Args:
        payout: A payout whose transfer Stripe definitively did not make, or that came back.
        head: The ledger's head now.
        reason: A stable code that says why.
        at: Now, RFC 3339 in UTC.
        transfer: The transfer, if all of it came back.

    Raises:
        ValueError: No transfer is under way.
    """
    failed = replace(
        payout.with_status(PayoutStatus.FAILED, at),
        paid_amount=0,
        carried_amount=payout.total_amount,
        reason=reason,
        failed_seq=head.seq + 1,
        next_poll_at=None,
    )
    facts = _facts(EntryKind.PAYOUT_FAILED, payout, at)
    if transfer is not None:
        failed = replace(
            failed,
            transfer_id=transfer.transfer_id,
            balance_transaction_id=transfer.balance_transaction_id,
        )
        facts = _back(facts, transfer, 0)
    return _booked(failed, head, facts, payout.paid_amount)


def reverse(payout: Payout, head: LedgerHead, transfer: StripeTransfer, at: str) -> Booking | None:
    """Return the payout with what came back of its transfer since, or None if nothing did.

    Args:
        payout: A paid payout.
        head: The ledger's head now.
        transfer: Its transfer as Stripe has it now.
        at: Now, RFC 3339 in UTC.
    """
    came_back = transfer.amount_reversed - payout.reversed_amount
    if came_back <= 0:
        return None
    reversed_payout = replace(
        payout, reversed_amount=transfer.amount_reversed, next_poll_at=None, poll_count=0
    )
    facts = _facts(EntryKind.PAYOUT_REVERSED, payout, at)
    return _booked(reversed_payout, head, _back(facts, transfer, payout.reversed_amount), came_back)


def _new_payout(
    head: LedgerHead, closing: Closing, at: str, paid: int, status: PayoutStatus
) -> Payout:
    """Return a payout of the entries of its period that pays a part of the balance."""
    period = closing.period
    return Payout(
        payout_id=closing.payout_id,
        studio_id=head.studio_id,
        currency=head.currency,
        period_started_at=period.started_at,
        period_ended_at=period.ended_at,
        period_start=period.first.isoformat(),
        period_end=period.last.isoformat(),
        first_seq=head.closed_seq + 1,
        last_seq=closing.last_seq,
        entry_seq=head.seq + 1,
        carried_in_amount=head.carried_amount,
        total_amount=closing.total_amount,
        paid_amount=paid,
        carried_amount=closing.total_amount - paid,
        status=status,
        closed_at=at,
        next_poll_at=closing.next_poll_at if status is PayoutStatus.CLOSING else None,
        off_cycle_because=closing.off_cycle_because,
        history=(PayoutStep(status, at),),
    )


def _booked(payout: Payout, head: LedgerHead, facts: EntryFacts, amount: int) -> Booking:
    amounts = EntryAmounts(
        gross_amount=amount,
        stripe_fee_amount=0,
        rev_share_amount=0,
        payable_amount=amount,
        direct_amount=0,
    )
    return Booking(payout, *append(head, facts, amounts))


def _facts(kind: EntryKind, payout: Payout, at: str) -> EntryFacts:
    return EntryFacts(kind, None, at, payout_id=payout.payout_id)


def _back(facts: EntryFacts, transfer: StripeTransfer, known_amount: int) -> EntryFacts:
    """Return the facts with the movements that brought back more than is known already."""
    ids = transfer.reversed_since(known_amount)
    return replace(facts, balance_transaction_id=" ".join(ids) or None)


def _closing_facts(payout: Payout, at: str) -> EntryFacts:
    return replace(
        _facts(EntryKind.PAYOUT_CLOSED, payout, at),
        closed_seq=payout.last_seq,
        carried_amount=payout.carried_amount,
    )

"""Where an order's print is, and who may move it to where.

    none      there is nothing to print
    queued ──claim──► claimed ──print──► printed ──ship──► shipped
       └─────────────────┴──── cancel ──────┴──► canceled

A refund cancels too, and resumes what it has cancelled if it fails. A person's cancel stays.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from shared.domain.errors import (
    NothingToPrintError,
    PrintCanceledError,
    PrintClaimedError,
    PrintNotClaimedError,
    PrintPrintedError,
    PrintShippedError,
    RefundError,
)
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStep, OrderTotals, RefundItem


class Step(StrEnum):
    """What a person does to a print."""

    CLAIM = "claim"
    PRINT = "print"
    SHIP = "ship"
    CANCEL = "cancel"


# What each step starts from, and where it ends.
STEPS: dict[Step, tuple[frozenset[str], str]] = {
    Step.CLAIM: (frozenset({"queued"}), "claimed"),
    Step.PRINT: (frozenset({"claimed"}), "printed"),
    Step.SHIP: (frozenset({"printed"}), "shipped"),
    Step.CANCEL: (frozenset({"queued", "claimed", "printed"}), "canceled"),
}

# On the print station's list.
IN_QUEUE = frozenset({"queued", "claimed", "printed"})
# Units can still come off the job; a cancelled one may be resumed, and then without them.
_OPEN = frozenset({"queued", "claimed", "canceled"})
# An operator has it in hand: refunding all of it must not silently waste or double the print.
IN_PROGRESS = frozenset({"claimed", "printed"})

# Who cancelled where refunds, together, left no unit to print or no money for one.
NOTHING_LEFT = "nothing_left"

# An order goes through few steps; the totals' item must stay small.
_STEPS_KEPT = 12

_REFUSALS: dict[str, tuple[type[RefundError], str]] = {
    "none": (NothingToPrintError, "This order has nothing to print."),
    "queued": (PrintNotClaimedError, "Nobody has claimed this print. Claim it first."),
    "claimed": (PrintClaimedError, "The print is claimed and has to be printed first."),
    "printed": (PrintPrintedError, "It is printed already."),
    "shipped": (
        PrintShippedError,
        "It is shipped. The order can be refunded all the same; the print is gone.",
    ),
    "canceled": (PrintCanceledError, "Fulfillment was canceled; leave this print."),
}


def move(totals: OrderTotals, step: Step, at: str, by: str) -> OrderTotals | None:
    """Return the totals after a person's step, or None where it has been done already.

    Done already is the same step by the same person, so that a repeated click is no error; a
    cancel is the same whoever did it first.

    Args:
        totals: The order's totals as they are.
        step: What the person does.
        at: Now, RFC 3339 in UTC.
        by: The user.

    Raises:
        NothingToPrintError, PrintNotClaimedError, PrintClaimedError, PrintPrintedError,
            PrintShippedError, PrintCanceledError: The print is not where the step starts from.
    """
    starts, end = STEPS[step]
    status = totals.fulfillment_status
    if status in starts:
        return _stepped(totals, end, at, by)
    if status == end:
        return _again(totals, step, at, by)
    error, detail = _REFUSALS[status]
    raise error(detail)


def _again(totals: OrderTotals, step: Step, at: str, by: str) -> OrderTotals | None:
    if step is Step.CANCEL:
        # A refund's cancel ends with the refund; a person's stays, one before the import too.
        stays = _canceled_by_person(totals) or totals.fulfillment_canceled_by is None
        return None if stays else _stepped(totals, "canceled", at, by)
    if step is Step.CLAIM and totals.fulfillment_claimed_by != by:
        raise PrintClaimedError("Another operator has claimed it. Take the next in the queue.")
    return None


def _stepped(totals: OrderTotals, status: str, at: str, by: str) -> OrderTotals:
    history = (*totals.fulfillment_history, FulfillmentStep(status, at, by))[-_STEPS_KEPT:]
    return replace(
        totals,
        fulfillment_status=status,
        fulfillment_canceled_by=by if status == "canceled" else None,
        fulfillment_claimed_by=by if status == "claimed" else totals.fulfillment_claimed_by,
        fulfillment_history=history,
    )


def take_off(totals: OrderTotals, refund_id: str, items: Iterable[RefundItem]) -> OrderTotals:
    """Return the totals, a refund's money already out, with its part off the print job.

    Line items take their units off, and with the last of them the job is cancelled. What leaves
    nothing of the order cancels it while it is queued; a claimed one goes on with what is on it.

    Args:
        totals: The order's totals with the refund.
        refund_id: The refund that takes its part.
        items: What it refunds by line; none where it refunds an amount.
    """
    items = tuple(items)
    off = dict(totals.print_units_off)
    for line_id, quantity in _units(items).items():
        off[line_id] = off.get(line_id, 0) + quantity
    reduced = replace(totals, print_units_off=off)
    if totals.fulfillment_status not in IN_QUEUE:
        return reduced
    if not _units_left(reduced):
        return _canceled_by(reduced, NOTHING_LEFT)
    if totals.fulfillment_status == "queued" and totals.refundable_amount == 0:
        return _canceled_by(reduced, NOTHING_LEFT if items else refund_id)
    return reduced


def put_back(totals: OrderTotals, refund_id: str, items: Iterable[RefundItem]) -> OrderTotals:
    """Return the totals, a refund already released, with what it took off the job back on it.

    Units of a job that was printed meanwhile stay off: they were not printed. A job is resumed, to
    be claimed anew, if the refund had cancelled it or nothing was left, and only where something
    is left now: units to print, and money that is not on its way back.

    Args:
        totals: The order's totals without the refund.
        refund_id: The refund that failed.
        items: What it took off the job; none where it took nothing.
    """
    if is_unprinted(totals):
        units = _units(items)
        off = {
            line_id: quantity - units.get(line_id, 0)
            for line_id, quantity in totals.print_units_off.items()
        }
        off = {line_id: quantity for line_id, quantity in off.items() if quantity}
        totals = replace(totals, print_units_off=off)
    if _canceled_by_person(totals):
        return totals
    if totals.fulfillment_canceled_by not in {refund_id, NOTHING_LEFT}:
        return totals
    if not _units_left(totals) or totals.refundable_amount == 0:
        return _canceled_by(totals, NOTHING_LEFT)
    return replace(
        totals,
        fulfillment_status="queued",
        fulfillment_canceled_by=None,
        fulfillment_claimed_by=None,
    )


def is_unprinted(totals: OrderTotals) -> bool:
    """Return whether units can still come off the job: there is one, and it was not printed."""
    printed = any(step.status == "printed" for step in totals.fulfillment_history)
    return totals.fulfillment_status in _OPEN and not printed


def _units_left(totals: OrderTotals) -> int:
    return totals.print_units - sum(totals.print_units_off.values())


def _canceled_by_person(totals: OrderTotals) -> bool:
    # Nothing follows a person's cancel, so it is the last step for good.
    return any(step.status == "canceled" for step in totals.fulfillment_history[-1:])


def _canceled_by(totals: OrderTotals, canceler: str) -> OrderTotals:
    return replace(totals, fulfillment_status="canceled", fulfillment_canceled_by=canceler)


def _units(items: Iterable[RefundItem]) -> dict[str, int]:
    return {item.line_id: item.quantity for item in items if item.line_id != SHIPPING_LINE_ID}

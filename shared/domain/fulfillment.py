"""Where an order's print is, and who may move it to where.

    none      there is nothing to print
    queued ──claim──► claimed ──print──► printed ──ship──► shipped
       └─────────────────┴──── cancel ──────┴──► canceled

A refund cancels too, and resumes what it has canceled if it fails. A person's cancel stays.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from shared.domain.errors import (
    AlreadyPrintedError,
    DomainError,
    NothingToPrintError,
    PrintCanceledError,
    PrintClaimedError,
    PrintNotClaimedError,
    PrintShippedError,
)
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    FulfillmentStep,
    OrderState,
    RefundItem,
)


class Step(StrEnum):
    """What a person does to a print."""

    CLAIM = "claim"
    PRINT = "print"
    SHIP = "ship"
    CANCEL = "cancel"


# What each step starts from, and where it ends.
STEPS: dict[Step, tuple[frozenset[FulfillmentStatus], FulfillmentStatus]] = {
    Step.CLAIM: (frozenset({FulfillmentStatus.QUEUED}), FulfillmentStatus.CLAIMED),
    Step.PRINT: (frozenset({FulfillmentStatus.CLAIMED}), FulfillmentStatus.PRINTED),
    Step.SHIP: (frozenset({FulfillmentStatus.PRINTED}), FulfillmentStatus.SHIPPED),
    Step.CANCEL: (
        frozenset({FulfillmentStatus.QUEUED, FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED}),
        FulfillmentStatus.CANCELED,
    ),
}

# On the print station's list.
IN_QUEUE = frozenset(
    {FulfillmentStatus.QUEUED, FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED}
)
# Units can still come off the job; a canceled one may be resumed, and then without them.
_OPEN = frozenset({FulfillmentStatus.QUEUED, FulfillmentStatus.CLAIMED, FulfillmentStatus.CANCELED})
# An operator has it in hand: refunding all of it must not silently waste or double the print.
IN_PROGRESS = frozenset({FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED})

# Who canceled where refunds, together, left no unit to print or no money for one.
NOTHING_LEFT = "nothing_left"

# An order goes through few steps; the state' item must stay small.
_STEPS_KEPT = 12

_REFUSALS: dict[FulfillmentStatus, tuple[type[DomainError], str]] = {
    FulfillmentStatus.NONE: (NothingToPrintError, "This order has nothing to print."),
    FulfillmentStatus.QUEUED: (
        PrintNotClaimedError,
        "Nobody has claimed this print. Claim it first.",
    ),
    FulfillmentStatus.CLAIMED: (
        PrintClaimedError,
        "The print is claimed and has to be printed first.",
    ),
    FulfillmentStatus.PRINTED: (AlreadyPrintedError, "It is printed already."),
    FulfillmentStatus.SHIPPED: (
        PrintShippedError,
        "It is shipped. The order can be refunded all the same; the print is gone.",
    ),
    FulfillmentStatus.CANCELED: (PrintCanceledError, "Fulfillment was canceled; leave this print."),
}


def move(state: OrderState, step: Step, at: str, by: str) -> OrderState | None:
    """Return the state after a person's step, or None where it has been done already.

    Done already is the same step by the same person, so that a repeated click is no error; a
    cancel is the same whoever did it first.

    Args:
        state: The order's state as they are.
        step: What the person does.
        at: Now, RFC 3339 in UTC.
        by: The user.

    Raises:
        NothingToPrintError, PrintNotClaimedError, PrintClaimedError, AlreadyPrintedError,
            PrintShippedError, PrintCanceledError: The print is not where the step starts from.
    """
    starts, end = STEPS[step]
    status = state.fulfillment_status
    if status in starts:
        return _stepped(state, end, at, by)
    if status == end:
        return _again(state, step, at, by)
    error, detail = _REFUSALS[status]
    raise error(detail)


def _again(state: OrderState, step: Step, at: str, by: str) -> OrderState | None:
    if step is Step.CANCEL:
        # A refund's cancel ends with the refund; a person's stays, one before the import too.
        stays = _canceled_by_person(state) or state.fulfillment_canceled_by is None
        return None if stays else _stepped(state, FulfillmentStatus.CANCELED, at, by)
    if step is Step.CLAIM and state.fulfillment_claimed_by != by:
        raise PrintClaimedError("Another operator has claimed it. Take the next in the queue.")
    return None


def _stepped(state: OrderState, status: FulfillmentStatus, at: str, by: str) -> OrderState:
    history = (*state.fulfillment_history, FulfillmentStep(status, at, by))[-_STEPS_KEPT:]
    return replace(
        state,
        fulfillment_status=status,
        fulfillment_canceled_by=by if status == FulfillmentStatus.CANCELED else None,
        fulfillment_claimed_by=by
        if status == FulfillmentStatus.CLAIMED
        else state.fulfillment_claimed_by,
        fulfillment_history=history,
    )


def take_off(state: OrderState, refund_id: str, items: Iterable[RefundItem]) -> OrderState:
    """Return the state, a refund's money already out, with its part off the print job.

    Line items take their units off, and with the last of them the job is canceled. What leaves
    nothing of the order cancels it while it is queued; a claimed one goes on with what is on it.

    Args:
        state: The order's state with the refund.
        refund_id: The refund that takes its part.
        items: What it refunds by line; none where it refunds an amount.
    """
    items = tuple(items)
    off = dict(state.print_units_off)
    for line_id, quantity in _units(items).items():
        off[line_id] = off.get(line_id, 0) + quantity
    reduced = replace(state, print_units_off=off)
    if state.fulfillment_status not in IN_QUEUE:
        return reduced
    if not _units_left(reduced):
        return _canceled_by(reduced, NOTHING_LEFT)
    if state.fulfillment_status == FulfillmentStatus.QUEUED and state.refundable_amount == 0:
        return _canceled_by(reduced, NOTHING_LEFT if items else refund_id)
    return reduced


def put_back(state: OrderState, refund_id: str, items: Iterable[RefundItem]) -> OrderState:
    """Return the state, a refund already released, with what it took off the job back on it.

    Units of a job that was printed meanwhile stay off: they were not printed. A job is resumed, to
    be claimed anew, if the refund had canceled it or nothing was left, and only where something
    is left now: units to print, and money that is not on its way back.

    Args:
        state: The order's state without the refund.
        refund_id: The refund that failed.
        items: What it took off the job; none where it took nothing.
    """
    if is_unprinted(state):
        units = _units(items)
        off = {
            line_id: quantity - units.get(line_id, 0)
            for line_id, quantity in state.print_units_off.items()
        }
        off = {line_id: quantity for line_id, quantity in off.items() if quantity}
        state = replace(state, print_units_off=off)
    if _canceled_by_person(state):
        return state
    if state.fulfillment_canceled_by not in {refund_id, NOTHING_LEFT}:
        return state
    if not _units_left(state) or state.refundable_amount == 0:
        return _canceled_by(state, NOTHING_LEFT)
    return replace(
        state,
        fulfillment_status=FulfillmentStatus.QUEUED,
        fulfillment_canceled_by=None,
        fulfillment_claimed_by=None,
    )


def is_unprinted(state: OrderState) -> bool:
    """Return whether units can still come off the job: there is one, and it was not printed."""
    printed = any(step.status == FulfillmentStatus.PRINTED for step in state.fulfillment_history)
    return state.fulfillment_status in _OPEN and not printed


def _units_left(state: OrderState) -> int:
    return state.print_units - sum(state.print_units_off.values())


def _canceled_by_person(state: OrderState) -> bool:
    # Nothing follows a person's cancel, so it is the last step for good.
    return any(step.status == FulfillmentStatus.CANCELED for step in state.fulfillment_history[-1:])


def _canceled_by(state: OrderState, canceler: str) -> OrderState:
    return replace(
        state, fulfillment_status=FulfillmentStatus.CANCELED, fulfillment_canceled_by=canceler
    )


def _units(items: Iterable[RefundItem]) -> dict[str, int]:
    return {item.line_id: item.quantity for item in items if item.line_id != SHIPPING_LINE_ID}

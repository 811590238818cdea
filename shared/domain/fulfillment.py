"""The print of an order: its states, and the steps that people take with it.

    none      the order has nothing to print
    queued ──claim──► claimed ──print──► printed ──ship──► shipped
       └─────────────────┴──── cancel ──────┴──► canceled

A refund can cancel a print too. If the refund fails, the print is resumed. If a person canceled,
it stays canceled.
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
    """A step that a person takes with a print."""

    CLAIM = "claim"
    PRINT = "print"
    SHIP = "ship"
    CANCEL = "cancel"


# The statuses that each step starts from, and the one that it ends in.
STEPS: dict[Step, tuple[frozenset[FulfillmentStatus], FulfillmentStatus]] = {
    Step.CLAIM: (frozenset({FulfillmentStatus.QUEUED}), FulfillmentStatus.CLAIMED),
    Step.PRINT: (frozenset({FulfillmentStatus.CLAIMED}), FulfillmentStatus.PRINTED),
    Step.SHIP: (frozenset({FulfillmentStatus.PRINTED}), FulfillmentStatus.SHIPPED),
    Step.CANCEL: (
        frozenset({FulfillmentStatus.QUEUED, FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED}),
        FulfillmentStatus.CANCELED,
    ),
}

# The print station's queue shows these.
PRINT_QUEUE_STATUSES = frozenset(
    {FulfillmentStatus.QUEUED, FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED}
)
# Units can still be removed from the job. A canceled job may be resumed, without those units.
_OPEN = frozenset({FulfillmentStatus.QUEUED, FulfillmentStatus.CLAIMED, FulfillmentStatus.CANCELED})
# In production. A full refund must not waste the print without the caller's word.
IN_PROGRESS = frozenset({FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED})

# Stored as who canceled, if several refunds together left nothing to print or no money.
NOTHING_LEFT = "nothing_left"

# An order goes through few steps, and the state's item must stay small.
_STEPS_KEPT = 12

_REFUSALS: dict[FulfillmentStatus, tuple[type[DomainError], str]] = {
    FulfillmentStatus.NONE: (NothingToPrintError, "This order has nothing to print."),
    FulfillmentStatus.QUEUED: (
        PrintNotClaimedError,
        "Nobody has claimed this print. Claim it first.",
    ),
    FulfillmentStatus.CLAIMED: (
        PrintClaimedError,
        "The print is claimed but not printed yet. Print it first.",
    ),
    FulfillmentStatus.PRINTED: (
        AlreadyPrintedError,
        "This print has already been printed. Reload the queue.",
    ),
    FulfillmentStatus.SHIPPED: (
        PrintShippedError,
        "The print has been shipped. You can still refund the order, but not stop the print.",
    ),
    FulfillmentStatus.CANCELED: (
        PrintCanceledError,
        "Fulfillment was canceled. Do not print this order.",
    ),
}


def take_step(state: OrderState, step: Step, at: str, by: str) -> OrderState | None:
    """Return the state after a person's step, or None if a repeated step changes nothing.

    A repeated click is no error. A claim must be repeated by the same person; any other step may
    be repeated by anybody.

    Args:
        state: The order's state now.
        step: The step that the person takes.
        at: Now, RFC 3339 in UTC.
        by: The user.

    Raises:
        NothingToPrintError, PrintNotClaimedError, PrintClaimedError, AlreadyPrintedError,
            PrintShippedError, PrintCanceledError: The step does not start from the print's status.
    """
    starts, end = STEPS[step]
    status = state.fulfillment_status
    if status in starts:
        return _after_step(state, end, at, by)
    if status == end:
        return _repeat_step(state, step, at, by)
    error, detail = _REFUSALS[status]
    raise error(detail)


def require_cancelable(state: OrderState) -> None:
    """Check that a person can take the print off the queue now.

    Raises:
        NothingToPrintError, PrintShippedError, PrintCanceledError: The print's status forbids it.
    """
    starts, _ = STEPS[Step.CANCEL]
    if state.fulfillment_status not in starts:
        error, detail = _REFUSALS[state.fulfillment_status]
        raise error(detail)


def claimed_at(state: OrderState) -> str | None:
    """Return when an operator claimed the print, RFC 3339 in UTC. None if nobody did here."""
    times = [
        step.at
        for step in state.fulfillment_history
        if step.status is FulfillmentStatus.CLAIMED and step.by == state.fulfillment_claimed_by
    ]
    return times[-1] if times else None


def _repeat_step(state: OrderState, step: Step, at: str, by: str) -> OrderState | None:
    if step is Step.CANCEL:
        # A failed refund would resume a print that it canceled. A person's cancel makes it final.
        # Without a name, the order was canceled before its import, which is final too.
        is_final = _is_canceled_by_person(state) or state.fulfillment_canceled_by is None
        return None if is_final else _after_step(state, FulfillmentStatus.CANCELED, at, by)
    if step is Step.CLAIM and state.fulfillment_claimed_by != by:
        raise PrintClaimedError("Another operator has claimed this print. Claim another one.")
    return None


def _after_step(state: OrderState, status: FulfillmentStatus, at: str, by: str) -> OrderState:
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


def remove_from_print_job(
    state: OrderState, refund_id: str, items: Iterable[RefundItem]
) -> OrderState:
    """Return the state with a refund's units removed from the print job.

    The job is canceled if no unit is left. A queued job is also canceled if no money is left; a
    claimed job goes on with its remaining units.

    Args:
        state: The order's state, with the refund already reserved.
        refund_id: The refund's id.
        items: The refunded line items; none if the refund is an amount.
    """
    items = tuple(items)
    off = dict(state.print_units_off)
    for line_id, quantity in _units(items).items():
        off[line_id] = off.get(line_id, 0) + quantity
    reduced = replace(state, print_units_off=off)
    if state.fulfillment_status not in PRINT_QUEUE_STATUSES:
        return reduced
    if not _units_left(reduced):
        return _cancel(reduced, NOTHING_LEFT)
    if state.fulfillment_status == FulfillmentStatus.QUEUED and state.refundable_amount == 0:
        return _cancel(reduced, NOTHING_LEFT if items else refund_id)
    return reduced


def restore_to_print_job(
    state: OrderState, refund_id: str, items: Iterable[RefundItem]
) -> OrderState:
    """Return the state with a failed refund's units back on the print job.

    If the job has been printed in the meantime, the units stay removed: they were not printed. A
    job that this refund canceled, or that refunds together canceled, goes back to the queue if
    units and refundable money are left.

    Args:
        state: The order's state, with the refund already released.
        refund_id: The refund that failed.
        items: The units that it removed from the job, if any.
    """
    if is_unprinted(state):
        units = _units(items)
        off = {
            line_id: quantity - units.get(line_id, 0)
            for line_id, quantity in state.print_units_off.items()
        }
        off = {line_id: quantity for line_id, quantity in off.items() if quantity}
        state = replace(state, print_units_off=off)
    canceled_by_refunds = state.fulfillment_canceled_by in {refund_id, NOTHING_LEFT}
    if _is_canceled_by_person(state) or not canceled_by_refunds:
        return state
    if not _units_left(state) or state.refundable_amount == 0:
        return _cancel(state, NOTHING_LEFT)
    return replace(
        state,
        fulfillment_status=FulfillmentStatus.QUEUED,
        fulfillment_canceled_by=None,
        fulfillment_claimed_by=None,
    )


def is_unprinted(state: OrderState) -> bool:
    """Return whether there is a print job that was never printed."""
    printed = any(step.status == FulfillmentStatus.PRINTED for step in state.fulfillment_history)
    return state.fulfillment_status in _OPEN and not printed


def _units_left(state: OrderState) -> int:
    return state.print_units - sum(state.print_units_off.values())


def is_canceled_by_refund(state: OrderState) -> bool:
    """Return whether a refund canceled the print, or several of them together."""
    return state.fulfillment_canceled_by is not None and not _is_canceled_by_person(state)


def _is_canceled_by_person(state: OrderState) -> bool:
    # No step follows a person's cancel, so it is always the last one.
    return any(step.status == FulfillmentStatus.CANCELED for step in state.fulfillment_history[-1:])


def _cancel(state: OrderState, canceler: str) -> OrderState:
    return replace(
        state, fulfillment_status=FulfillmentStatus.CANCELED, fulfillment_canceled_by=canceler
    )


def _units(items: Iterable[RefundItem]) -> dict[str, int]:
    return {item.line_id: item.quantity for item in items if item.line_id != SHIPPING_LINE_ID}

"""Commands on refunds."""

from collections import Counter
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.refunds import RefundTransition, apply_refund_transition
from infra.stripe_standin.control.command import (
    ChangeBody,
    Commands,
    find_named,
    find_record,
    read_body,
)
from infra.stripe_standin.records.refunds import FailureReason, PendingReason
from infra.stripe_standin.rendering.refunds import render_refund


class TransitionBody(ChangeBody):
    """Body of POST /_standin/refunds/{id}."""

    status: Literal["succeeded", "failed", "canceled", "pending"]
    failure_reason: FailureReason = "expired_or_canceled_card"
    pending_reason: PendingReason = "processing"


class RefundCommands(Commands):
    """Commands on refunds."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/refunds/{id}", self.change_status, methods=["POST"]),
            Route("/totals", self.show_totals, methods=["GET"]),
        ]

    async def change_status(self, request: Request) -> Response:
        """Move a refund to another status, as a bank or the dashboard would."""
        body = await read_body(request, TransitionBody)
        refund = find_named(self._standin.store.refunds, request)
        transition = RefundTransition(body.status, body.failure_reason, body.pending_reason)
        with self._standin.maybe_silent(silent=body.silent):
            apply_refund_transition(self._standin, refund, transition)
        return JSONResponse(render_refund(refund))

    async def show_totals(self, request: Request) -> Response:
        """Add up the refunds of one charge, or of all charges.

        What moved no money does not count: charges not paid, and released authorizations.
        """
        store, charge_id = self._standin.store, request.query_params.get("charge")
        if charge_id is None:
            charges = list(store.charges)
        else:
            charges = [find_record(store.charges, charge_id)]
        refunds = [
            refund
            for charge in charges
            for refund in store.refunds.of_group(charge.id).oldest_first()
        ]
        charge_amount = sum(charge.amount_captured for charge in charges)
        amount = sum(
            store.amount_refunded(charge) - store.amount_released(charge) for charge in charges
        )
        return JSONResponse(
            {
                "charge": charge_id,
                "count": sum(
                    refund.counts_as_refunded and not refund.is_release for refund in refunds
                ),
                "amount": amount,
                "charge_amount": charge_amount,
                "refundable_amount": charge_amount - amount,
                "by_status": Counter(refund.status for refund in refunds),
            }
        )

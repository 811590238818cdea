"""Commands on disputes."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.disputes import (
    DisputeOpening,
    DisputeTransition,
    apply_dispute_transition,
    open_dispute,
)
from infra.stripe_standin.control.command import (
    ChangeBody,
    Commands,
    find_named,
    find_record,
    read_body,
)
from infra.stripe_standin.records.disputes import (
    DISPUTE_FEE,
    ClosingStatus,
    DisputeRecord,
    DisputeStatus,
    OpeningStatus,
)
from infra.stripe_standin.rendering.disputes import render_dispute

type _Amount = Annotated[int, Field(ge=0)]
type _Time = Annotated[int, Field(ge=0)]


class OpenDisputeBody(ChangeBody):
    """Body of POST /_standin/disputes. `DisputeOpening` explains the fields."""

    charge: str
    status: OpeningStatus = "needs_response"
    amount: Annotated[int, Field(ge=1)] | None = None
    fee: _Amount = DISPUTE_FEE
    reason: str = "fraudulent"
    created: _Time | None = None
    evidence_due_by: _Time | None = None


class MoveDisputeBody(ChangeBody):
    """Body of POST /_standin/disputes/{id}. `DisputeTransition` explains the fields."""

    status: DisputeStatus
    fee: _Amount | None = None
    return_fee: bool = False


class CloseDisputeBody(ChangeBody):
    """Body of POST /_standin/disputes/{id}/close."""

    status: ClosingStatus
    return_fee: bool = False


class DisputeCommands(Commands):
    """Commands on disputes."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/disputes", self.open, methods=["POST"]),
            Route("/disputes/{id}", self.move, methods=["POST"]),
            Route("/disputes/{id}/close", self.close, methods=["POST"]),
        ]

    async def open(self, request: Request) -> Response:
        """Open an inquiry or a dispute, as a customer would."""
        body = await read_body(request, OpenDisputeBody)
        charge = find_record(self._standin.store.charges, body.charge)
        opening = DisputeOpening(**body.model_dump(exclude={"charge", "silent"}))
        with self._standin.maybe_silent(silent=body.silent):
            dispute = open_dispute(self._standin, charge, opening)
        return self._response(dispute)

    async def move(self, request: Request) -> Response:
        """Move a dispute to another status, as the merchant and the bank would."""
        return self._move(request, await read_body(request, MoveDisputeBody))

    async def close(self, request: Request) -> Response:
        """Close a dispute, as the bank would."""
        return self._move(request, await read_body(request, CloseDisputeBody))

    def _move(self, request: Request, body: MoveDisputeBody | CloseDisputeBody) -> Response:
        dispute = find_named(self._standin.store.disputes, request)
        transition = DisputeTransition(**body.model_dump(exclude={"silent"}))
        with self._standin.maybe_silent(silent=body.silent):
            apply_dispute_transition(self._standin, dispute, transition)
        return self._response(dispute)

    def _response(self, dispute: DisputeRecord) -> Response:
        return JSONResponse(render_dispute(self._standin.store, dispute, self._standin.clock))

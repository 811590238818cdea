"""Commands on disputes."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.disputes import close_dispute, open_dispute
from infra.stripe_standin.control.command import (
    CommandBody,
    Commands,
    find_named,
    find_record,
    read_body,
)
from infra.stripe_standin.records.disputes import DisputeOutcome, DisputeRecord
from infra.stripe_standin.rendering.disputes import render_dispute


class OpenDisputeBody(CommandBody):
    """Body of POST /_standin/disputes."""

    charge: str


class CloseDisputeBody(CommandBody):
    """Body of POST /_standin/disputes/{id}/close."""

    status: DisputeOutcome


class DisputeCommands(Commands):
    """Commands on disputes."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/disputes", self.open, methods=["POST"]),
            Route("/disputes/{id}/close", self.close, methods=["POST"]),
        ]

    async def open(self, request: Request) -> Response:
        """Open a dispute, as a customer would."""
        body = await read_body(request, OpenDisputeBody)
        charge = find_record(self._standin.store.charges, body.charge)
        return self._response(open_dispute(self._standin, charge))

    async def close(self, request: Request) -> Response:
        """Close a dispute, as the bank would."""
        body = await read_body(request, CloseDisputeBody)
        dispute = find_named(self._standin.store.disputes, request)
        close_dispute(self._standin, dispute, body.status)
        return self._response(dispute)

    def _response(self, dispute: DisputeRecord) -> Response:
        return JSONResponse(render_dispute(self._standin.store, dispute, self._standin.clock))

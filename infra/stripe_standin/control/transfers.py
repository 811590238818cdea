"""Commands on transfers."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.transfers import TransferReversalError, reverse_transfer
from infra.stripe_standin.control.command import ChangeBody, Commands, find_named, read_body
from infra.stripe_standin.rendering.transfers import render_transfer
from infra.stripe_standin.state import NO_REQUEST


class ReverseTransferBody(ChangeBody):
    """Body of POST /_standin/transfers/{id}/reversals. None reverses all that is left."""

    amount: Annotated[int, Field(ge=1)] | None = None


class TransferCommands(Commands):
    """Commands on transfers."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [Route("/transfers/{id}/reversals", self.reverse, methods=["POST"])]

    async def reverse(self, request: Request) -> Response:
        """Reverse a transfer, as a user of the dashboard would."""
        body = await read_body(request, ReverseTransferBody)
        store = self._standin.store
        transfer = find_named(store.transfers, request)
        left = transfer.amount - store.amount_reversed(transfer)
        amount = left if body.amount is None else body.amount
        if not 0 < amount <= left:
            message = f"transfer {transfer.id} has {left} left to reverse"
            raise TransferReversalError(message)
        with self._standin.maybe_silent(silent=body.silent):
            reverse_transfer(
                self._standin,
                transfer,
                amount,
                transaction_type="transfer_refund",
                cause=NO_REQUEST,
            )
        return JSONResponse(render_transfer(store, transfer))

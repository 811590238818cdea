"""Commands on balance transactions."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import CommandBody, Commands, find_named, read_body
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction


class CorrectionBody(CommandBody):
    """Body of POST /_standin/balance_transactions/{id}. An absent field stays as it is."""

    amount: int | None = None
    created: Annotated[int, Field(ge=0)] | None = None


class BalanceTransactionCommands(Commands):
    """Commands on balance transactions."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [Route("/balance_transactions/{id}", self.change, methods=["POST"])]

    async def change(self, request: Request) -> Response:
        """Change the amount, so that it differs from the source's, or the time."""
        body = await read_body(request, CorrectionBody)
        transaction = find_named(self._standin.store.balance_transactions, request)
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(transaction, name, value)
        return JSONResponse(render_balance_transaction(transaction, self._standin.clock))

"""Commands on balance transactions."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import CommandBody, Commands, find_named, read_body
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction


class AmountBody(CommandBody):
    """Body of POST /_standin/balance_transactions/{id}."""

    amount: int


class BalanceTransactionCommands(Commands):
    """Commands on balance transactions."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [Route("/balance_transactions/{id}", self.change_amount, methods=["POST"])]

    async def change_amount(self, request: Request) -> Response:
        """Change the amount, so that it differs from the object that moved the balance."""
        body = await read_body(request, AmountBody)
        transaction = find_named(self._standin.store.balance_transactions, request)
        transaction.amount = body.amount
        return JSONResponse(render_balance_transaction(transaction, self._standin.clock))

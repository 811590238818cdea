"""Commands on balance transactions."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.control.command import CommandBody, Commands, find_named, read_body
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction


class CorrectionBody(CommandBody):
    """Body of POST /_standin/balance_transactions/{id}. An absent field stays as it is."""

    amount: int | None = None
    created: Annotated[int, Field(ge=0)] | None = None


class MovementBody(CommandBody):
    """Body of POST /_standin/balance_transactions. The source may be an object or any id."""

    type: Annotated[str, Field(min_length=1)]
    amount: int
    currency: Annotated[str, Field(pattern="^[a-z]{3}$")]
    source: Annotated[str, Field(min_length=1)]
    fee: int = 0
    account: str | None = None


class BalanceTransactionCommands(Commands):
    """Commands on balance transactions."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/balance_transactions", self.add, methods=["POST"]),
            Route("/balance_transactions/{id}", self.change, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        """Move a balance: a payout to the account's bank, a top-up, a fee, or what is wrong."""
        body = await read_body(request, MovementBody)
        id_ = move_balance(
            self._standin,
            body.type,
            body.amount,
            currency=body.currency,
            source=body.source,
            account=body.account,
            stripe_fee=body.fee,
        )
        transaction = self._standin.store.balance_transactions[id_]
        return JSONResponse(render_balance_transaction(transaction, self._standin.clock))

    async def change(self, request: Request) -> Response:
        """Change the amount, so that it differs from the source's, or the time."""
        body = await read_body(request, CorrectionBody)
        transaction = find_named(self._standin.store.balance_transactions, request)
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(transaction, name, value)
        return JSONResponse(render_balance_transaction(transaction, self._standin.clock))

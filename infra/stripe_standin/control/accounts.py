"""Commands on connected accounts."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.accounts import (
    AccountUpdate,
    account_with_id,
    change_access,
    update_account,
)
from infra.stripe_standin.control.command import ChangeBody, CommandError, Commands, read_body
from infra.stripe_standin.records.accounts import AccountAccess
from infra.stripe_standin.rendering.accounts import render_account


class ChangeAccountBody(ChangeBody):
    """Body of POST /_standin/accounts/{id}. An absent field stays as it is."""

    access: AccountAccess | None = None
    charges_enabled: bool | None = None
    payouts_enabled: bool | None = None
    disabled_reason: str | None = None


class AccountCommands(Commands):
    """Commands on connected accounts."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [Route("/accounts/{id}", self.change, methods=["POST"])]

    async def change(self, request: Request) -> Response:
        """Change an account or its access, as its owner or Stripe would."""
        body = await read_body(request, ChangeAccountBody)
        id_ = request.path_params["id"]
        if not id_.startswith("acct_"):
            raise CommandError(404, f"no such account: {id_}")
        account = account_with_id(self._standin, id_)
        update = AccountUpdate(body.charges_enabled, body.payouts_enabled, body.disabled_reason)
        with self._standin.maybe_silent(silent=body.silent):
            if body.access is not None:
                change_access(self._standin, account, body.access)
            if update != AccountUpdate():
                update_account(self._standin, account, update)
        return JSONResponse(render_account(account) | {"access": account.access})

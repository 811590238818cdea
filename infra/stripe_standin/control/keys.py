"""Commands on restricted keys."""

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import CommandBody, Commands, read_body
from infra.stripe_standin.protocol.permissions import RestrictedKey


class KeyBody(CommandBody):
    """Body of POST /_standin/keys.

    Attributes:
        own: The permissions on the platform's account, such as `rak_charge_read`.
        connect: The permissions on connected accounts.
    """

    key: str = Field(pattern="^rk_test_[A-Za-z0-9_]+$")
    own: list[str] = Field(default_factory=list)
    connect: list[str] = Field(default_factory=list)


class KeyCommands(Commands):
    """Commands on restricted keys."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [Route("/keys", self.create, methods=["POST"])]

    async def create(self, request: Request) -> Response:
        """Create a restricted key, or change what one may do."""
        body = await read_body(request, KeyBody)
        made = RestrictedKey(frozenset(body.own), frozenset(body.connect))
        self._standin.restricted_keys[body.key] = made
        return JSONResponse({"key": body.key})

"""Commands on the simulated clock."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import CommandBody, Commands, read_body

_MAX_ADVANCE_S = 10 * 365 * 24 * 3600


class ClockBody(CommandBody):
    """Body of POST /_standin/clock."""

    advance_s: Annotated[int, Field(ge=0, le=_MAX_ADVANCE_S)]


class ClockCommands(Commands):
    """Commands on the simulated clock."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/clock", self.advance, methods=["POST"]),
            Route("/clock", self.show, methods=["GET"]),
        ]

    async def advance(self, request: Request) -> Response:
        """Move simulated time forward."""
        body = await read_body(request, ClockBody)
        self._standin.clock.advance(body.advance_s)
        return await self.show(request)

    async def show(self, _: Request) -> Response:
        """Show simulated time."""
        clock = self._standin.clock
        return JSONResponse({"now": clock.now(), "offset_s": clock.offset_s})

"""Commands on charges."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.seeding import seed_charges
from infra.stripe_standin.control.command import CommandBody, Commands, read_body
from infra.stripe_standin.records.charges import ChargeSeed


class SeedBody(CommandBody):
    """Body of POST /_standin/charges."""

    charges: list[ChargeSeed]


class ChargeCommands(Commands):
    """Commands on charges."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [Route("/charges", self.seed, methods=["POST"])]

    async def seed(self, request: Request) -> Response:
        """Seed charges. Seeding the same content again changes nothing."""
        body = await read_body(request, SeedBody)
        created, unchanged = seed_charges(self._standin, body.charges)
        return JSONResponse({"created": created, "unchanged": unchanged})

"""Commands on the stand-in as a whole: its health, its request log and its state."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import CommandError, Commands


class StateCommands(Commands):
    """Commands on the stand-in as a whole."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/health", self.show_health, methods=["GET"]),
            Route("/requests", self.show_requests, methods=["GET"]),
            Route("/requests", self.clear_requests, methods=["DELETE"]),
            Route("/state", self.reset, methods=["DELETE"]),
        ]

    async def show_health(self, _: Request) -> Response:
        """Show that the stand-in runs."""
        return JSONResponse({"status": "ok", "api_version": self._standin.api_version})

    async def show_requests(self, request: Request) -> Response:
        """Show the requests to Stripe's API."""
        since = request.query_params.get("since", "0")
        if not since.isdecimal():
            raise CommandError(400, "since: must be the seq of a request")
        entries = self._standin.request_log.since(int(since))
        return JSONResponse({"requests": [entry.model_dump() for entry in entries]})

    async def clear_requests(self, _: Request) -> Response:
        """Clear the request log. Its numbers do not restart."""
        self._standin.request_log.clear()
        return JSONResponse({"requests": []})

    async def reset(self, _: Request) -> Response:
        """Delete the whole state."""
        self._standin.reset()
        return JSONResponse({"status": "ok"})

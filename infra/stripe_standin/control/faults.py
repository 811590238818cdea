"""Commands on fault injection."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.control.command import Commands, read_body
from infra.stripe_standin.faults import ActiveFault, FaultRule
from infra.stripe_standin.records.base import JsonObject


class FaultCommands(Commands):
    """Commands on fault injection."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/faults", self.add, methods=["POST"]),
            Route("/faults", self.show, methods=["GET"]),
            Route("/faults", self.clear, methods=["DELETE"]),
        ]

    async def add(self, request: Request) -> Response:
        """Add a fault for future requests."""
        rule = await read_body(request, FaultRule)
        return JSONResponse(_fault_json(self._standin.faults.add(rule)))

    async def show(self, _: Request) -> Response:
        """Show the faults that still wait for matching requests."""
        active = self._standin.faults.active()
        return JSONResponse({"faults": [_fault_json(fault) for fault in active]})

    async def clear(self, _: Request) -> Response:
        """Remove all faults."""
        self._standin.faults.clear()
        return JSONResponse({"faults": []})


def _fault_json(fault: ActiveFault) -> JsonObject:
    return {"id": fault.id, **fault.rule.model_dump(), "times_left": fault.times_left}

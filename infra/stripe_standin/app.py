"""The stand-in as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from infra.stripe_standin.control_api import ControlApi, ControlError
from infra.stripe_standin.standin import Standin
from infra.stripe_standin.state_file import StateFileError, load_state, save_state
from infra.stripe_standin.stripe_api import StandinApi

DEFAULT_API_KEY = "sk_test_standin"
DEFAULT_API_VERSION = "2023-08-16"
_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    *,
    api_key: str = DEFAULT_API_KEY,
    api_version: str = DEFAULT_API_VERSION,
    state_file: Path | None = None,
) -> Starlette:
    """Return the application.

    Faults that hang up need it to run under `server.running_standin` or the command line.

    Args:
        api_key: The secret key that requests to Stripe's API must carry.
        api_version: The version that events have unless their endpoint pins another.
        state_file: Loaded now if it exists, written on a clean stop.

    Raises:
        StateFileError: If the state file cannot be used.
    """
    standin = Standin(api_key=api_key, api_version=api_version)
    if state_file is not None:
        load_state(standin, state_file)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await standin.webhooks.start()
        yield
        await standin.webhooks.stop()
        if state_file is not None:
            try:
                save_state(standin, state_file)
            except StateFileError as error:
                # Raised here it would end up in a log; who runs the server asks for it.
                app.state.stop_error = error

    app = Starlette(
        routes=[
            Mount("/_standin", routes=ControlApi(standin).routes()),
            Route("/{path:path}", StandinApi(standin).handle, methods=_ALL_METHODS),
        ],
        exception_handlers={ControlError: _control_error, HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.state.stop_error = None
    return app


async def _control_error(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, ControlError) else 500
    return JSONResponse({"error": {"message": str(error)}}, status)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = f"no such command: {request.method} {request.url.path}"
    return JSONResponse({"error": {"message": message}}, status)

"""The stand-in as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.control.command import CommandError
from infra.stripe_standin.control.routes import control_routes
from infra.stripe_standin.exchange import respond
from infra.stripe_standin.state import StandinState
from infra.stripe_standin.state_file import StateFileError, load_state, save_state

DEFAULT_API_KEY = "sk_test_standin"
DEFAULT_API_VERSION = "2023-08-16"
_SERVER_ERROR = HTTPStatus.INTERNAL_SERVER_ERROR
_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    *,
    api_key: str = DEFAULT_API_KEY,
    api_version: str = DEFAULT_API_VERSION,
    state_file: Path | None = None,
) -> Starlette:
    """Return the application.

    Faults that drop a connection work only under `running_standin` or the command line.

    Args:
        api_key: The secret key that requests to Stripe's API must carry.
        api_version: The version of events whose endpoint pins none.
        state_file: Loaded now if it exists, written on a clean stop.

    Raises:
        StateFileError: If the state file cannot be used.
    """
    standin = StandinState(api_key=api_key, api_version=api_version)
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
                # uvicorn would only log it here. The caller that runs the server raises it.
                app.state.stop_error = error

    app = Starlette(
        routes=[
            Mount("/_standin", routes=control_routes(standin)),
            Route("/{path:path}", partial(respond, standin), methods=_ALL_METHODS),
        ],
        exception_handlers={
            CommandError: _command_error,
            HTTPException: _unknown_command,
            ImpossibleChangeError: _impossible_change,
        },
        lifespan=lifespan,
    )
    app.state.stop_error = None
    return app


async def _command_error(_: Request, error: Exception) -> Response:
    return _error_response(getattr(error, "status", _SERVER_ERROR), str(error))


async def _impossible_change(_: Request, error: Exception) -> Response:
    return _error_response(HTTPStatus.CONFLICT, str(error))


async def _unknown_command(request: Request, error: Exception) -> Response:
    message = f"no such command: {request.method} {request.url.path}"
    return _error_response(getattr(error, "status_code", _SERVER_ERROR), message)


def _error_response(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status)

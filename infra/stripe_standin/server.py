"""Runs the stand-in in the foreground, or in a thread for tests."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from infra.stripe_standin.app import DEFAULT_API_KEY, DEFAULT_API_VERSION, create_app
from infra.stripe_standin.dropped_connection import ConnectionAwareProtocol

_BACKLOG = 2048
_PATIENCE_S = 10.0
_STOP_TIMEOUT_S = 1


@dataclass(frozen=True)
class RunningStandin:
    """Where a running stand-in listens.

    Attributes:
        url: The base URL of Stripe's API.
        control_url: The base URL of the control API.
    """

    url: str
    control_url: str
    api_key: str


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: If the address is not available.
    """
    # asyncio turns off Nagle's algorithm only for a socket that names TCP. Without that, every
    # response takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def make_server(app: Starlette) -> uvicorn.Server:
    """Return a server for the application."""
    config = uvicorn.Config(
        app,
        http=ConnectionAwareProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        # A stop does not wait for a connection that a fault holds.
        timeout_graceful_shutdown=_STOP_TIMEOUT_S,
    )
    return uvicorn.Server(config)


@contextmanager
def running_standin(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str = DEFAULT_API_KEY,
    api_version: str = DEFAULT_API_VERSION,
    state_file: Path | None = None,
) -> Iterator[RunningStandin]:
    """Run a stand-in in a thread, and yield where it listens. Port 0 takes a free port.

    Raises:
        StateFileError: If the state file cannot be read, or cannot be written at the end.
        OSError: If the port is taken.
        RuntimeError: If the stand-in does not start, or does not stop, within ten seconds.
    """
    app = create_app(api_key=api_key, api_version=api_version, state_file=state_file)
    listener = listen(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield RunningStandin(url=url, control_url=f"{url}/_standin", api_key=api_key)
    finally:
        server.should_exit = True
        thread.join(_PATIENCE_S)
    if thread.is_alive():
        message = f"the stand-in did not stop within {_PATIENCE_S:.0f} seconds"
        raise RuntimeError(message)
    if app.state.stop_error is not None:
        raise app.state.stop_error


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            message = f"the stand-in did not start within {_PATIENCE_S:.0f} seconds"
            raise RuntimeError(message)
        time.sleep(0.005)

"""Runs the stand-in: in the foreground, or in a thread for tests."""

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
from infra.stripe_standin.hang_up import ConnectionAwareProtocol

_BACKLOG = 2048
_START_TIMEOUT_S = 10.0
_GRACE_S = 1


@dataclass(frozen=True)
class RunningStandin:
    """A stand-in that runs.

    Attributes:
        url: Base address of Stripe's API.
        control_url: Base address of the control API.
    """

    url: str
    control_url: str
    api_key: str


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: If the address cannot be had.
    """
    # Named, TCP is known to asyncio, which then sends answers without waiting for more (without
    # it every answer takes 40 ms).
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
        # A fault may hold a connection for long; a stop does not wait for it.
        timeout_graceful_shutdown=_GRACE_S,
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
    """Run a stand-in in a thread; port 0 takes a free one.

    Raises:
        StateFileError: If the state file cannot be read or, at the end, written.
        OSError: If the port is taken.
        RuntimeError: If it does not start.
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
        thread.join()
    if app.state.stop_error is not None:
        raise app.state.stop_error


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            message = "the stand-in did not start"
            raise RuntimeError(message)
        time.sleep(0.005)

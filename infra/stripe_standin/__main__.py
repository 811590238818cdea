"""The command line of the stand-in: `python -m infra.stripe_standin --port 12111`."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from infra.stripe_standin.app import DEFAULT_API_KEY, DEFAULT_API_VERSION, create_app
from infra.stripe_standin.server import listen, make_server
from infra.stripe_standin.state_file import StateFileError


def main(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")
    ] = 12111,
    api_key: Annotated[str, typer.Option(help="The secret key to accept.")] = DEFAULT_API_KEY,
    api_version: Annotated[
        str, typer.Option(help="The API version of events whose endpoint pins none.")
    ] = DEFAULT_API_VERSION,
    state: Annotated[
        Path | None, typer.Option(help="The file that keeps the state between runs.")
    ] = None,
) -> None:
    """Run a local stand-in for the part of Stripe's API that refunds need."""
    try:
        app = create_app(api_key=api_key, api_version=api_version, state_file=state)
        listener = listen(host, port)
    except StateFileError as error:
        raise _failure(str(error)) from error
    except OSError as error:
        raise _failure(f"cannot listen on {host}:{port}: {error.strerror}") from error
    server = make_server(app)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn handles signals only while it runs, and raises the one that stopped it again at
    # the end. These handlers turn an early or repeated signal into a clean stop.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, stop)
    typer.echo(f"Stripe stand-in on http://{host}:{listener.getsockname()[1]} (key {api_key})")
    server.run(sockets=[listener])
    if app.state.stop_error is not None:
        raise _failure(str(app.state.stop_error))


def _failure(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

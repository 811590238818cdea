"""Ends an exchange without an answer, as a broken network does."""

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "transport"
# Lingering for 0 seconds makes the kernel send a reset instead of closing in an orderly way.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ConnectionAwareProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which also tells the application its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Keep the connection where requests find it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


class HangUp(Response):
    """Holds the connection for a while, then closes it."""

    def __init__(self, *, hold_s: float, reset: bool) -> None:
        """Plan the hang-up.

        Args:
            hold_s: How long to leave the client waiting; it ends early if the client goes.
            reset: Whether to cut the connection abruptly.
        """
        super().__init__()
        self._hold_s = hold_s
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Hold, then hang up."""
        gone = asyncio.ensure_future(_disconnected(receive))
        # A server that stops cancels what is still held: then it is time to hang up, too.
        with suppress(asyncio.CancelledError):
            await asyncio.wait({gone}, timeout=self._hold_s)
        transport: asyncio.Transport = scope["state"][_TRANSPORT]
        if self._reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            transport.close()
        await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""Closes a connection without a response, as a broken network does."""

import asyncio
import socket
import struct
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "transport"
# With a linger time of 0 seconds, the kernel resets the connection instead of closing it.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ConnectionAwareProtocol(H11Protocol):
    """uvicorn's HTTP protocol that also gives the application its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn declares it this way
        """Put the connection where requests can find it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


class DroppedConnection(Response):
    """A response that never comes: it holds the connection, then closes it."""

    def __init__(self, *, hold_s: float, reset: bool) -> None:
        """Choose how the connection ends.

        Args:
            hold_s: How long the client waits, in seconds. It can leave earlier.
            reset: True resets the connection instead of closing it in order.
        """
        super().__init__()
        self._hold_s = hold_s
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - sends nothing
        """Hold the connection, then close it."""
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        # A server that stops cancels this wait: the connection must still be closed.
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


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

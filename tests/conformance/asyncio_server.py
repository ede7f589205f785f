# SPDX-License-Identifier: MIT
"""The echo server of tidewire.asyncio that the Autobahn test suite examines.

asyncio_server.py STYLE PORT CONTEXT: listens on 127.0.0.1 (port 0: any), says on which port, and ends at SIGTERM. STYLE
is "coroutines" or "listener"; CONTEXT is how many bytes of compression context it may keep.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from tidewire import DeflateConfig
from tidewire.asyncio import Listener, Server, ServerConnection, serve, serve_listener
from tidewire.exceptions import ConnectionClosed

MAX_FRAGMENTS = 128 * 1024  # case 9.3.1 sends 65536
MAX_SIZE = 16 << 20  # the cases of 9 send as much


class Echo(Listener):
    """Sends back each message."""

    def on_message(self, session: Any, message: Any) -> None:
        """Called by the loop."""
        session.send(message)


async def echo(connection: ServerConnection) -> None:
    """Sends back what it receives, until the suite has seen enough."""
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass  # many of the cases break a rule to see this


def make_server(style: str, port: int, **options: Any) -> Server:
    """Makes the server of one API."""
    if style == "listener":
        return serve_listener(Echo, "127.0.0.1", port, **options)
    return serve(echo, "127.0.0.1", port, **options)


async def main(style: str, port: int, context: int) -> None:
    """Serves until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    compression = DeflateConfig(max_context_len=context)
    limits = {"max_size": MAX_SIZE, "max_fragments": MAX_FRAGMENTS}
    async with make_server(style, port, compression=compression, **limits) as server:
        print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

# SPDX-License-Identifier: MIT
"""An echo server on asyncio: one coroutine for each connection.

    python echo_asyncio.py --port 9001

SIGTERM or SIGINT: no new connections, close code 1001 for those that are open.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

from tidewire.asyncio import ServerConnection, serve


async def echo(connection: ServerConnection) -> None:
    async for message in connection:  # str for text, bytes for binary; ends when the client closes
        await connection.send(message)


async def main(host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(echo, host, port) as server:
        address = server.sockets[0].getsockname()
        print(f"listening on {address[0]}:{address[1]}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A WebSocket echo server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one (default: %(default)s)")
    options = parser.parse_args()
    asyncio.run(main(options.host, options.port))

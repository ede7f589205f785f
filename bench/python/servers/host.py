# SPDX-License-Identifier: MIT
"""What all servers here have in common: the event loop that is asked for, and the line that names the port."""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable

HOST = "127.0.0.1"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def run(start: Callable[[], Awaitable[Iterable[socket.socket]]]) -> None:
    """Serves until it is killed. `start` begins on a free port of HOST and returns the listening sockets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    options = parser.parse_args()
    logging.disable()  # of peers that vanish, as those of a load generator do
    if options.loop == "uvloop":
        import uvloop

        uvloop.run(_serve(start))
    else:
        asyncio.run(_serve(start))


async def _serve(start: Callable[[], Awaitable[Iterable[socket.socket]]]) -> None:
    [listening] = await start()
    print(f"listening on {HOST}:{listening.getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


async def listen(protocol: Callable[[], asyncio.BaseProtocol]) -> Iterable[socket.socket]:
    """For protocols that bring no server of their own."""
    server = await asyncio.get_running_loop().create_server(protocol, HOST, 0)
    return server.sockets


def switching_protocols(request: bytes) -> bytes:
    """The response that accepts a request."""
    fields = (line.partition(b":") for line in request.split(b"\r\n"))
    [key] = [value.strip() for name, _, value in fields if name.lower() == b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )

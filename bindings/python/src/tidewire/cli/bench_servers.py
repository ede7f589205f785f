# SPDX-License-Identifier: MIT
"""One echo server for `python -m tidewire bench`: bench_servers NAME LOOP prints its port, and serves until it is
killed."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Any

HOST = "127.0.0.1"


async def _callbacks() -> Sequence[socket.socket]:
    from tidewire.asyncio import Listener, serve_listener

    class Echo(Listener):
        def on_message(self, session: Any, message: Any) -> None:
            session.send(message)

    server = await serve_listener(Echo, HOST, 0, compression=None)
    return list(server.sockets)


async def _echo(connection: Any) -> None:
    async for message in connection:
        await connection.send(message)


async def _coroutines(module: str) -> Sequence[socket.socket]:
    """For the packages that share an API."""
    server = await import_module(module).serve(_echo, HOST, 0, compression=None)
    return list(server.sockets)


async def _picows() -> Sequence[socket.socket]:
    picows: Any = import_module("picows")

    class Echo(picows.WSListener):  # type: ignore[misc] # the package may be absent
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    server = await picows.ws_create_server(lambda request: Echo(), HOST, 0)
    return list(server.sockets)


async def _aiohttp() -> Sequence[socket.socket]:
    web: Any = import_module("aiohttp.web")

    async def echo(request: Any) -> Any:
        connection = web.WebSocketResponse(compress=False)
        await connection.prepare(request)
        async for message in connection:
            await connection.send_bytes(message.data)
        return connection

    application = web.Application()
    application.router.add_get("/", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = socket.create_server((HOST, 0))
    await web.SockSite(runner, listening).start()
    return [listening]


SERVERS: dict[str, Callable[[], Awaitable[Sequence[socket.socket]]]] = {
    "tidewire.callbacks": _callbacks,
    "tidewire": lambda: _coroutines("tidewire.asyncio"),
    "picows": _picows,
    "picows.websockets": lambda: _coroutines("picows.websockets.asyncio.server"),
    "websockets": lambda: _coroutines("websockets.asyncio.server"),
    "aiohttp": _aiohttp,
}


async def _serve(name: str) -> None:
    [listening] = await SERVERS[name]()
    print(listening.getsockname()[1], flush=True)
    await asyncio.Event().wait()


def main(name: str, loop: str) -> None:
    """Serves until the process is killed."""
    logging.disable()  # of clients that vanish, as those of the load do
    if loop == "uvloop":
        import_module("uvloop").run(_serve(name))
    else:
        asyncio.run(_serve(name))


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: MIT
"""Two libraries of the same names, and connections between them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator
from typing import Any


class Library:
    """The names of one library, wherever it keeps them."""

    def __init__(self, name: str) -> None:
        self.name = name
        client = importlib.import_module(f"{name}.asyncio.client")
        server = importlib.import_module(f"{name}.asyncio.server")
        self.connect: Any = client.connect
        self.unix_connect: Any = client.unix_connect
        self.serve: Any = server.serve
        self.unix_serve: Any = server.unix_serve
        self.basic_auth: Any = server.basic_auth
        self.broadcast: Any = server.broadcast
        self.ServerConnection: Any = server.ServerConnection
        self.ClientConnection: Any = client.ClientConnection
        self.State: Any = importlib.import_module(f"{name}.protocol").State
        self.exceptions: Any = importlib.import_module(f"{name}.exceptions")
        self.http11: Any = importlib.import_module(f"{name}.http11")
        self.Headers: Any = importlib.import_module(f"{name}.datastructures").Headers


def uri_of(listening: Any, path: str = "/") -> str:
    """The address of a server."""
    return f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}{path}"


@contextlib.asynccontextmanager
async def opened(
    server: Library, client: Library, *, serve: dict[str, Any] | None = None, connect: dict[str, Any] | None = None
) -> AsyncIterator[tuple[Any, Any]]:
    """Both ends of a connection: the client's and the server's."""
    arrived: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def handler(connection: Any) -> None:
        arrived.set_result(connection)
        await connection.wait_closed()

    async with server.serve(handler, "127.0.0.1", 0, **serve or {}) as listening:
        async with client.connect(uri_of(listening), **connect or {}) as connection:
            yield connection, await arrived


async def echo(connection: Any) -> None:
    """A handler."""
    async for message in connection:
        await connection.send(message)

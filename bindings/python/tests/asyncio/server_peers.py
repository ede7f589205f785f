# SPDX-License-Identifier: MIT
"""Clients of the servers that are tested, and both ends of a connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets.asyncio.client
from tidewire.asyncio.connection import Connection
from tidewire.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import InvalidStatus

UPGRADE = (
    b"Host: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
GET = b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n"


def port_of(server: Server) -> int:
    """The port where a server listens."""
    port: int = server.sockets[0].getsockname()[1]
    return port


def uri_of(server: Server, path: str = "/") -> str:
    """The address of a server."""
    return f"ws://127.0.0.1:{port_of(server)}{path}"


async def echo(connection: Connection) -> None:
    """A handler."""
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def opened(
    *, connect: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[ServerConnection, websockets.asyncio.client.ClientConnection]]:
    """A connection of a server of ours, with `options`, and a client of `websockets`: ours and the client's end."""
    arrived: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def handler(connection: ServerConnection) -> None:
        arrived.set_result(connection)
        await connection.wait_closed()

    async with serve(handler, "127.0.0.1", 0, **options) as server:
        async with websockets.asyncio.client.connect(uri_of(server), **connect or {}) as client:
            yield await arrived, client


@contextlib.asynccontextmanager
async def raw_client(port: int, data: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that has sent `data`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def peer(**options: Any) -> AsyncIterator[tuple[ServerConnection, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, without compression, of a server of ours with `options`, and the streams of its peer, which does
    what it is told."""
    arrived: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def handler(connection: ServerConnection) -> None:
        arrived.set_result(connection)
        await connection.wait_closed()

    async with serve(handler, "127.0.0.1", 0, compression=None, **options) as server:
        async with raw_client(port_of(server), GET) as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            connection = await arrived
            yield connection, reader, writer
            writer.transport.abort()
        await until(lambda: connection.lost)


async def exchange(port: int, data: bytes) -> bytes:
    """Sends `data`, and returns all that comes until the server closes the connection."""
    async with raw_client(port, data) as (reader, _):
        return await reader.read()


async def refused(uri: str, **options: Any) -> Any:
    """Returns the response that refuses a client of `websockets`."""
    with pytest.raises(InvalidStatus) as caught:
        await websockets.asyncio.client.connect(uri, **options)
    return caught.value.response


async def send_all(client: Any, count: int, size: int) -> None:
    """Sends numbered messages."""
    for number in range(count):
        await client.send(number.to_bytes(8, "big") + bytes(size))


async def until(condition: Any) -> None:
    """Waits until condition() is true."""
    while not condition():
        await asyncio.sleep(0.001)

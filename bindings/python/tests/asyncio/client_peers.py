# SPDX-License-Identifier: MIT
"""Servers, proxies and certificates for the tests of the client."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import websockets.asyncio.server
from tidewire import accept_key
from tidewire.asyncio.opening import HeadReader
from tidewire.http11 import Request

GUARD_SECONDS = 60  # against hanging; nothing is measured

_GONE = (OSError, RuntimeError, asyncio.IncompleteReadError)  # the peer went away; RuntimeError is uvloop's for that
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run_stock(scenario: Coroutine[Any, Any, None]) -> None:
    """Runs a scenario on the event loop of the standard library."""
    asyncio.run(asyncio.wait_for(scenario, GUARD_SECONDS))


def run_uvloop(scenario: Coroutine[Any, Any, None]) -> None:
    """Runs a scenario on uvloop."""
    import uvloop

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(asyncio.wait_for(scenario, GUARD_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


_no_uvloop = pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed")
each_loop = pytest.mark.parametrize(
    "run", [pytest.param(run_stock, id="stock"), pytest.param(run_uvloop, id="uvloop", marks=_no_uvloop)]
)


@contextlib.asynccontextmanager
async def stream_server(handle: Handler, **options: Any) -> AsyncIterator[int]:
    """Serves TCP connections with `handle`; yields the port. In the end waits until all connections are closed."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        except _GONE:
            pass  # the client went away, as some tests want it
        finally:
            writer.close()
            with contextlib.suppress(*_GONE):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, options.pop("host", "127.0.0.1"), 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        if tasks:
            await asyncio.wait(tasks)


def answering(answer: bytes | Callable[[Request], bytes], requests: list[Request] | None = None) -> Handler:
    """Makes a handler that reads one request, keeps it, answers and closes the connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = Request.parse(await reader.readuntil(b"\r\n\r\n"))
        if requests is not None:
            requests.append(request)
        writer.write(answer if isinstance(answer, bytes) else answer(request))
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            await reader.read()

    return handle


def accepting(request: Request, *headers: str) -> bytes:
    """Returns the head of a response that accepts a request."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(request.headers['Sec-WebSocket-Key'])}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def echo_server(**options: Any) -> Any:
    """Returns an echo server of the package `websockets`, as a context manager."""

    async def echo(connection: websockets.asyncio.server.ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    return websockets.asyncio.server.serve(echo, options.pop("host", "127.0.0.1"), 0, **options)


def port_of(server: Any) -> int:
    """Returns the port on which a server listens."""
    port: int = server.sockets[0].getsockname()[1]
    return port


async def tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, answer: bytes
) -> None:
    """Connects to a server, says so with `answer`, and copies both ways until both sides have ended."""
    far_reader, far_writer = await asyncio.open_connection(host, port)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*_GONE):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        with contextlib.suppress(*_GONE):
            if target.can_write_eof():
                target.write_eof()
            else:
                target.close()

    try:
        writer.write(answer)
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    finally:
        far_writer.close()
        with contextlib.suppress(*_GONE):
            await far_writer.wait_closed()


def http_proxy(heads: list[bytes]) -> Handler:
    """Makes the handler of an HTTP proxy, which keeps the heads of its requests."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        await tunnel(reader, writer, host.strip("[]"), int(port), b"HTTP/1.1 200 Connected\r\nVia: 1.1 test\r\n\r\n")

    return handle


def socks_proxy(asked: list[tuple[str, int]], user_info: tuple[bytes, bytes] | None = None) -> Handler:
    """Makes the handler of a SOCKS proxy of both versions, which keeps what it was asked for. With `user_info`,
    clients of version 5 have to show it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version = (await reader.readexactly(1))[0]
        host, port = await (_socks5(reader, writer, user_info) if version == 5 else _socks4(reader))
        asked.append((host, port))
        done = b"\x05\x00\x00\x01" + bytes(6) if version == 5 else b"\x00\x5a" + bytes(6)
        await tunnel(reader, writer, "127.0.0.1" if host == "far.test" else host, port, done)

    return handle


async def _socks5(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user_info: tuple[bytes, bytes] | None
) -> tuple[str, int]:
    """RFC 1928, and RFC 1929 for the password."""
    await reader.readexactly((await reader.readexactly(1))[0])
    writer.write(b"\x05\x00" if user_info is None else b"\x05\x02")
    if user_info is not None:
        await reader.readexactly(1)
        shown = [await reader.readexactly((await reader.readexactly(1))[0]) for _ in user_info]
        writer.write(b"\x01\x00" if tuple(shown) == user_info else b"\x01\x01")
    kind = (await reader.readexactly(4))[3]
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        host = socket.inet_ntoa(await reader.readexactly(4))
    return host, struct.unpack(">H", await reader.readexactly(2))[0]


async def _socks4(reader: asyncio.StreamReader) -> tuple[str, int]:
    """Version 4, and 4a, where an address of 0.0.0.x says that a name follows."""
    _, port, address = struct.unpack(">BH4s", await reader.readexactly(7))
    await reader.readuntil(b"\0")
    if address.startswith(bytes(3)):
        return (await reader.readuntil(b"\0"))[:-1].decode(), port
    return socket.inet_ntoa(address), port


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Makes a certificate for localhost and 127.0.0.1; returns contexts for its server and for clients that trust
    it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run([*command.split(), "-addext", names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


def basic(user: str, password: str) -> str:
    """Returns the credentials of a user as the header Authorization has them."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def expect_clients_to_give_up() -> None:
    """Lets the server's side of a TLS handshake fail, which the loop would report as an error."""
    loop = asyncio.get_running_loop()
    report = loop.get_exception_handler()
    assert report is not None

    def judge(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context["message"] not in ("Error on transport creation for incoming connection", "SSL handshake failed"):
            report(loop, context)

    loop.set_exception_handler(judge)


async def cancel_at_every_turn(make: Callable[[], Awaitable[Any]]) -> int:
    """Cancels an attempt to connect after 0, 1, 2, ... turns of the loop, until one succeeds; no transport that was
    opened may stay open. Returns how many attempts were cancelled."""
    opened: list[asyncio.BaseTransport] = []
    note_transport = HeadReader.connection_made

    def connection_made(reader: HeadReader, transport: asyncio.BaseTransport) -> None:
        opened.append(transport)
        note_transport(reader, transport)

    async def attempt() -> Any:
        return await make()

    with mock.patch.object(HeadReader, "connection_made", connection_made):
        for turns in range(100_000):
            task = asyncio.ensure_future(attempt())
            for _ in range(turns):
                await asyncio.sleep(0)
            if task.done() or not task.cancel():
                await (await task).close()
                return turns
            with pytest.raises(asyncio.CancelledError):
                await task
            assert all(_is_closing(transport) for transport in opened)
    raise AssertionError("no attempt succeeded")


def _is_closing(transport: asyncio.BaseTransport) -> bool:
    """A transport that uvloop itself gives up is closed, but says that it is not closing."""
    return transport.is_closing() or "closed=True" in repr(transport)

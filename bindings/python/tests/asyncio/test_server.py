# SPDX-License-Identifier: MIT
"""The life of a server: listening, handlers, logs, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from client_peers import certificate
from server_peers import GET, echo, exchange, opened, port_of, raw_client, until, uri_of
from tidewire.asyncio.server import ServerConnection, serve, unix_serve
from tidewire.exceptions import ConnectionClosedOK as OurConnectionClosedOK
from tidewire.exceptions import ProtocolError
from tidewire.http11 import Request
from websockets.asyncio.client import connect, unix_connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK


async def test_server_listens_where_it_is_told() -> None:
    server = await serve(echo, ["127.0.0.1", "127.0.0.2"], 0)
    try:
        assert len(server.sockets) == 2 and server.is_serving()
        assert server.get_loop() is asyncio.get_running_loop()
        for listening in server.sockets:
            host, port = listening.getsockname()
            async with connect(f"ws://{host}:{port}/") as client:
                await client.send("hi")
                assert await client.recv() == "hi"
    finally:
        server.close()
        await server.wait_closed()
    assert not server.is_serving() and server.sockets == ()


async def test_server_listens_on_a_socket_that_it_is_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        async with serve(echo, sock=sock) as server, connect(uri_of(server)) as client:
            await client.send("hi")
            assert await client.recv() == "hi"


async def test_server_listens_on_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    async with unix_serve(echo, path) as server:
        assert server.sockets[0].getsockname() == path
        async with unix_connect(path) as client:
            await client.send("hi")
            assert await client.recv() == "hi"


async def test_server_speaks_tls(tmp_path: Path) -> None:
    context, trusting = certificate(tmp_path)
    async with serve(echo, "127.0.0.1", 0, ssl=context) as server:
        async with connect(uri_of(server).replace("ws:", "wss:"), ssl=trusting, server_hostname="localhost") as client:
            for message in ("hi", "x" * 300_000):
                await client.send(message)
                assert await client.recv() == message
            await client.close(4000, "bye")
            assert (client.close_code, client.close_reason) == (4000, "bye")


async def test_server_that_cannot_listen_says_so() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        with pytest.raises(OSError):
            await serve(echo, "127.0.0.1", port_of(server))


async def test_server_starts_to_accept_later() -> None:
    server = await serve(echo, "127.0.0.1", 0, start_serving=False)
    assert not server.is_serving()
    forever = asyncio.ensure_future(server.serve_forever())
    await until(server.is_serving)
    async with connect(uri_of(server)):
        pass
    forever.cancel()
    with pytest.raises(asyncio.CancelledError):
        await forever
    assert not server.is_serving()


async def test_serve_forever_returns_when_the_server_is_closed() -> None:
    server = await serve(echo, "127.0.0.1", 0)
    forever = asyncio.ensure_future(server.serve_forever())
    await asyncio.sleep(0)
    server.close()
    await forever


async def test_server_logs_where_it_listens_and_what_happens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tidewire.server")
    async with serve(echo, "127.0.0.1", 0) as server:
        port = port_of(server)
        async with connect(uri_of(server)):
            [connection] = server.connections
        await exchange(port, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert [record.getMessage() for record in caplog.records if record.name == "tidewire.server"] == [
        f"server listening on 127.0.0.1:{port}",
        "connection open",
        "connection rejected (426 Upgrade Required)",
        "server closing",
        "server closed",
    ]
    assert caplog.records[[record.getMessage() for record in caplog.records].index("connection open")].websocket is (
        connection  # type: ignore[attr-defined]
    )


async def test_server_logs_to_the_logger_that_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mine")
    async with serve(echo, "127.0.0.1", 0, logger=logging.getLogger("mine")) as server, connect(uri_of(server)):
        pass
    assert "connection open" in [record.getMessage() for record in caplog.records if record.name == "mine"]


# ---- Handlers ----


async def test_handler_that_returns_closes_with_1000() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send("bye")

    async with serve(handler, "127.0.0.1", 0) as server, connect(uri_of(server)) as client:
        assert await client.recv() == "bye"
        with pytest.raises(ConnectionClosedOK) as caught:
            await client.recv()
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 1000


async def test_handler_that_raises_is_logged_and_closes_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(connection: ServerConnection) -> None:
        raise KeyError("oops")

    async with serve(handler, "127.0.0.1", 0) as server, connect(uri_of(server)) as client:
        with pytest.raises(ConnectionClosedError) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1011, "")
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "connection handler failed" and record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


async def test_handler_gets_a_connection_of_the_class_that_serve_was_given() -> None:
    class Mine(ServerConnection):
        def greet(self) -> str:
            return f"hello {self.user}"  # type: ignore[attr-defined, no-any-return]

    def process_request(connection: Mine, request: Request) -> None:
        connection.user = request.path[1:]  # type: ignore[attr-defined]

    async def handler(connection: Any) -> None:
        assert isinstance(connection, Mine)
        await connection.send(connection.greet())

    async with (
        serve(handler, "127.0.0.1", 0, create_connection=Mine, process_request=process_request) as server,
        connect(uri_of(server, "/anna")) as client,
    ):
        assert await client.recv() == "hello anna"


async def test_connections_are_those_that_are_open() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        assert server.connections == set()
        async with connect(uri_of(server)) as first, connect(uri_of(server)):
            await until(lambda: len(server.connections) == 2)
            assert {type(connection) for connection in server.connections} == {ServerConnection}
            await first.close()
            await until(lambda: len(server.connections) == 1)
        await until(lambda: not server.connections)


# ---- The end ----


@pytest.mark.parametrize("arguments, expected", [((), (1001, "")), ((True, 1012, "again soon"), (1012, "again soon"))])
async def test_close_ends_open_connections_and_waits_for_handlers(
    arguments: tuple[Any, ...], expected: tuple[int, str]
) -> None:
    done: list[str] = []

    async def handler(connection: ServerConnection) -> None:
        with contextlib.suppress(OurConnectionClosedOK):
            await connection.recv()
        await asyncio.sleep(0.01)
        done.append("handler")

    server = await serve(handler, "127.0.0.1", 0)
    client = await connect(uri_of(server))
    await until(lambda: server.connections)
    server.close(*arguments)
    server.close()  # does nothing
    await server.wait_closed()
    assert done == ["handler"] or expected[0] == 1012  # its handler raises, and is waited for all the same
    await client.wait_closed()
    assert (client.close_code, client.close_reason) == expected


async def test_close_refuses_what_must_not_be_sent() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        for code, reason in ((1005, ""), (1001, "é" * 62)):
            with pytest.raises(ProtocolError):
                server.close(code=code, reason=reason)
        assert server.is_serving()


async def test_close_can_leave_connections_open() -> None:
    server = await serve(echo, "127.0.0.1", 0)
    async with connect(uri_of(server)) as client:
        await until(lambda: server.connections)
        server.close(close_connections=False)
        closed = asyncio.ensure_future(server.wait_closed())
        await client.send("still open")
        assert await client.recv() == "still open"
        assert not closed.done()
    await closed


async def test_close_refuses_handshakes_under_way_with_503() -> None:
    asked = asyncio.Event()
    goes_on = asyncio.Event()

    async def process_request(connection: ServerConnection, request: Request) -> None:
        asked.set()
        await goes_on.wait()

    server = await serve(echo, "127.0.0.1", 0, process_request=process_request)
    port = port_of(server)
    async with raw_client(port, b"GET / HTTP/1.1\r\n") as (silent, _):
        async with raw_client(port, GET) as (asking, _):
            await asked.wait()
            server.close()
            assert (await silent.read()).startswith(b"HTTP/1.1 503 ")
            goes_on.set()
            assert (await asking.read()).startswith(b"HTTP/1.1 503 ")
    await server.wait_closed()


async def test_close_does_not_wait_for_ever_for_a_client_that_does_not_answer() -> None:
    server = await serve(echo, "127.0.0.1", 0, close_timeout=0.05)
    async with raw_client(port_of(server), GET) as (reader, _):
        await reader.readuntil(b"\r\n\r\n")
        server.close()
        await server.wait_closed()
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == bytes.fromhex("880203e9")


async def test_server_leaves_nothing_behind() -> None:
    async with opened() as (connection, client):
        server = connection.server
        await client.close()
        await connection.wait_closed()
        await until(lambda: not server._tasks)
        assert not server._endpoints and not server._openings


async def test_cancelled_handler_closes_with_1011() -> None:
    tasks: list[asyncio.Task[Any]] = []

    async def handler(connection: ServerConnection) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        await connection.recv()

    async with serve(handler, "127.0.0.1", 0) as server, connect(uri_of(server)) as client:
        await until(lambda: tasks)
        tasks[0].cancel()
        await client.wait_closed()
        assert client.close_code == 1011

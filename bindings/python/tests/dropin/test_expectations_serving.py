# SPDX-License-Identifier: MIT
"""Expectations of how `serve` and `connect` are used, and of `broadcast`."""

from __future__ import annotations

import asyncio
import http
import logging
import pathlib
import socket
from typing import Any

import pytest
from dropin_support import Library, echo, opened, uri_of


async def test_client_as_an_iterator_connects_again_after_the_connection_is_closed(
    server: Library, client: Library
) -> None:
    visits = []

    async def handler(connection: Any) -> None:
        visits.append(connection.id)
        await connection.send(str(len(visits)))

    received = []
    async with server.serve(handler, "127.0.0.1", 0) as listening:
        async for connection in client.connect(uri_of(listening)):
            try:
                async for message in connection:
                    received.append(message)
                if len(received) == 3:
                    break
            except client.exceptions.ConnectionClosed:
                continue
    assert received == ["1", "2", "3"] and len(set(visits)) == 3


async def test_client_as_an_iterator_stops_at_an_error_that_trying_again_will_not_mend(
    server: Library, client: Library
) -> None:
    def process_request(connection: Any, request: Any) -> Any:
        return connection.respond(http.HTTPStatus.FORBIDDEN, "no\n")

    async with server.serve(echo, "127.0.0.1", 0, process_request=process_request) as listening:
        with pytest.raises(client.exceptions.InvalidStatus):
            async for _ in client.connect(uri_of(listening)):
                raise AssertionError("not reached")


async def test_client_as_an_iterator_asks_whether_to_try_again(client: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    seen = []

    def process_exception(error: Exception) -> Exception | None:
        seen.append(error)
        return ZeroDivisionError("enough")

    with pytest.raises(ZeroDivisionError, match="enough"):
        async for _ in client.connect(f"ws://127.0.0.1:{port}", process_exception=process_exception):
            raise AssertionError("not reached")
    assert len(seen) == 1 and isinstance(seen[0], OSError)


async def test_connect_can_be_awaited(server: Library, client: Library) -> None:
    async with server.serve(echo, "127.0.0.1", 0) as listening:
        connection = await client.connect(uri_of(listening))
        await connection.send("a")
        assert await connection.recv() == "a"
        await connection.close()


async def test_server_can_be_awaited_started_later_and_served_for_ever(server: Library, client: Library) -> None:
    listening = await server.serve(echo, "127.0.0.1", 0, start_serving=False)
    assert not listening.is_serving()
    await listening.start_serving()
    serving = asyncio.create_task(listening.serve_forever())
    async with client.connect(uri_of(listening)) as connection:
        await connection.send("a")
        assert await connection.recv() == "a"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert not listening.is_serving()
    listening.close()
    await listening.wait_closed()


async def test_unix_socket_serves_as_well(server: Library, client: Library, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "s"
    async with server.unix_serve(echo, str(path)):
        async with client.unix_connect(str(path), "ws://localhost/x") as connection:
            assert connection.request.headers["Host"] == "localhost" and connection.request.path == "/x"
            await connection.send("a")
            assert await connection.recv() == "a"
        async with client.unix_connect(path=str(path)) as connection:
            assert connection.request.path == "/"


async def test_connection_can_be_of_a_class_of_ones_own(server: Library, client: Library) -> None:
    class Numbered(server.ServerConnection):  # type: ignore[misc, name-defined]
        number = 7

        async def send_number(self) -> None:
            await self.send(str(self.number))

    class Doubling(client.ClientConnection):  # type: ignore[misc, name-defined]
        async def recv(self, *arguments: Any) -> Any:
            return 2 * await super().recv(*arguments)

    async with opened(
        server, client, serve={"create_connection": Numbered}, connect={"create_connection": Doubling}
    ) as (one, other):
        await other.send_number()
        assert await one.recv() == "77"


async def test_socket_that_exists_can_be_used_on_both_sides(server: Library, client: Library) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    async with server.serve(echo, sock=listener) as listening:
        sock = socket.create_connection(listening.sockets[0].getsockname())
        sock.setblocking(False)
        async with client.connect("ws://example.test/", sock=sock) as connection:
            assert connection.request.headers["Host"] == "example.test"
            await connection.send("a")
            assert await connection.recv() == "a"


async def test_broadcast_reaches_all_that_are_open(server: Library, client: Library) -> None:
    joined: set[Any] = set()
    ready = asyncio.Event()

    async def handler(connection: Any) -> None:
        joined.add(connection)
        if len(joined) == 3:
            ready.set()
        await connection.wait_closed()

    async with server.serve(handler, "127.0.0.1", 0) as listening:
        ones = [await client.connect(uri_of(listening)) for _ in range(3)]
        await ready.wait()
        await ones[2].close()
        server.broadcast(joined, "text")
        server.broadcast(list(joined), b"binary")
        server.broadcast(listening.connections, bytearray(b"more"))
        server.broadcast(joined, b"now text", text=True)
        server.broadcast(iter(joined), "now binary", text=False)
        for one in ones[:2]:
            received = [await one.recv() for _ in range(5)]
            assert received == ["text", b"binary", b"more", "now text", b"now binary"]
        for message in (7, None, ["a"]):
            with pytest.raises(TypeError):
                server.broadcast(joined, message)
        for one in ones:
            await one.close()


async def test_broadcast_from_a_client_works_as_well(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        client.broadcast([one], "from the client")
        assert await other.recv() == "from the client"


async def test_broadcast_skips_a_connection_amid_a_fragmented_message(
    server: Library, client: Library, caplog: pytest.LogCaptureFixture
) -> None:
    goes_on = asyncio.Event()

    async def parts() -> Any:
        yield "a"
        await goes_on.wait()
        yield "b"

    caplog.set_level(logging.WARNING)
    async with opened(server, client) as (one, other):
        sending = asyncio.create_task(other.send(parts()))
        await asyncio.sleep(0.02)
        server.broadcast([other], "between")
        assert len(caplog.records) == 1
        goes_on.set()
        await sending
        assert await one.recv() == "ab"

# SPDX-License-Identifier: MIT
"""The client's opening handshake: what it asks, and how it takes the answers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import socket
import weakref
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from client_peers import accepting, answering, cancel_at_every_turn, echo_server, port_of, stream_server
from tidewire import DeflateConfig, UsageError
from tidewire.asyncio.client import ClientConnection, connect, unix_connect
from tidewire.asyncio.opening import HeadReader
from tidewire.datastructures import Headers
from tidewire.exceptions import (
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidStatus,
    InvalidUpgrade,
    InvalidURI,
    NegotiationError,
    SecurityError,
)
from tidewire.http11 import MAX_BODY_LEN, Request
from websockets.asyncio.server import ServerConnection, serve, unix_serve

ANSWER_404 = b"HTTP/1.1 404 Not Found\r\n"


async def test_client_exchanges_messages_with_a_server() -> None:
    async with echo_server(subprotocols=["b", "a"]) as server:
        async with connect(f"ws://127.0.0.1:{port_of(server)}/p?q", subprotocols=["a", "b"]) as client:
            for message in ("", "héllo", b"", b"\x00\xff", "x" * 100_000, b"y" * 100_000):
                await client.send(message)
                assert await client.recv() == message
            assert client.subprotocol == "b"
            assert client.request is not None and client.request.path == "/p?q"
            assert client.response is not None and client.response.status_code == 101
            assert client.remote_address == ("127.0.0.1", port_of(server))
        assert client.close_code == 1000


async def test_client_says_in_its_request_what_it_was_told() -> None:
    requests: list[Request] = []

    async with stream_server(answering(ANSWER_404 + b"\r\n", requests)) as port:
        uri = f"ws://user:secret@127.0.0.1:{port}/p%20q?r"
        with pytest.raises(InvalidStatus):
            await connect(
                uri,
                origin="http://page.example",
                subprotocols=["a", "b"],
                additional_headers=[("X-Two", "1"), ("X-Two", "2")],
                user_agent_header="test/1",
            )
        with pytest.raises(InvalidStatus):
            await connect(
                uri,
                compression=None,
                additional_headers={"Authorization": "Bearer t", "Origin": "null"},
                user_agent_header=None,
            )
    first, second = (request.headers for request in requests)
    assert requests[0].path == "/p%20q?r"
    assert first["Host"] == f"127.0.0.1:{port}"
    assert first["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert first["Origin"] == "http://page.example"
    assert first["Sec-WebSocket-Protocol"] == "a, b"
    assert first["Sec-WebSocket-Extensions"].startswith("permessage-deflate")
    assert first.get_all("X-Two") == ["1", "2"]
    assert first["User-Agent"] == "test/1"
    assert second.get_all("Authorization") == ["Bearer t"]
    assert second["Origin"] == "null"
    assert "User-Agent" not in second
    assert "Sec-WebSocket-Extensions" not in second
    assert "Sec-WebSocket-Protocol" not in second


async def test_client_names_itself_by_default() -> None:
    requests: list[Request] = []

    async with stream_server(answering(ANSWER_404 + b"\r\n", requests)) as port:
        with pytest.raises(InvalidStatus):
            await connect(f"ws://127.0.0.1:{port}/")
    assert re.fullmatch(r"tidewire/\d+\.\d+\.\d+.*", requests[0].headers["User-Agent"])


@pytest.mark.parametrize(
    "answer, body",
    [
        (b"Content-Length: 5\r\n\r\nhello, and more", b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"\r\nhello", b"hello"),
        (b"Content-Length: 9\r\n\r\nhello", b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nwhat?\r\n", b"hello"),
        (b"Transfer-Encoding: gzip\r\n\r\nhello", b""),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b""),
        (b"\r\n" + b"x" * (MAX_BODY_LEN + 100_000), b"x" * MAX_BODY_LEN),
        (b"Content-Length: 99999999\r\n\r\n" + b"x" * (MAX_BODY_LEN + 1), b"x" * MAX_BODY_LEN),
    ],
    ids=["length", "chunks", "until the end", "cut off", "bad chunk", "gzip", "two lengths", "too long", "too long 2"],
)
async def test_client_reads_the_body_of_a_refusal(answer: bytes, body: bytes) -> None:
    async with stream_server(answering(ANSWER_404 + answer)) as port:
        with pytest.raises(InvalidStatus, match="404") as info:
            await connect(f"ws://127.0.0.1:{port}/")
    assert info.value.response.status_code == 404
    assert info.value.response.reason_phrase == "Not Found"
    assert info.value.response.body == body


async def test_client_does_not_wait_for_the_end_of_a_body_with_a_length() -> None:
    async def refuse_and_stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER_404 + b"Content-Length: 4\r\n\r\n")
        await writer.drain()
        writer.write(b"gone")
        await reader.read()  # until the client closes the connection

    async with stream_server(refuse_and_stay) as port:
        with pytest.raises(InvalidStatus) as info:
            await connect(f"ws://127.0.0.1:{port}/", open_timeout=None)
    assert info.value.response.body == b"gone"


@pytest.mark.parametrize(
    "answer, error, text",
    [
        (b"HTTP/1.1 101 Switching Pro", InvalidMessage, "closed"),
        (b"", InvalidMessage, "closed"),
        (b"SSH-2.0-server\r\n\r\n", InvalidMessage, "status line"),
        (b"HTTP/1.1 101 X\r\n" + b"x" * 20_000, SecurityError, "longer"),
        (lambda _: accepting(Request("/", Headers({"Sec-WebSocket-Key": "A" * 22 + "=="}))), InvalidHeader, "Accept"),
        (lambda request: accepting(request).replace(b"Upgrade: w", b"X: w"), InvalidUpgrade, "Upgrade"),
        (lambda request: accepting(request, "Sec-WebSocket-Protocol: x"), NegotiationError, "rotocol"),
        (lambda request: accepting(request, "Sec-WebSocket-Extensions: x"), NegotiationError, "xtension"),
    ],
)
async def test_client_refuses_a_response_that_is_wrong(answer: Any, error: type[InvalidHandshake], text: str) -> None:
    async with stream_server(answering(answer)) as port:
        with pytest.raises(error, match=text):
            await connect(f"ws://127.0.0.1:{port}/")


@pytest.mark.parametrize("with_end", [False, True], ids=["", "and the end"])
async def test_client_keeps_what_comes_with_the_response(with_end: bool) -> None:
    end = bytes.fromhex("88 02 03e8") if with_end else b""
    frames = b"\x81\x02hi" * 3 + end
    async with stream_server(answering(lambda request: accepting(request) + frames)) as port:
        client = await connect(f"ws://127.0.0.1:{port}/")
        assert [await client.recv() for _ in range(3)] == ["hi"] * 3
        with pytest.raises(ConnectionClosedOK if with_end else ConnectionClosedError):
            await client.recv()
        await client.wait_closed()


async def test_client_keeps_more_than_one_read_that_comes_with_the_response() -> None:
    frame = b"\x82\x7f" + (1 << 17).to_bytes(8, "big") + bytes(1 << 17)

    async with stream_server(answering(lambda request: accepting(request) + frame * 8)) as port:
        client = await connect(f"ws://127.0.0.1:{port}/")
        assert [len(await client.recv()) for _ in range(8)] == [1 << 17] * 8
        await client.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 503 Service Unavailable\r\n\r\nsoon"], ids=["head", "body"])
async def test_client_gives_up_after_open_timeout(answer: bytes) -> None:
    async def say_no_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    async with stream_server(say_no_more) as port:
        with pytest.raises(TimeoutError, match="opening handshake"):
            await connect(f"ws://127.0.0.1:{port}/", open_timeout=0.05)


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ({"uri": "ws://h/#fragment"}, InvalidURI, "fragment"),
        ({"uri": "ws://a%3ab:c@h/"}, ValueError, "colon"),
        ({"extensions": []}, ValueError, "permessage-deflate"),
        ({"compression": "brotli"}, ValueError, "compression"),
        ({"subprotocols": "chat"}, TypeError, "sequence"),
        ({"subprotocols": ["not a token"]}, UsageError, "header"),
        ({"additional_headers": {"Sec-WebSocket-Key": "x"}}, UsageError, "engine writes itself"),
        ({"additional_headers": {"X": "a\r\nY: b"}}, InvalidHeader, "X"),
        ({"origin": "a\nb"}, UsageError, "header"),
        ({"ssl": True}, ValueError, "ssl"),
        ({"uri": "wss://h/", "ssl": None}, ValueError, "ssl"),
        ({"uri": "wss://h/", "ssl": False}, ValueError, "ssl"),
        ({"max_size": 0}, ValueError, "max_size"),
        ({"ping_interval": 0}, ValueError, "ping_interval"),
        ({"max_queue": (1, 2)}, ValueError, "max_queue"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_at_once(
    arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        connect(arguments.pop("uri", "ws://127.0.0.1/"), **arguments)


async def test_client_connects_where_it_is_told_and_asks_for_the_uri() -> None:
    requests: list[Request] = []

    async with stream_server(answering(ANSWER_404 + b"\r\n", requests)) as port:
        with pytest.raises(InvalidStatus):
            await connect("ws://far.example/", host="127.0.0.1", port=port, local_addr=("127.0.0.1", 0))
        with pytest.raises(InvalidStatus), socket.create_connection(("127.0.0.1", port)) as sock:
            await connect("ws://far.example:81/", sock=sock)
    assert [request.headers["Host"] for request in requests] == ["far.example", "far.example:81"]


async def test_client_connects_to_an_address_of_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this host has no IPv6")
    async with echo_server(host="::1") as server:
        async with connect(f"ws://[::1]:{port_of(server)}/") as client:
            assert client.request is not None
            assert client.request.headers["Host"] == f"[::1]:{port_of(server)}"


async def test_client_connects_to_a_unix_socket(tmp_path: Path) -> None:
    async def greet(connection: ServerConnection) -> None:
        assert connection.request is not None
        await connection.send(f"{connection.request.headers['Host']} {connection.request.path}")

    async with unix_serve(greet, str(tmp_path / "socket")):
        async with unix_connect(tmp_path / "socket") as client:
            assert await client.recv() == "localhost /"
        async with unix_connect(str(tmp_path / "socket"), "ws://h:81/p") as client:
            assert await client.recv() == "h:81 /p"


async def test_compression_is_negotiated_as_asked() -> None:
    async with echo_server() as server:
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        for compression, expected in (("deflate", True), (None, False), (DeflateConfig(min_len=1), True)):
            async with connect(uri, compression=compression) as client:
                assert client.response is not None
                assert ("Sec-WebSocket-Extensions" in client.response.headers) is expected
                await client.send("z" * 10_000)
                assert await client.recv() == "z" * 10_000


async def test_options_of_the_connection_reach_it() -> None:
    async with echo_server() as server:
        async with connect(f"ws://127.0.0.1:{port_of(server)}/", max_size=10, write_limit=(99, 9)) as client:
            assert client.transport.get_write_buffer_limits() == (9, 99)
            await client.send("12345678901")
            with pytest.raises(ConnectionClosedError) as info:
                await client.recv()
            assert info.value.sent is not None and info.value.sent.code == 1009


async def test_client_makes_the_connection_that_it_is_given() -> None:
    class Mine(ClientConnection):
        async def recv_twice(self) -> list[Any]:
            return [await self.recv(), await self.recv()]

    async with echo_server() as server:
        async with connect(f"ws://127.0.0.1:{port_of(server)}/", create_connection=Mine) as client:
            assert isinstance(client, Mine)
            await client.send("a")
            await client.send("b")
            assert await client.recv_twice() == ["a", "b"]


async def test_one_connect_opens_one_connection_at_a_time() -> None:
    async with echo_server() as server:
        again = connect(f"ws://127.0.0.1:{port_of(server)}/")
        async with again:
            with pytest.raises(RuntimeError, match="in use"):
                async with again:
                    pass
        async with again:
            pass


async def test_client_closes_the_connection_with_the_block() -> None:
    codes: list[int | None] = []

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with serve(note, "127.0.0.1", 0) as server:
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        async with connect(uri):
            pass
        with pytest.raises(ZeroDivisionError):
            async with connect(uri):
                raise ZeroDivisionError
    assert codes == [1000, 1011]


async def test_cancelling_at_any_turn_of_the_loop_leaves_no_transport_open() -> None:
    async with echo_server() as server:
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        assert await cancel_at_every_turn(lambda: connect(uri)) > 3
        while server.connections:
            await asyncio.sleep(0.01)
    gc.collect()  # what is left open warns, and a warning is an error


@pytest.mark.parametrize("answer", [b"", ANSWER_404 + b"\r\nbody", b"?\r\n\r\n"], ids=["nothing", "404", "no HTTP"])
@pytest.mark.parametrize("through_proxy", [False, True], ids=["", "proxy"])
async def test_an_attempt_that_failed_leaves_no_cycle_of_references(answer: bytes, through_proxy: bool) -> None:
    readers: list[weakref.ref[HeadReader]] = []
    note_transport = HeadReader.connection_made

    def connection_made(reader: HeadReader, transport: asyncio.BaseTransport) -> None:
        readers.append(weakref.ref(reader))
        note_transport(reader, transport)

    gc.disable()
    try:
        with mock.patch.object(HeadReader, "connection_made", connection_made):
            async with stream_server(answering(answer)) as port:
                uri = f"ws://127.0.0.1:{port}/"
                with contextlib.suppress(InvalidHandshake):
                    await connect(uri, proxy=f"http://127.0.0.1:{port}" if through_proxy else None)
        assert len(readers) == 1
        assert readers[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("judge", [lambda exc: exc, lambda exc: InvalidHandshake("enough")], ids=["itself", "another"])
async def test_a_failure_that_ends_the_reconnecting_leaves_no_cycle_of_references(judge: Any) -> None:
    async with stream_server(answering(ANSWER_404 + b"\r\nbody")) as port:
        gc.disable()
        try:
            try:
                async for _ in connect(f"ws://127.0.0.1:{port}/", process_exception=judge, proxy=None):
                    pass
            except InvalidHandshake as error:
                gone = weakref.ref(error)
            assert gone() is None
        finally:
            gc.enable()

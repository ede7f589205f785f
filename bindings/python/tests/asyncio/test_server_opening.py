# SPDX-License-Identifier: MIT
"""The server's opening handshake: whom it lets in, and what it answers to the others."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import re
from collections.abc import Sequence
from typing import Any

import pytest
from server_peers import GET, UPGRADE, echo, exchange, port_of, raw_client, refused, until, uri_of
from tidewire import Connection, DeflateConfig, Message, Role
from tidewire.asyncio.accepting import Opening
from tidewire.asyncio.server import ServerConnection, serve
from tidewire.exceptions import NegotiationError
from tidewire.http11 import Request, Response
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "request_head, status",
    [
        (b"POST / HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 5\r\n\r\nhello", 405),
        (b"GET / HTTP/1.0\r\n" + UPGRADE + b"\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n", 426),
        (b"GET / HTTP/1.1\r\n" + UPGRADE.replace(b": 13", b": 12") + b"\r\n", 426),
        (b"GET / HTTP/1.1\r\n" + UPGRADE.replace(b"dGhl", b"") + b"\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
    ],
    ids=["POST", "HTTP/1.0", "no upgrade", "version 12", "short key", "no HTTP", "too long"],
)
async def test_server_answers_a_request_that_it_cannot_accept(request_head: bytes, status: int) -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        answer = await exchange(port_of(server), request_head)
        assert status_of(answer) == status
        head, _, body = answer.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head and body.endswith(b"\n")
        assert b"Connection: close" in head


async def test_server_answers_HEAD_without_a_body() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        answer = await exchange(port_of(server), b"HEAD / HTTP/1.1\r\nHost: server.example\r\n\r\n")
        head, end, body = answer.partition(b"\r\n\r\n")
        assert status_of(answer) == 405 and end and body == b""
        assert int(re.search(rb"Content-Length: (\d+)", head)[1]) > 0  # type: ignore[index]


async def test_server_keeps_the_frames_that_follow_the_request_at_once() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    client.send("early")
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        async with raw_client(port_of(server), GET + client.data_to_send()) as (reader, _):
            await reader.readuntil(b"\r\n\r\n")
            events: list[Any] = []
            while not events:
                events = client.receive(await reader.read(1000))
            assert events == [Message(b"early", True)]


async def test_server_keeps_frames_that_come_while_a_hook_decides() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    message = bytes(300_000)
    client.send(message)
    goes_on = asyncio.Event()

    async def process_request(connection: ServerConnection, request: Request) -> None:
        await goes_on.wait()

    async with serve(echo, "127.0.0.1", 0, compression=None, process_request=process_request) as server:
        async with raw_client(port_of(server), GET + client.data_to_send()) as (reader, writer):
            await writer.drain()
            goes_on.set()
            await reader.readuntil(b"\r\n\r\n")
            events: list[Any] = []
            while not events:
                events = client.receive(await reader.read(100_000))
            assert events == [Message(message)]


async def test_server_gives_up_a_client_that_sends_no_request() -> None:
    async with serve(echo, "127.0.0.1", 0, open_timeout=0.05) as server:
        async with raw_client(port_of(server), GET[:40]) as (reader, _):
            with contextlib.suppress(ConnectionError):  # where the system says that it was reset
                assert await reader.read() == b""


async def test_server_gives_up_a_hook_that_takes_too_long() -> None:
    cancelled = asyncio.Event()

    async def process_request(connection: ServerConnection, request: Request) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with serve(echo, "127.0.0.1", 0, open_timeout=0.05, process_request=process_request) as server:
        with pytest.raises((InvalidMessage, OSError)):
            await connect(uri_of(server))
        await cancelled.wait()


async def test_server_survives_clients_that_go_during_the_handshake() -> None:
    asked = asyncio.Event()
    goes_on = asyncio.Event()

    async def process_request(connection: ServerConnection, request: Request) -> None:
        asked.set()
        await goes_on.wait()

    async with serve(echo, "127.0.0.1", 0, process_request=process_request) as server:
        async with raw_client(port_of(server), b""):
            pass
        async with raw_client(port_of(server), GET[:20]):
            pass
        async with raw_client(port_of(server), GET):
            await asked.wait()
        goes_on.set()
        async with connect(uri_of(server)) as client:
            await client.send("still there")
            assert await client.recv() == "still there"


@pytest.mark.parametrize("data", [b"", b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", GET], ids=repr)
async def test_opening_handshake_that_is_over_is_freed(data: bytes) -> None:
    gc.collect()
    gc.disable()
    try:
        async with serve(echo, "127.0.0.1", 0) as server:
            async with raw_client(port_of(server), data) as (_, writer):
                writer.write_eof()
                await until(lambda: server._openings)
                await until(lambda: not server._openings)
            await until(lambda: not server._tasks)
        assert [thing for thing in gc.get_objects() if isinstance(thing, Opening)] == []
    finally:
        gc.enable()


async def test_server_opens_a_hundred_connections_at_once() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        clients = await asyncio.gather(*(connect(uri_of(server)) for _ in range(100)))
        assert len(server.connections) == 100
        await asyncio.gather(*(client.close() for client in clients))
        await until(lambda: not server.connections)


# ---- Hooks ----


async def test_process_request_can_answer_plain_requests() -> None:
    def process_request(connection: ServerConnection, request: Request) -> Response | None:
        assert connection.state.name == "CONNECTING" and connection.remote_address[0] == "127.0.0.1"
        assert connection.request is request and connection.response is None
        return connection.respond(200, "OK\n") if request.path == "/healthz" else None

    async with serve(echo, "127.0.0.1", 0, process_request=process_request, server_header="me") as server:
        answer = await exchange(port_of(server), b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert status_of(answer) == 200 and answer.endswith(b"\r\n\r\nOK\n") and b"\r\nServer: me\r\n" in answer
        async with connect(uri_of(server)) as client:
            await client.send("hi")
            assert await client.recv() == "hi"


async def test_process_request_may_be_a_coroutine() -> None:
    async def process_request(connection: ServerConnection, request: Request) -> Response:
        await asyncio.sleep(0)
        return connection.respond(403, "no")

    async with serve(echo, "127.0.0.1", 0, process_request=process_request) as server:
        response = await refused(uri_of(server))
        assert response.status_code == 403 and response.body == b"no"


async def test_process_response_can_change_the_response() -> None:
    async def process_response(connection: ServerConnection, request: Request, response: Response) -> None:
        assert connection.response is response and connection.subprotocol == "chat"
        response.headers["X-Times"] = "2"
        response.headers["X-Times"] = "3"

    async with serve(
        echo, "127.0.0.1", 0, process_response=process_response, subprotocols=["chat"], server_header=None
    ) as server:
        async with connect(uri_of(server), subprotocols=["chat"]) as client:
            assert client.response is not None
            assert client.response.headers.get_all("X-Times") == ["2", "3"]
            assert "Server" not in client.response.headers
            [connection] = server.connections
            assert connection.response.headers.get_all("X-Times") == ["2", "3"]


async def test_process_response_can_refuse_and_sees_refusals() -> None:
    def process_response(connection: ServerConnection, request: Request, response: Response) -> Response | None:
        if response.status_code != 101:
            response.headers["X-Seen"] = str(response.status_code)
            return None
        return connection.respond(503, "full")

    async with serve(echo, "127.0.0.1", 0, process_response=process_response) as server:
        assert (await refused(uri_of(server))).body == b"full"
        assert b"X-Seen: 426" in await exchange(port_of(server), b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


@pytest.mark.parametrize("hook", ["process_request", "process_response"])
@pytest.mark.parametrize("mistake", ["raises", "returns nonsense"])
async def test_hook_that_fails_is_logged_and_answered_with_500(
    hook: str, mistake: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        if mistake == "raises":
            raise KeyError("oops")
        return (200, [], b"old style")

    async with serve(echo, "127.0.0.1", 0, **{hook: fail}) as server:
        response = await refused(uri_of(server))
        assert response.status_code == 500 and b"oops" not in response.body
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == f"{hook} failed" and record.name == "tidewire.server"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError if mistake == "raises" else TypeError)


async def test_hook_that_answers_101_accepts() -> None:
    def process_request(connection: ServerConnection, request: Request) -> Response:
        policy_free = Response(101, "Switching Protocols", type(request.headers)())
        policy_free.headers["Upgrade"] = "websocket"
        policy_free.headers["Connection"] = "Upgrade"
        policy_free.headers["Sec-WebSocket-Accept"] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        return policy_free

    async with serve(echo, "127.0.0.1", 0, process_request=process_request) as server:
        async with raw_client(port_of(server), GET) as (reader, _):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            await until(lambda: server.connections)


# ---- Origins, subprotocols, compression ----


@pytest.mark.parametrize(
    "options, origin, accepted",
    [
        ({}, None, True),
        ({}, "http://evil.example", False),
        ({"any_origin": True}, "http://evil.example", True),
        ({"origins": ["https://good.example"]}, "https://good.example", True),
        ({"origins": ["https://good.example"]}, "https://evil.example", False),
        ({"origins": ["https://good.example"]}, None, False),
        ({"origins": ["https://good.example", None]}, None, True),
        ({"origins": [re.compile(r"https://[a-z]+\.good\.example")]}, "https://a.good.example", True),
        ({"origins": [re.compile(r"https://[a-z]+\.good\.example")]}, "https://a.good.example.evil", False),
    ],
    ids=str,
)
async def test_server_accepts_origins(options: dict[str, Any], origin: str | None, accepted: bool) -> None:
    async with serve(echo, "127.0.0.1", 0, **options) as server:
        if accepted:
            async with connect(uri_of(server), origin=origin):
                pass
        else:
            assert (await refused(uri_of(server), origin=origin)).status_code == 403


async def test_server_accepts_pages_of_its_own_host() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(uri_of(server), origin=f"http://127.0.0.1:{port_of(server)}"):
            pass


async def test_server_chooses_the_subprotocol_that_it_prefers() -> None:
    async with serve(echo, "127.0.0.1", 0, subprotocols=["new", "old"]) as server:
        async with connect(uri_of(server), subprotocols=["old", "other", "new"]) as client:
            assert client.subprotocol == "new"
            [connection] = server.connections
            assert connection.subprotocol == "new"


async def test_select_subprotocol_decides() -> None:
    def select(connection: ServerConnection, offered: Sequence[str]) -> str | None:
        assert isinstance(connection, ServerConnection)
        if "bad" in offered:
            raise NegotiationError("bad is not liked")
        return offered[-1] if offered else None

    async with serve(echo, "127.0.0.1", 0, select_subprotocol=select) as server:
        async with connect(uri_of(server), subprotocols=["a", "b"]) as client:
            assert client.subprotocol == "b"
        async with connect(uri_of(server)) as client:
            assert client.subprotocol is None
        response = await refused(uri_of(server), subprotocols=["bad"])
        assert response.status_code == 400 and b"bad is not liked" in response.body


@pytest.mark.parametrize(
    "compression, expected", [(None, None), ("deflate", "permessage-deflate"), (DeflateConfig(level=6), "permessage-")]
)
async def test_server_negotiates_compression(compression: Any, expected: str | None) -> None:
    async with serve(echo, "127.0.0.1", 0, compression=compression) as server:
        async with connect(uri_of(server)) as client:
            assert client.response is not None
            agreed = client.response.headers.get("Sec-WebSocket-Extensions")
            assert agreed is None if expected is None else agreed is not None and agreed.startswith(expected)
            await client.send("abc" * 1000)
            assert await client.recv() == "abc" * 1000


@pytest.mark.parametrize(
    "options, error",
    [
        ({"compression": "brotli"}, ValueError),
        ({"extensions": []}, ValueError),
        ({"subprotocols": "chat"}, TypeError),
        ({"origins": "http://a.example"}, TypeError),
        ({"max_size": 0}, ValueError),
        ({"max_queue": (1, 2)}, ValueError),
        ({"max_queue": -1}, ValueError),
        ({"write_limit": (1, 2)}, ValueError),
        ({"write_limit": -1}, ValueError),
        ({"ping_interval": 0}, ValueError),
        ({"close_timeout": -1}, ValueError),
        ({"compression": DeflateConfig(level=77)}, ValueError),
    ],
    ids=str,
)
async def test_serve_refuses_arguments_that_cannot_be(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        serve(echo, "127.0.0.1", 0, **options)

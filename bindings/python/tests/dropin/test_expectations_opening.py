# SPDX-License-Identifier: MIT
"""Expectations of the opening handshake."""

from __future__ import annotations

import asyncio
import base64
import http
import logging
import re
import socket
import uuid
from typing import Any

import pytest
from dropin_support import Library, echo, opened, uri_of


async def refusal_of(client: Library, uri: str, **options: Any) -> Any:
    """The response to a request that is refused."""
    with pytest.raises(client.exceptions.InvalidStatus) as caught:
        async with client.connect(uri, **options):
            pass
    assert isinstance(caught.value, client.exceptions.InvalidHandshake)
    return caught.value.response


async def test_both_ends_know_the_request_and_the_response(server: Library, client: Library) -> None:
    serve = {"server_header": "serves/2", "origins": ["http://o"]}
    options = {"additional_headers": {"X-Token": "t"}, "user_agent_header": "agent/1", "origin": "http://o"}
    async with opened(server, client, serve=serve, connect=options) as (one, other):
        for end in (one, other):
            assert end.request.path == "/" and end.request.headers["x-token"] == "t"
            assert end.request.headers["User-Agent"] == "agent/1" and end.request.headers["Origin"] == "http://o"
            assert end.request.headers["Host"] == f"127.0.0.1:{one.remote_address[1]}"
            assert end.response.status_code == 101 and end.response.headers["Server"] == "serves/2"
            assert end.response.headers["Upgrade"].lower() == "websocket"
            assert end.subprotocol is None and isinstance(end.id, uuid.UUID)
            assert isinstance(end.logger, (logging.Logger, logging.LoggerAdapter))
        assert one.id != other.id
        assert one.local_address == other.remote_address and other.local_address == one.remote_address
        assert isinstance(one, client.ClientConnection) and isinstance(other, server.ServerConnection)


async def test_headers_can_be_left_out(server: Library, client: Library) -> None:
    async with opened(
        server, client, serve={"server_header": None}, connect={"user_agent_header": None, "compression": None}
    ) as (one, _):
        assert "User-Agent" not in one.request.headers and "Server" not in one.response.headers
        assert "Sec-WebSocket-Extensions" not in one.request.headers


async def test_path_keeps_its_query(server: Library, client: Library) -> None:
    async def handler(connection: Any) -> None:
        await connection.send(connection.request.path)

    async with server.serve(handler, "127.0.0.1", 0) as listening:
        for path, sent in (("/a%20b/c?d=e&f", "/a%20b/c?d=e&f"), ("", "/"), ("?x=1", "/?x=1")):
            async with client.connect(uri_of(listening, path)) as connection:
                assert await connection.recv() == sent


async def test_compression_is_agreed_unless_a_side_does_without(server: Library, client: Library) -> None:
    for ours in ("deflate", None):
        for theirs in ("deflate", None):
            async with opened(server, client, serve={"compression": theirs}, connect={"compression": ours}) as (one, _):
                agreed = one.response.headers.get("Sec-WebSocket-Extensions", "")
                assert agreed.startswith("permessage-deflate") == (ours == theirs == "deflate")


async def test_arguments_that_make_no_sense_are_refused(server: Library, client: Library) -> None:
    with pytest.raises(ValueError):
        server.serve(echo, "127.0.0.1", 0, compression="zip")
    with pytest.raises(ValueError):
        client.connect("ws://127.0.0.1", compression="zip")
    with pytest.raises(TypeError):
        server.serve(echo, "127.0.0.1", 0, subprotocols="chat")
    with pytest.raises(TypeError):
        client.connect("ws://127.0.0.1", subprotocols="chat")
    with pytest.raises(ValueError):
        client.connect("ws://127.0.0.1", ssl=True)


@pytest.mark.parametrize("uri", ["http://h/", "ws:/x", "ws://", "h", "", "ws://h/#fragment"])
async def test_uri_that_is_not_of_a_websocket_is_refused(client: Library, uri: str) -> None:
    with pytest.raises(client.exceptions.InvalidURI) as caught:
        client.connect(uri)
    assert caught.value.uri == uri


async def test_subprotocol_is_the_first_of_the_servers_that_the_client_offers(server: Library, client: Library) -> None:
    async with opened(
        server, client, serve={"subprotocols": ["c", "b", "a"]}, connect={"subprotocols": ["a", "b"]}
    ) as (one, other):
        assert one.subprotocol == other.subprotocol == "b"
    async with opened(server, client, connect={"subprotocols": ["a"]}) as (one, other):
        assert one.subprotocol is None and other.subprotocol is None


@pytest.mark.parametrize("offered", [None, ["a"]], ids=repr)
async def test_client_without_any_subprotocol_of_the_servers_is_refused(
    server: Library, client: Library, offered: Any
) -> None:
    async with server.serve(echo, "127.0.0.1", 0, subprotocols=["c"]) as listening:
        assert (await refusal_of(client, uri_of(listening), subprotocols=offered)).status_code == 400


async def test_subprotocol_can_be_chosen_by_a_function(server: Library, client: Library) -> None:
    def choose(connection: Any, offered: Any) -> str | None:
        assert isinstance(connection, server.ServerConnection)
        return "b" if "b" in offered else None

    options = {"select_subprotocol": choose}
    async with opened(server, client, serve=options, connect={"subprotocols": ["a", "b"]}) as (one, other):
        assert one.subprotocol == other.subprotocol == "b"
    async with opened(server, client, serve=options, connect={"subprotocols": ["a"]}) as (one, other):
        assert one.subprotocol is None and other.subprotocol is None


@pytest.mark.parametrize(
    "origin,allowed",
    [
        ("http://a", True),
        ("http://b", False),
        ("http://x.pattern", True),
        ("http://x.pattern.evil", False),
        (None, False),
    ],
)
async def test_origin_is_held_against_the_list(
    server: Library, client: Library, origin: str | None, allowed: bool
) -> None:
    origins = ["http://a", re.compile(r"http://\w+\.pattern")]
    async with server.serve(echo, "127.0.0.1", 0, origins=origins) as listening:
        if allowed:
            async with client.connect(uri_of(listening), origin=origin) as connection:
                await connection.send("a")
                assert await connection.recv() == "a"
        else:
            assert (await refusal_of(client, uri_of(listening), origin=origin)).status_code == 403


async def test_origins_with_none_allow_a_request_without(server: Library, client: Library) -> None:
    async with server.serve(echo, "127.0.0.1", 0, origins=[None]) as listening:
        async with client.connect(uri_of(listening)):
            pass
        assert (await refusal_of(client, uri_of(listening), origin="http://a")).status_code == 403


async def test_foreign_origin_without_a_list(server: Library, client: Library) -> None:
    """Where the two differ, and mean to: without `origins`, tidewire lets in its own pages and no others'."""
    async with server.serve(echo, "127.0.0.1", 0) as listening:
        uri = uri_of(listening)
        async with client.connect(uri, origin=uri.replace("ws:", "http:").rstrip("/")) as connection:
            await connection.send("a")
            assert await connection.recv() == "a"
        if server.name == "tidewire":
            assert (await refusal_of(client, uri, origin="http://foreign.example")).status_code == 403
        else:
            async with client.connect(uri, origin="http://foreign.example"):
                pass


async def test_process_request_answers_what_is_not_for_a_websocket(server: Library, client: Library) -> None:
    def process_request(connection: Any, request: Any) -> Any:
        if request.path == "/health":
            response = connection.respond(http.HTTPStatus.OK, "fine\n")
            response.headers["X-Extra"] = "yes"
            return response
        return None

    async with server.serve(echo, "127.0.0.1", 0, process_request=process_request) as listening:
        response = await refusal_of(client, uri_of(listening, "/health"))
        assert (response.status_code, response.reason_phrase, response.body) == (200, "OK", b"fine\n")
        assert response.headers["X-Extra"] == "yes" and response.headers["Content-Length"] == "5"
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
        writer.write(b"GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        plain = await reader.read()
        assert plain.startswith(b"HTTP/1.1 200 OK\r\n") and plain.endswith(b"\r\n\r\nfine\n")
        writer.close()
        async with client.connect(uri_of(listening)) as connection:
            await connection.send("a")
            assert await connection.recv() == "a"


async def test_process_request_may_wait_and_may_make_its_own_response(server: Library, client: Library) -> None:
    async def process_request(connection: Any, request: Any) -> Any:
        await asyncio.sleep(0.001)
        return server.http11.Response(418, "Teapot", server.Headers({"X-Pot": "tea"}), b"short and stout")

    async with server.serve(echo, "127.0.0.1", 0, process_request=process_request) as listening:
        response = await refusal_of(client, uri_of(listening))
        assert (response.status_code, response.reason_phrase, response.headers["x-pot"]) == (418, "Teapot", "tea")


async def test_process_request_that_raises_answers_500(
    server: Library, client: Library, caplog: pytest.LogCaptureFixture
) -> None:
    def process_request(connection: Any, request: Any) -> Any:
        raise ZeroDivisionError("in the hook")

    caplog.set_level(logging.ERROR)
    async with server.serve(echo, "127.0.0.1", 0, process_request=process_request) as listening:
        assert (await refusal_of(client, uri_of(listening))).status_code == 500
    assert any(record.exc_info for record in caplog.records)


async def test_process_response_sees_the_response_and_may_add_to_it(server: Library, client: Library) -> None:
    def process_response(connection: Any, request: Any, response: Any) -> None:
        response.headers["X-Path"] = request.path
        response.headers["Set-Cookie"] = "a=b"

    async with opened(server, client, serve={"process_response": process_response}) as (one, other):
        assert one.response.headers["X-Path"] == "/" and one.response.headers["Set-Cookie"] == "a=b"
        await one.send("a")
        assert await other.recv() == "a"


async def test_process_response_may_take_the_place_of_the_response(server: Library, client: Library) -> None:
    async def process_response(connection: Any, request: Any, response: Any) -> Any:
        assert response.status_code == 101
        return connection.respond(503, "later\n")

    async with server.serve(echo, "127.0.0.1", 0, process_response=process_response) as listening:
        response = await refusal_of(client, uri_of(listening))
        assert (response.status_code, response.body) == (503, b"later\n")


async def test_request_that_is_no_upgrade_is_answered_426(server: Library) -> None:
    async with server.serve(echo, "127.0.0.1", 0) as listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 426 ") and b"\r\nUpgrade: websocket" in head and body
        writer.close()


async def test_server_that_hears_nothing_hangs_up(server: Library) -> None:
    async with server.serve(echo, "127.0.0.1", 0, open_timeout=0.05) as listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
        writer.write(b"GET / HTTP/1.1\r\n")
        with_reset: Any = None
        try:
            await reader.read()
        except ConnectionResetError as error:
            with_reset = error
        assert reader.at_eof() or with_reset
        writer.close()


async def test_client_that_hears_nothing_gives_up(client: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(TimeoutError):
            async with client.connect(f"ws://127.0.0.1:{silent.getsockname()[1]}", open_timeout=0.05):
                pass


async def test_client_of_nobody_gets_an_os_error(client: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(OSError):
        async with client.connect(f"ws://127.0.0.1:{port}"):
            pass


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 101 Switching", b"\0" * 100 + b"\r\n\r\n"])
async def test_client_of_something_else_gets_invalid_message(client: Library, answer: bytes) -> None:
    async def something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(something_else, "127.0.0.1", 0) as listening:
        with pytest.raises(client.exceptions.InvalidMessage):
            async with client.connect(uri_of(listening)):
                pass


async def test_client_refuses_an_answer_to_another_key(client: Library) -> None:
    async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(bytes(20)) + b"\r\n\r\n"
        )
        writer.close()

    async with await asyncio.start_server(wrong, "127.0.0.1", 0) as listening:
        with pytest.raises(client.exceptions.InvalidHeader) as caught:
            async with client.connect(uri_of(listening)):
                pass
        assert caught.value.name == "Sec-WebSocket-Accept"


async def test_basic_auth_lets_in_who_knows_the_password(server: Library, client: Library) -> None:
    async def handler(connection: Any) -> None:
        await connection.send(connection.username)

    for options in (
        {"credentials": ("ann", "pass:w")},
        {"credentials": [("bob", "x"), ("ann", "pass:w")]},
        {"check_credentials": lambda user, password: (user, password) == ("ann", "pass:w")},
    ):
        guard = server.basic_auth(realm="my realm", **options)
        async with server.serve(handler, "127.0.0.1", 0, process_request=guard) as listening:
            plain = uri_of(listening)
            response = await refusal_of(client, plain)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"].startswith('Basic realm="my realm"')
            wrong = [plain.replace("//", "//ann:wrong@"), plain.replace("//", "//eve:pass%3Aw@")]
            for uri in wrong:
                assert (await refusal_of(client, uri)).status_code == 401
            for header in ("Bearer x", "Basic !", "Basic", "Basic " + base64.b64encode(b"nocolon").decode()):
                headers = {"Authorization": header}
                assert (await refusal_of(client, plain, additional_headers=headers)).status_code == 401
            async with client.connect(plain.replace("//", "//ann:pass%3Aw@")) as connection:
                assert await connection.recv() == "ann"


def test_basic_auth_wants_one_way_of_checking(server: Library) -> None:
    for arguments in ({}, {"credentials": ("a", "b"), "check_credentials": lambda user, password: True}):
        with pytest.raises(ValueError):
            server.basic_auth(**arguments)
    for credentials in (7, [("a",)], [("a", 7)]):
        with pytest.raises(TypeError):
            server.basic_auth(credentials=credentials)


async def test_redirect_is_followed(server: Library, client: Library) -> None:
    def process_request(connection: Any, request: Any) -> Any:
        if request.path == "/":
            response = connection.respond(http.HTTPStatus.FOUND, "")
            response.headers["Location"] = "/moved?x"
            return response
        if request.path == "/loop":
            response = connection.respond(http.HTTPStatus.FOUND, "")
            response.headers["Location"] = "/loop"
            return response
        return None

    async with server.serve(echo, "127.0.0.1", 0, process_request=process_request) as listening:
        async with client.connect(uri_of(listening)) as connection:
            assert connection.request.path == "/moved?x"
        with pytest.raises(client.exceptions.SecurityError):
            async with client.connect(uri_of(listening, "/loop")):
                pass

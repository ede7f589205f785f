# SPDX-License-Identifier: MIT
"""Servers with a handler per URL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from server_peers import exchange, port_of, uri_of
from tidewire.asyncio.router import Router, route, unix_route
from tidewire.asyncio.server import ServerConnection
from tidewire.http11 import Request, Response
from websockets.asyncio.client import connect, unix_connect
from websockets.exceptions import InvalidStatus

werkzeug = pytest.importorskip("werkzeug.routing", reason="route needs werkzeug")


async def greet(connection: ServerConnection, name: str = "nobody", times: int = 1) -> None:
    await connection.send(f"hello {name} " * times)


def rules(**options: Any) -> Any:
    return werkzeug.Map(
        [
            werkzeug.Rule("/", endpoint=greet),
            werkzeug.Rule("/greet/<name>", endpoint=greet),
            werkzeug.Rule("/greet/<name>/<int:times>", endpoint=greet),
            werkzeug.Rule("/old/<name>", redirect_to="greet/<name>"),
        ],
        **options,
    )


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/", "hello nobody "),
        ("/greet/anna?x=y", "hello anna "),
        ("/greet/j%C3%BCrgen/2", "hello j%C3%BCrgen hello j%C3%BCrgen "),
    ],
)
async def test_route_calls_the_handler_of_the_path(path: str, expected: str) -> None:
    async with route(rules(), "127.0.0.1", 0) as server, connect(uri_of(server, path)) as client:
        assert await client.recv() == expected


async def test_route_answers_404_to_other_paths() -> None:
    async with route(rules(), "127.0.0.1", 0) as server:
        with pytest.raises(InvalidStatus) as caught:
            await connect(uri_of(server, "/greet/anna/many"))
        assert caught.value.response.status_code == 404


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, "ws://server.example/greet/anna"),
        ({"server_name": "other.example"}, "ws://other.example/greet/anna"),
        ({"ssl": True}, "wss://server.example/greet/anna"),
    ],
    ids=str,
)
async def test_route_redirects(options: dict[str, Any], expected: str) -> None:
    async with route(rules(), "127.0.0.1", 0, **options) as server:
        answer = await exchange(port_of(server), b"GET /old/anna HTTP/1.1\r\nHost: server.example\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 302 ") and f"\r\nLocation: {expected}\r\n".encode() in answer


@pytest.mark.parametrize("host", [b"", b"Host: a\r\nHost: b\r\n", b"Host: " + b"x" * 300 + b"..\r\n"], ids=repr)
async def test_route_refuses_requests_without_a_proper_host(host: bytes) -> None:
    async with route(rules(), "127.0.0.1", 0) as server:
        answer = await exchange(port_of(server), b"GET /old/anna HTTP/1.1\r\n" + host + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")


async def test_process_request_comes_before_the_rules() -> None:
    async def process_request(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(403, "no") if request.path == "/greet/anna" else None

    async with route(rules(), "127.0.0.1", 0, process_request=process_request) as server:
        with pytest.raises(InvalidStatus) as caught:
            await connect(uri_of(server, "/greet/anna"))
        assert caught.value.response.status_code == 403
        async with connect(uri_of(server, "/greet/otto")) as client:
            assert await client.recv() == "hello otto "


async def test_unix_route_listens_on_a_unix_socket_with_a_router_of_ones_own(tmp_path: Path) -> None:
    class Polite(Router):
        def route_request(self, connection: ServerConnection, request: Request) -> Response | None:
            response = super().route_request(connection, request)
            return connection.respond(404, "sorry") if response is not None else None

    path = str(tmp_path / "socket")
    async with unix_route(rules(), path, create_router=Polite):
        async with unix_connect(path, uri="ws://server.example/greet/anna") as client:
            assert await client.recv() == "hello anna "
        with pytest.raises(InvalidStatus) as caught:
            await unix_connect(path, uri="ws://server.example/nowhere")
        assert caught.value.response.body == b"sorry"


def test_route_without_werkzeug_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    url_map = rules()
    monkeypatch.setitem(sys.modules, "werkzeug.routing", None)
    with pytest.raises(ImportError, match="werkzeug"):
        route(url_map, "127.0.0.1", 0)

# SPDX-License-Identifier: MIT
"""Redirects: which ones a client follows, and what it takes along."""

from __future__ import annotations

import contextlib
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import websockets.asyncio.server as peer
from client_peers import (
    accepting,
    answering,
    cancel_at_every_turn,
    certificate,
    echo_server,
    expect_clients_to_give_up,
    port_of,
    stream_server,
)
from tidewire._redirect import MAX_REDIRECTS, check_redirect, redirect_uri, without_credentials
from tidewire.asyncio.client import connect, unix_connect
from tidewire.datastructures import Headers
from tidewire.exceptions import InvalidStatus, InvalidURI, SecurityError
from tidewire.http11 import Request, Response

END = bytes.fromhex("88 02 03e8")


def redirect(location: str, status: int = 302) -> bytes:
    """Returns a response that redirects."""
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


def accept_and_close(request: Request) -> bytes:
    """Returns a response that accepts, and a close frame."""
    return accepting(request) + END


@contextlib.asynccontextmanager
async def redirecting(make_location: Callable[[int], str]) -> AsyncIterator[tuple[int, int, list[Request]]]:
    """Serves on two ports: the first redirects to make_location(second port), the second accepts. Yields both, and
    the requests."""
    requests: list[Request] = []
    async with stream_server(answering(accept_and_close, requests)) as second:
        async with stream_server(answering(redirect(make_location(second)), requests)) as first:
            yield first, second, requests


@pytest.mark.parametrize(
    "location, target",
    [
        ("/b", "ws://h:81/b"),
        ("b?c", "ws://h:81/a/b?c"),
        ("//other/b", "ws://other/b"),
        ("wss://other/b", "wss://other/b"),
        ("http://other:80/b", "ws://other:80/b"),
        ("https://other/b", "wss://other/b"),
    ],
)
def test_a_location_is_understood_beside_the_uri(location: str, target: str) -> None:
    assert redirect_uri("ws://h:81/a/x", Response(307, "", Headers(Location=location))) == target


@pytest.mark.parametrize("status", [200, 304, 305, 404, 503])
def test_other_statuses_do_not_redirect(status: int) -> None:
    assert redirect_uri("ws://h/", Response(status, "", Headers(Location="/b"))) is None


def test_a_response_with_no_location_or_two_does_not_redirect() -> None:
    assert redirect_uri("ws://h/", Response(302, "", Headers())) is None
    assert redirect_uri("ws://h/", Response(302, "", Headers([("Location", "/a"), ("Location", "/b")]))) is None


def test_the_origin_is_scheme_host_and_port() -> None:
    assert check_redirect("ws://h/a", "ws://H:80/b", {})
    assert not check_redirect("ws://h/", "ws://h:81/", {})
    assert not check_redirect("ws://h/", "ws://g/", {})
    assert not check_redirect("ws://h/", "wss://h/", {})


@pytest.mark.parametrize("options", [{"unix": True}, {"host": "h"}, {"port": 1}, {"address": ("h", 1)}])
def test_a_redirect_to_another_origin_does_not_go_with_options_that_say_where_to(options: dict[str, Any]) -> None:
    assert check_redirect("ws://h/a", "ws://h/b", options)
    with pytest.raises(ValueError, match=next(iter(options))):
        check_redirect("ws://h/", "ws://g/", options)


def test_credentials_are_taken_out_of_headers() -> None:
    headers = Headers({"AUTHORIZATION": "a", "Cookie": "b", "Proxy-Authorization": "c", "X": "d"})
    assert without_credentials(headers) == Headers(X="d")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_client_follows_a_redirect_within_the_origin(status: int) -> None:
    requests: list[Request] = []

    def answer(request: Request) -> bytes:
        return redirect("/there?q", status) if request.path == "/here" else accept_and_close(request)

    async with stream_server(answering(answer, requests)) as port:
        async with connect(f"ws://u:p@127.0.0.1:{port}/here", additional_headers={"Cookie": "c"}) as client:
            assert client.request is not None and client.request.path == "/there?q"
    first, second = (request.headers for request in requests)
    assert second["Cookie"] == "c"
    assert second["Authorization"] == first["Authorization"]


async def test_client_keeps_its_credentials_from_another_origin() -> None:
    async with redirecting(lambda port: f"ws://127.0.0.1:{port}/b") as (first, second, requests):
        async with connect(
            f"ws://127.0.0.1:{first}/a", additional_headers={"Authorization": "t", "Cookie": "c", "X-Key": "k"}
        ) as client:
            assert client.remote_address == ("127.0.0.1", second)
    before, after = (request.headers for request in requests)
    assert "Authorization" in before and "Cookie" in before
    assert "Authorization" not in after and "Cookie" not in after
    assert after["X-Key"] == "k"
    assert after["Host"] == f"127.0.0.1:{second}"


async def test_client_keeps_the_credentials_of_the_uri_from_another_origin() -> None:
    async with redirecting(lambda port: f"//127.0.0.1:{port}/") as (first, _, requests):
        async with connect(f"ws://u:p@127.0.0.1:{first}/"):
            pass
    assert "Authorization" in requests[0].headers
    assert "Authorization" not in requests[1].headers


async def test_client_keeps_the_credentials_of_the_uri_within_its_origin() -> None:
    requests: list[Request] = []

    def answer(request: Request) -> bytes:
        return redirect(f"ws://{request.headers['Host']}/b") if request.path == "/a" else accept_and_close(request)

    async with stream_server(answering(answer, requests)) as port:
        async with connect(f"ws://u:p@127.0.0.1:{port}/a"):
            pass
    assert requests[1].path == "/b"
    assert requests[1].headers["Authorization"] == requests[0].headers["Authorization"]


async def test_client_takes_no_credentials_from_a_redirect() -> None:
    async with redirecting(lambda port: f"ws://u:p@127.0.0.1:{port}/") as (first, _, requests):
        async with connect(f"ws://127.0.0.1:{first}/"):
            pass
    assert "Authorization" not in requests[1].headers


async def test_client_starts_each_attempt_at_its_own_uri() -> None:
    async with redirecting(lambda port: f"ws://127.0.0.1:{port}/b") as (first, _, requests):
        twice = connect(f"ws://127.0.0.1:{first}/a", additional_headers={"Cookie": "c"})
        for _ in range(2):
            async with twice:
                pass
    assert [request.path for request in requests] == ["/a", "/b", "/a", "/b"]
    assert ["Cookie" in request.headers for request in requests] == [True, False, True, False]


async def test_client_gives_up_after_too_many_redirects() -> None:
    requests: list[Request] = []
    async with stream_server(answering(redirect("/again"), requests)) as port:
        with pytest.raises(SecurityError, match=f"more than {MAX_REDIRECTS} redirects"):
            await connect(f"ws://127.0.0.1:{port}/")
    assert len(requests) == MAX_REDIRECTS + 1


def test_a_redirect_never_leaves_tls() -> None:
    for target in ("ws://h/", "ws://h:443/"):
        with pytest.raises(SecurityError, match="TLS"):
            check_redirect("wss://h/", target, {})


async def test_client_raises_for_a_location_that_is_no_websocket() -> None:
    async with stream_server(answering(redirect("ftp://h/"))) as port:
        with pytest.raises(InvalidURI, match="scheme"):
            await connect(f"ws://127.0.0.1:{port}/")


async def test_client_takes_a_redirect_without_a_location_for_a_refusal() -> None:
    async with stream_server(answering(b"HTTP/1.1 302 Found\r\n\r\nwhere?")) as port:
        with pytest.raises(InvalidStatus) as info:
            await connect(f"ws://127.0.0.1:{port}/")
    assert info.value.response.body == b"where?"


async def test_client_does_not_follow_a_redirect_with_a_socket_that_it_was_given() -> None:
    async with stream_server(answering(redirect("/b"))) as port:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            with pytest.raises(ValueError, match="socket") as info:
                await connect(f"ws://127.0.0.1:{port}/", sock=sock)
    assert isinstance(info.value.__context__, InvalidStatus)


async def test_client_stays_on_its_unix_socket(tmp_path: Path) -> None:
    location = "/b"

    def process_request(connection: peer.ServerConnection, request: Any) -> Any:
        if request.path == "/b":
            return None
        response = connection.respond(302, "")
        response.headers["Location"] = location
        return response

    async def nothing(connection: peer.ServerConnection) -> None:
        pass

    path = str(tmp_path / "socket")
    async with peer.unix_serve(nothing, path, process_request=process_request):
        async with unix_connect(path) as client:
            assert client.request is not None and client.request.path == "/b"
        location = "ws://other/b"
        with pytest.raises(ValueError, match="unix"):
            await unix_connect(path)


async def test_client_follows_a_redirect_to_a_real_server() -> None:
    async with echo_server() as server:
        async with stream_server(answering(redirect(f"ws://127.0.0.1:{port_of(server)}/x"))) as port:
            async with connect(f"ws://127.0.0.1:{port}/") as client:
                await client.send("there")
                assert await client.recv() == "there"


async def test_cancelling_on_the_way_through_a_redirect_leaves_no_transport_open() -> None:
    async with redirecting(lambda port: f"ws://127.0.0.1:{port}/b") as (first, _, _):
        assert await cancel_at_every_turn(lambda: connect(f"ws://127.0.0.1:{first}/a")) > 5
    gc.collect()  # what is left open warns, and a warning is an error


async def test_client_follows_a_redirect_into_tls(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    async with stream_server(answering(accept_and_close), ssl=context) as second:
        async with stream_server(answering(redirect(f"https://127.0.0.1:{second}/b", 301))) as first:
            expect_clients_to_give_up()
            without: dict[str, Any] = {"ssl": None}
            for options in ({}, without):
                with pytest.raises(ssl.SSLCertVerificationError):
                    await connect(f"ws://127.0.0.1:{first}/a", **options)
        async with stream_server(answering(redirect(f"wss://127.0.0.1:{second}/b")), ssl=context) as first:
            async with connect(f"wss://127.0.0.1:{first}/a", ssl=trust) as client:
                assert client.remote_address == ("127.0.0.1", second)
        async with stream_server(answering(redirect(f"ws://127.0.0.1:{second}/b")), ssl=context) as first:
            with pytest.raises(SecurityError, match="TLS"):
                await connect(f"wss://127.0.0.1:{first}/a", ssl=trust)

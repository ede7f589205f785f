# SPDX-License-Identifier: MIT
"""Clients that block: how they get to the server, and when they give up."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sync_peers import GUARD_SECONDS, Library, each_library, each_pair, echo, serving, uri_of
from sync_ways import answering, read_request, stream_server
from tidewire.exceptions import (
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    SecurityError,
)
from tidewire.sync.client import ClientConnection, connect, reconnect, unix_connect, unix_reconnect

TEAPOT = b"HTTP/1.1 418 I am a teapot\r\nContent-Length: 6\r\nX-Kind: green\r\n\r\nshort!and more"


def moved(target: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


@each_library
def test_a_refusal_has_the_response_with_its_body(library: Library) -> None:
    with answering(TEAPOT) as (port, _):
        with pytest.raises(library.exceptions.InvalidStatus) as caught:
            library.connect(f"ws://127.0.0.1:{port}/")
    response = caught.value.response
    assert (response.status_code, response.reason_phrase) == (418, "I am a teapot")
    assert (response.headers["X-Kind"], bytes(response.body)) == ("green", b"short!")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"\r\nup to the end", b"up to the end"),
        (b"Content-Length: 10\r\n\r\ncut", b"cut"),
        (b"\r\n" + bytes(2_000_000), bytes(1 << 20)),
    ],
    ids=["chunked", "to-the-end", "cut", "too-long"],
)
def test_the_body_of_a_refusal_is_read_however_it_comes(body: bytes, expected: bytes) -> None:
    with answering(b"HTTP/1.1 500 Oops\r\n" + body) as (port, _):
        with pytest.raises(InvalidStatus) as caught:
            connect(f"ws://127.0.0.1:{port}/")
    assert caught.value.response.body == expected


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", InvalidMessage),
        (b"HTTP/1.1 101 Swi", InvalidMessage),
        (b"hello\r\n\r\n", InvalidMessage),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", InvalidHeader),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, SecurityError),
    ],
)
def test_an_answer_that_is_none_is_an_error(answer: bytes, error: type[InvalidHandshake]) -> None:
    with answering(answer) as (port, _), pytest.raises(error):
        connect(f"ws://127.0.0.1:{port}/")


@each_library
def test_a_server_that_does_not_answer_is_given_up(library: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with pytest.raises(TimeoutError):
            library.connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/", open_timeout=0.1)


def test_a_body_that_does_not_end_is_given_up() -> None:
    stop = threading.Event()

    def handle(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n")
        stop.wait(GUARD_SECONDS)

    with stream_server(handle) as port:
        with pytest.raises(TimeoutError):
            connect(f"ws://127.0.0.1:{port}/", open_timeout=0.1)
        stop.set()


@each_library
def test_nobody_there_is_an_oserror(library: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(OSError):
        library.connect(f"ws://127.0.0.1:{port}/")


def test_the_request_says_what_the_arguments_say() -> None:
    with answering(TEAPOT) as (port, requests):
        with pytest.raises(InvalidStatus):
            connect(
                f"ws://ann:s%20x@127.0.0.1:{port}/path?query",
                origin="http://here",
                subprotocols=["a", "b"],
                additional_headers={"X-Extra": "1"},
                user_agent_header="me/1",
                compression=None,
            )
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{port}", user_agent_header=None)
    first, second = (request.decode() for request in requests)
    assert first.startswith(f"GET /path?query HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")
    for line in (
        "Origin: http://here",
        "Sec-WebSocket-Protocol: a, b",
        "X-Extra: 1",
        "User-Agent: me/1",
        "Authorization: Basic YW5uOnMgeA==",
    ):
        assert f"\r\n{line}\r\n" in first
    assert "Sec-WebSocket-Extensions" not in first
    assert second.startswith("GET / HTTP/1.1\r\n")
    assert "User-Agent" not in second and "Sec-WebSocket-Extensions: permessage-deflate" in second


@each_library
def test_redirects_are_followed_and_keep_credentials_only_where_they_were_meant_for(library: Library) -> None:
    seen: list[Any] = []

    def handler(websocket: Any) -> None:
        seen.append((websocket.request.path, websocket.request.headers.get("Authorization")))

    with serving(handler) as server:
        elsewhere = uri_of(server, "/there")
        with answering(moved("/again"), moved(elsewhere)) as (port, requests):
            uri = f"ws://127.0.0.1:{port}/first"
            with library.connect(uri, additional_headers={"Authorization": "Basic eA==", "Cookie": "c=d"}):
                pass
    assert [b"Authorization: Basic eA==" in request for request in requests] == [True, True]
    assert [request.split(b" ")[1] for request in requests] == [b"/first", b"/again"]
    assert seen == [("/there", None)]


def test_redirects_without_end_are_given_up() -> None:
    with answering(moved("/again")) as (port, requests):
        with pytest.raises(SecurityError, match="redirects"):
            connect(f"ws://127.0.0.1:{port}/")
    assert 10 <= len(requests) <= 11


@pytest.mark.parametrize("fixed", ["sock", "address"])
def test_a_redirect_elsewhere_is_refused_where_the_caller_said_where_to_connect(fixed: str) -> None:
    with answering(moved("ws://localhost:1/")) as (port, _):
        address = ("127.0.0.1", port)
        value = socket.create_connection(address) if fixed == "sock" else address
        with pytest.raises(ValueError, match="cannot follow the redirect to ws://localhost:1/"):
            connect("ws://localhost:9/", **{fixed: value})


def test_a_redirect_to_another_scheme_is_refused() -> None:
    with answering(moved("ftp://localhost/")) as (port, _), pytest.raises(InvalidURI):
        connect(f"ws://127.0.0.1:{port}/")


def test_a_socket_that_is_given_is_used() -> None:
    with serving() as server:
        sock = socket.create_connection(server.socket.getsockname())
        with connect("ws://nowhere.invalid/", sock=sock) as websocket:
            assert websocket.socket is sock
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"


def test_an_address_says_where_to_connect() -> None:
    hosts: list[str] = []
    with serving(lambda websocket: hosts.append(websocket.request.headers["Host"])) as server:
        with connect("ws://nowhere.invalid/", address=server.socket.getsockname()):
            pass
    assert hosts == ["nowhere.invalid"]


@each_pair
def test_a_unix_socket_is_a_way_too(client: Library, server: Library, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with serving(library=server, path=path):
        with client.client.unix_connect(path, legacy=True) as websocket:
            assert websocket.request.headers["Host"] == "localhost"
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"


@pytest.mark.parametrize("arguments", [{}, {"path": "x", "sock": socket}])
def test_a_unix_client_needs_a_path_or_a_socket(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="path"):
        unix_connect(**arguments)


@pytest.mark.parametrize(
    ("uri", "options", "error"),
    [
        ("http://localhost/", {}, InvalidURI),
        ("ws://localhost/#fragment", {}, InvalidURI),
        ("ws://localhost/", {"extensions": []}, ValueError),
        ("ws://localhost/", {"subprotocols": "chat"}, TypeError),
        ("ws://localhost/", {"subprotocols": ["no token"]}, ValueError),
        ("ws://localhost/", {"compression": "zip"}, ValueError),
        ("ws://localhost/", {"max_size": -1}, ValueError),
        ("ws://localhost/", {"max_queue": -1}, ValueError),
        ("ws://localhost/", {"ping_timeout": -1}, ValueError),
        ("ws://localhost/", {"ssl": object()}, ValueError),
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_connecting(
    uri: str, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        reconnect(uri, **options)


def test_connections_may_be_of_a_subclass() -> None:
    class Mine(ClientConnection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.mine = True

    with serving() as server, connect(uri_of(server), create_connection=Mine) as websocket:
        assert isinstance(websocket, Mine) and websocket.mine


@each_library
def test_reconnect_connects_anew_in_each_turn(library: Library) -> None:
    with serving() as server:
        echoed = []
        for websocket in library.client.reconnect(uri_of(server)):
            websocket.send(str(len(echoed)))
            echoed.append(websocket.recv(GUARD_SECONDS))
            if len(echoed) == 3:
                break
            if len(echoed) == 2:
                websocket.close()
                with pytest.raises(library.exceptions.ConnectionClosed):
                    websocket.recv()
                continue
    assert echoed == ["0", "1", "2"]


@each_library
def test_reconnect_waits_after_failures_and_resets_the_delays_after_success(library: Library) -> None:
    asked: list[float] = []

    def delays() -> Iterator[float]:
        for number in itertools.count():
            asked.append(number)
            yield 0.001

    answers = iter([503, 502, 101, 500, 101])

    def process_request(websocket: Any, request: Any) -> Any:
        status = next(answers)
        return None if status == 101 else websocket.respond(status, "later\n")

    with serving(echo, process_request=process_request) as server:
        connected = 0
        for websocket in library.client.reconnect(uri_of(server), reconnect_delays=delays):
            assert websocket is not None
            connected += 1
            if connected == 2:
                break
    assert asked == [0, 1, 0]


@each_library
def test_reconnect_raises_what_will_not_get_better(library: Library) -> None:
    with answering(TEAPOT) as (port, _):
        with pytest.raises(library.exceptions.InvalidStatus):
            for _ in library.client.reconnect(f"ws://127.0.0.1:{port}/"):
                raise AssertionError("connected to a teapot")
        with pytest.raises(ZeroDivisionError):
            judge = {"process_exception": lambda error: ZeroDivisionError()}
            for _ in library.client.reconnect(f"ws://127.0.0.1:{port}/", **judge):
                raise AssertionError("connected to a teapot")


def test_reconnect_is_a_with_statement_too_for_one_connection_at_a_time() -> None:
    with serving() as server:
        connector = connect(uri_of(server), legacy=False)
        assert isinstance(connector, reconnect)
        with connector as websocket:
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"
            with pytest.raises(RuntimeError, match="in use"), connector:
                raise AssertionError("connected twice")
        with connector as websocket:
            websocket.send("again")
            assert websocket.recv(GUARD_SECONDS) == "again"


def test_unix_reconnect_finds_the_server_when_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    failures: list[Exception] = []

    def judge(error: Exception) -> None:
        failures.append(error)

    def start_later() -> Iterator[float]:
        yield 0.01
        server.start()
        yield from itertools.repeat(0.01)

    stop = threading.Event()

    def serve() -> None:
        with serving(path=path):
            stop.wait(GUARD_SECONDS)

    server = threading.Thread(target=serve)
    for websocket in unix_reconnect(path, process_exception=judge, reconnect_delays=start_later):
        websocket.send("fine")
        assert websocket.recv(GUARD_SECONDS) == "fine"
        break
    stop.set()
    server.join(GUARD_SECONDS)
    assert failures and all(isinstance(error, OSError) for error in failures)

# SPDX-License-Identifier: MIT
"""Who is let in by servers with threads, and what the others are told."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
from sync_peers import (
    GUARD_SECONDS,
    OURS,
    Library,
    each_library,
    port_of,
    refused,
    serving,
    uri_of,
)
from tidewire.http11 import Response
from tidewire.sync.server import ServerConnection, basic_auth

REQUEST = (
    b"GET /chat?a=b HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def answer_to(server: Any, request: bytes) -> bytes:
    """Sends bytes, and returns all that comes."""
    with socket.create_connection(("127.0.0.1", port_of(server)), GUARD_SECONDS) as sock:
        sock.sendall(request)
        answer = b""
        while part := sock.recv(1 << 16):
            answer += part
        return answer


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", b"405"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"426"),
        (b"GET / HTTP/1.0\r\nHost: h\r\n\r\n", b"505"),
        (b"nonsense\r\n\r\n", b"400"),
        (REQUEST.replace(b"13", b"12") + b"\r\n", b"426"),
        (REQUEST.replace(b"AAAA==", b"") + b"\r\n", b"400"),
    ],
)
def test_a_request_that_is_none_is_answered(request_head: bytes, status: bytes) -> None:
    with serving() as server:
        answer = answer_to(server, request_head)
        assert answer.startswith(b"HTTP/1.1 " + status + b" ")
        assert b"\r\nConnection: close\r\n" in answer
        with OURS.connect(uri_of(server)) as websocket:
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"


def test_a_head_request_is_answered_without_a_body() -> None:
    with serving() as server:
        assert answer_to(server, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").endswith(b"\r\n\r\n")


def test_a_client_that_sends_nothing_is_not_waited_for() -> None:
    with serving(open_timeout=0.1) as server:
        assert answer_to(server, b"GET / HT") == b""


def test_a_message_that_comes_with_the_request_is_received() -> None:
    with serving() as server:
        with socket.create_connection(("127.0.0.1", port_of(server)), GUARD_SECONDS) as sock:
            sock.sendall(REQUEST + b"\r\n" + b"\x81\x85\0\0\0\0early")
            answer = b""
            while not answer.endswith(b"\r\n\r\n\x81\x05early"):
                part = sock.recv(1 << 16)
                assert part
                answer += part


@each_library
def test_handlers_know_the_request_the_response_and_the_addresses(library: Library) -> None:
    seen: dict[str, Any] = {}

    def handler(websocket: Any) -> None:
        seen["path"] = websocket.request.path
        seen["header"] = websocket.request.headers["X-Name"]
        seen["status"] = websocket.response.status_code
        seen["subprotocol"] = websocket.subprotocol
        seen["addresses"] = websocket.local_address, websocket.remote_address
        seen["server"] = websocket.server
        websocket.recv()  # until the client has looked

    with serving(handler, library=library, subprotocols=["two", "one"]) as server:
        with library.connect(
            uri_of(server, "/chat?a=b"), additional_headers={"X-Name": "x"}, subprotocols=["one", "two"]
        ) as websocket:
            addresses = websocket.remote_address, websocket.local_address
            assert websocket.subprotocol == "two"
            websocket.send("seen")
            assert websocket.wait_closed(GUARD_SECONDS)
            assert websocket.close_code == 1000
    assert seen == {
        "path": "/chat?a=b",
        "header": "x",
        "status": 101,
        "subprotocol": "two",
        "addresses": addresses,
        "server": server,
    }


@each_library
def test_process_request_may_answer_itself(library: Library) -> None:
    def process_request(websocket: Any, request: Any) -> Any:
        if request.path == "/healthz":
            response = websocket.respond(200, "OK\n")
            response.headers["X-Checked"] = "yes"
            return response
        return None

    with serving(library=library, process_request=process_request) as server:
        response = refused(library, uri_of(server, "/healthz"))
        assert (response.status_code, response.body, response.headers["X-Checked"]) == (200, b"OK\n", "yes")
        with library.connect(uri_of(server)) as websocket:
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"


@each_library
def test_process_response_may_change_the_response_or_return_another(library: Library) -> None:
    def process_response(websocket: Any, request: Any, response: Any) -> Any:
        if request.path == "/no":
            return websocket.respond(403, "no\n")
        response.headers["X-Added"] = "yes"
        return None

    with serving(library=library, process_response=process_response) as server:
        response = refused(library, uri_of(server, "/no"))
        assert (response.status_code, response.body) == (403, b"no\n")
        with library.connect(uri_of(server)) as websocket:
            assert websocket.response.headers["X-Added"] == "yes"


@each_library
@pytest.mark.parametrize("hook", ["process_request", "process_response"])
def test_a_hook_that_raises_is_answered_with_500_and_logged(
    library: Library, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> Any:
        raise ZeroDivisionError

    with serving(library=library, **{hook: fail}) as server:
        assert refused(library, uri_of(server)).status_code == 500
    assert f"{hook} failed" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_hook_that_returns_no_response_is_answered_with_500(caplog: pytest.LogCaptureFixture) -> None:
    with serving(process_request=lambda websocket, request: (200, "OK")) as server:
        assert refused(OURS, uri_of(server)).status_code == 500
    assert "process_request must return a Response or None, not tuple" in caplog.text


def test_process_response_cannot_accept_what_was_refused(caplog: pytest.LogCaptureFixture) -> None:
    def accept(websocket: ServerConnection, request: Any, response: Response) -> Response:
        response.status_code = 101
        return response

    with serving(process_response=accept) as server:
        assert answer_to(server, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == b""
    assert "may refuse a client, but not accept it" in caplog.text


@each_library
def test_select_subprotocol_chooses_among_those_offered(library: Library) -> None:
    def choose(websocket: Any, offered: Any) -> str | None:
        assert websocket.request is not None
        return "b" if "b" in offered else None

    with serving(library=library, subprotocols=["a", "b"], select_subprotocol=choose) as server:
        with library.connect(uri_of(server), subprotocols=["a", "b"]) as websocket:
            assert websocket.subprotocol == "b"
        with library.connect(uri_of(server), subprotocols=["a"]) as websocket:
            assert websocket.subprotocol is None


@each_library
def test_origins_say_who_is_let_in(library: Library) -> None:
    origins = ["http://good", re.compile(r"https://.*\.good"), None]
    with serving(library=library, origins=origins) as server:
        for origin in ("http://good", "https://very.good", None):
            with library.connect(uri_of(server), origin=origin):
                pass
        for origin in ("http://bad", "https://very.good.bad"):
            assert refused(library, uri_of(server), origin=origin).status_code == 403


def test_without_origins_pages_of_others_are_kept_out_unless_any_origin_is_allowed() -> None:
    with serving() as server:
        assert refused(OURS, uri_of(server), origin="http://elsewhere").status_code == 403
        with OURS.connect(uri_of(server), origin=f"http://127.0.0.1:{port_of(server)}"):
            pass
    with serving(any_origin=True) as server, OURS.connect(uri_of(server), origin="http://elsewhere"):
        pass


@each_library
def test_basic_auth_lets_in_who_knows_the_password(library: Library) -> None:
    names = []

    def handler(websocket: Any) -> None:
        names.append(websocket.username)

    auth = library.server.basic_auth("here", credentials=[("ann", "secret"), ("bob", "é:")])
    with serving(handler, library=library, process_request=auth) as server:
        for user in ("ann:secret", "bob:%C3%A9%3A"):
            with library.connect(uri_of(server).replace("//", f"//{user}@")) as websocket:
                assert websocket.wait_closed(GUARD_SECONDS)
        for user in ("ann:wrong", "carl:secret", None):
            uri = uri_of(server) if user is None else uri_of(server).replace("//", f"//{user}@")
            response = refused(library, uri)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == 'Basic realm="here", charset="UTF-8"'
    assert names == ["ann", "bob"]


def test_basic_auth_may_ask_a_function_which_is_no_coroutine_function(caplog: pytest.LogCaptureFixture) -> None:
    class Later:
        def __await__(self) -> Any:
            yield

    auth = basic_auth(check_credentials=lambda user, password: user == password)
    with serving(process_request=auth) as server:
        with OURS.connect(uri_of(server).replace("//", "//a:a@")):
            pass
        assert refused(OURS, uri_of(server).replace("//", "//a:b@")).status_code == 401
    auth = basic_auth(check_credentials=lambda user, password: Later())  # type: ignore[arg-type, return-value]
    with serving(process_request=auth) as server:
        assert refused(OURS, uri_of(server).replace("//", "//a:a@")).status_code == 500
    assert "must return a bool" in caplog.text

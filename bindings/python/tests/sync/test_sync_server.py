# SPDX-License-Identifier: MIT
"""Servers with threads: who is let in, and how they stop."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from sync_peers import (
    GUARD_SECONDS,
    OURS,
    THEIRS,
    Library,
    each_library,
    echo,
    in_background,
    pair,
    port_of,
    raw_server,
    serving,
    uri_of,
)
from tidewire.exceptions import ConnectionClosedError, ConnectionClosedOK
from tidewire.http11 import Response
from tidewire.sync.server import ServerConnection, basic_auth, broadcast, serve, unix_serve

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


def refused(library: Library, uri: str, **options: Any) -> Any:
    """Returns the response of a server that does not accept the connection."""
    with pytest.raises(library.exceptions.InvalidStatus) as caught:
        library.connect(uri, **options)
    return caught.value.response


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

    with serving(handler, library=library, subprotocols=["two", "one"]) as server:
        with library.connect(
            uri_of(server, "/chat?a=b"), additional_headers={"X-Name": "x"}, subprotocols=["one", "two"]
        ) as websocket:
            addresses = websocket.remote_address, websocket.local_address
            assert websocket.subprotocol == "two"
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


@each_library
def test_a_handler_that_raises_closes_with_1011_and_is_logged(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(websocket: Any) -> None:
        raise ZeroDivisionError

    with serving(handler, library=library) as server:
        with library.connect(uri_of(server)) as websocket:
            with pytest.raises(library.exceptions.ConnectionClosedError) as caught:
                websocket.recv(GUARD_SECONDS)
            assert caught.value.rcvd.code == 1011
    assert "connection handler failed" in caplog.text and "ZeroDivisionError" in caplog.text


@each_library
def test_shutdown_closes_connections_with_1001_and_waits_for_handlers(library: Library) -> None:
    ended = []

    def handler(websocket: Any) -> None:
        with contextlib.suppress(library.exceptions.ConnectionClosed):
            websocket.recv()
        ended.append(websocket.close_code)

    with serving(handler, library=library) as server:
        clients = [library.connect(uri_of(server)) for _ in range(5)]
        server.shutdown(reason="see you")
        assert ended == [1001] * 5
        for websocket in clients:
            with pytest.raises(library.exceptions.ConnectionClosedOK) as caught:
                websocket.recv(GUARD_SECONDS)
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1001, "see you")
        assert server.fileno() == -1
        assert server.connections == set()


@each_library
def test_shutdown_may_leave_connections_alone(library: Library) -> None:
    with serving(library=library) as server:
        websocket = library.connect(uri_of(server))
        with in_background(lambda: server.shutdown(close_connections=False)):
            websocket.send("still here")
            assert websocket.recv(GUARD_SECONDS) == "still here"
            websocket.close()


def test_shutdown_does_not_wait_for_clients_that_send_no_request() -> None:
    with serving(open_timeout=None) as server:
        sock = socket.create_connection(("127.0.0.1", port_of(server)), GUARD_SECONDS)
        sock.sendall(b"GET / HTTP/1.1\r\n")
        with OURS.connect(uri_of(server)):  # accepted after it
            pass
        server.shutdown()
        with sock:
            assert sock.recv(1 << 16).startswith(b"HTTP/1.1 503 ")


def test_shutdown_refuses_a_request_that_is_being_judged() -> None:
    judging = threading.Event()
    go_on = threading.Event()

    def process_request(websocket: ServerConnection, request: Any) -> None:
        judging.set()
        assert go_on.wait(GUARD_SECONDS)

    with serving(process_request=process_request) as server:
        with in_background(lambda: refused_with_503(uri_of(server))):
            assert judging.wait(GUARD_SECONDS)
            with in_background(server.shutdown):
                while not server.closing:
                    threading.Event().wait(0.01)
                go_on.set()


def refused_with_503(uri: str) -> None:
    assert refused(OURS, uri).status_code == 503


def test_shutdown_from_handlers_does_not_wait_for_them() -> None:
    barrier = threading.Barrier(2)

    def handler(websocket: ServerConnection) -> None:
        barrier.wait(GUARD_SECONDS)
        websocket.server.shutdown()

    server = serve(handler, "127.0.0.1", 0)
    with in_background(server.serve_forever):
        clients = [OURS.connect(uri_of(server)) for _ in range(2)]
        for websocket in clients:
            with pytest.raises(ConnectionClosedOK):
                websocket.recv(GUARD_SECONDS)
    server.shutdown()


def test_shutdown_twice_and_before_serving_returns() -> None:
    with serve(echo, "127.0.0.1", 0) as server:
        server.shutdown()
        server.serve_forever()
    server.shutdown()


def test_a_signal_handler_may_shut_the_server_down() -> None:
    with serve(echo, "127.0.0.1", 0) as server:
        clients: list[Any] = []

        def connect_and_interrupt() -> None:
            clients.append(OURS.connect(uri_of(server)))
            os.kill(os.getpid(), signal.SIGUSR1)

        previous = signal.signal(signal.SIGUSR1, lambda number, frame: server.shutdown())
        try:
            with in_background(connect_and_interrupt):
                server.serve_forever()
        finally:
            signal.signal(signal.SIGUSR1, previous)
        with pytest.raises(ConnectionClosedOK):
            clients[0].recv(GUARD_SECONDS)


def test_a_server_serves_in_one_thread_at_a_time() -> None:
    with serving() as server:
        with OURS.connect(uri_of(server)):
            with pytest.raises(RuntimeError, match="runs already"):
                server.serve_forever()


def test_a_shortage_of_descriptors_does_not_end_the_server(caplog: pytest.LogCaptureFixture) -> None:
    class Short(socket.socket):
        failures = 2

        def accept(self) -> Any:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, "no more")
            return super().accept()

    sock = Short()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    with serving(sock=sock) as server, OURS.connect(uri_of(server)) as websocket:
        websocket.send("fine")
        assert websocket.recv(GUARD_SECONDS) == "fine"
    assert caplog.text.count("cannot accept a connection") == 2


@pytest.mark.parametrize("client", [OURS, THEIRS], ids=["tidewire", "websockets"])
def test_a_unix_socket_may_be_served(client: Library, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(path=path):
        with client.client.unix_connect(os.fspath(path), legacy=True) as websocket:
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"extensions": []}, ValueError),
        ({"subprotocols": "chat"}, TypeError),
        ({"compression": "zip"}, ValueError),
        ({"max_queue": -1}, ValueError),
        ({"max_queue": (1, 2)}, ValueError),
        ({"max_size": 0}, ValueError),
        ({"ping_interval": 0}, ValueError),
        ({"close_timeout": -1}, ValueError),
        ({"port": None}, ValueError),
    ],
)
def test_arguments_that_make_no_sense_are_refused_at_once(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=re.escape(next(iter(options)))):
        serve(echo, **{"host": "127.0.0.1", "port": 0, **options})


def test_where_to_listen_is_said_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        with pytest.raises(ValueError, match="sock"):
            serve(echo, "127.0.0.1", sock=sock)
    with pytest.raises(ValueError, match="path"):
        unix_serve(echo)


def test_connections_may_be_of_a_subclass() -> None:
    class Mine(ServerConnection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.mine = True

    def handler(websocket: Mine) -> None:
        websocket.send(str(websocket.mine))

    with serving(handler, create_connection=Mine) as server, OURS.connect(uri_of(server)) as websocket:
        assert websocket.recv(GUARD_SECONDS) == "True"


@pytest.mark.parametrize("library", [OURS, THEIRS], ids=["tidewire", "websockets"])
def test_the_server_logs_what_happens(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving(library=library) as server:
        with library.connect(uri_of(server)):
            address = f"server listening on 127.0.0.1:{port_of(server)}"
    text = caplog.text
    for line in (address, "connection open", "server closing", "server closed"):
        assert line in text


def test_a_broadcast_reaches_all_that_are_open(caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda websocket: websocket.wait_closed(GUARD_SECONDS), compression=None) as server:
        clients = [library.connect(uri_of(server)) for library in (OURS, THEIRS, OURS)]
        while len(server.connections) < 3:
            threading.Event().wait(0.01)
        for message in ("text", b"binary", bytearray(b"binary")):
            broadcast(server.connections, message)
            for websocket in clients:
                assert websocket.recv(GUARD_SECONDS) == message
        broadcast(server.connections, b"text", text=True, max_workers=5)
        broadcast(server.connections, "binary", text=False)
        clients[0].close()
        broadcast(server.connections, "rest")
        assert [clients[1].recv(GUARD_SECONDS) for _ in range(3)] == ["text", b"binary", "rest"]
        for websocket in clients:
            websocket.close()
        with pytest.raises(TypeError):
            broadcast([], ["fragments"])  # type: ignore[arg-type]
    assert "skipped" not in caplog.text


@each_library
def test_a_broadcast_leaves_out_who_is_sending_fragments(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    with pair(client=library, server=library) as (one, other):

        def fragments() -> Any:
            yield "a"
            library.server.broadcast([one], "skipped")
            with pytest.raises(Exception, match="skipped broadcast"):  # an ExceptionGroup, which 3.10 has not
                library.server.broadcast([one], "skipped", raise_exceptions=True)
            yield "b"

        one.send(fragments())
        one.send("after")
        assert [other.recv(GUARD_SECONDS) for _ in range(2)] == ["ab", "after"]
    assert "skipped broadcast: sending a fragmented message" in caplog.text


def test_a_broadcast_that_cannot_be_written_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with raw_server(close_timeout=0.1) as (stuck, _), pair() as (one, other):
        timer = threading.Timer(0.3, stuck.close)
        timer.start()
        broadcast([stuck, one], b"x" * 20_000_000)
        timer.join(GUARD_SECONDS)
        with pytest.raises(ConnectionClosedError):
            other.recv(GUARD_SECONDS)  # which is longer than its max_size
    assert "skipped broadcast: failed to write message" in caplog.text

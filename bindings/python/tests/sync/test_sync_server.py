# SPDX-License-Identifier: MIT
"""Servers with threads: what they are made with, and how they stop."""

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
    port_of,
    refused,
    serving,
    uri_of,
)
from tidewire.exceptions import ConnectionClosedOK, ProtocolError
from tidewire.sync.server import ServerConnection, serve, unix_serve


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

        def connect() -> None:
            assert refused(OURS, uri_of(server)).status_code == 503

        with in_background(connect):
            assert judging.wait(GUARD_SECONDS)
            with in_background(server.shutdown):
                while not server.closing:
                    threading.Event().wait(0.01)
                go_on.set()


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
        ({"max_fragments": 0}, ValueError),
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


def test_shutdown_refuses_what_no_close_frame_can_say_and_goes_on_serving() -> None:
    with serving() as server:
        for code, reason in ((1005, ""), (1001, "x" * 124)):
            with pytest.raises(ProtocolError):
                server.shutdown(code=code, reason=reason)
        with OURS.connect(uri_of(server)) as websocket:
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"

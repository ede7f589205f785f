# SPDX-License-Identifier: MIT
"""Servers and peers for the tests of the blocking API."""

from __future__ import annotations

import contextlib
import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tidewire
from tidewire._opening import ClientOpening, ServerPolicy, accept_request
from tidewire.http11 import Request
from tidewire.sync.server import ServerConnection

GUARD_SECONDS = 60  # against hanging; nothing is measured


class Library:
    """The blocking API of one library: of `websockets`, which users know, or ours."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client: Any = importlib.import_module(f"{name}.sync.client")
        self.server: Any = importlib.import_module(f"{name}.sync.server")
        self.exceptions: Any = importlib.import_module(f"{name}.exceptions")
        self.state: Any = importlib.import_module(f"{name}.protocol").State

    def connect(self, uri: str, **options: Any) -> Any:
        return self.client.connect(uri, legacy=True, **options)


OURS = Library("tidewire")
THEIRS = Library("websockets")

# (client, server): ours with ours, and each of ours with theirs.
each_pair = pytest.mark.parametrize(
    ("client", "server"),
    [
        pytest.param(OURS, OURS, id="tidewire"),
        pytest.param(OURS, THEIRS, id="client-of-websockets"),
        pytest.param(THEIRS, OURS, id="server-of-websockets"),
    ],
)
# What is expected of a library, asked of both.
each_library = pytest.mark.parametrize("library", [OURS, THEIRS], ids=["tidewire", "websockets"])


def echo(websocket: Any) -> None:
    """A handler."""
    for message in websocket:
        websocket.send(message)


def port_of(server: Any) -> int:
    return int(server.socket.getsockname()[1])


def uri_of(server: Any, path: str = "/") -> str:
    return f"ws://127.0.0.1:{port_of(server)}{path}"


def refused(library: Library, uri: str, **options: Any) -> Any:
    """Returns the response of a server that does not accept the connection."""
    with pytest.raises(library.exceptions.InvalidStatus) as caught:
        library.connect(uri, **options)
    return caught.value.response


@contextlib.contextmanager
def in_background(run: Callable[[], Any]) -> Iterator[None]:
    """Runs a function in a thread, which has to return before the block is left; what it raises is raised there."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            run()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield
    finally:
        thread.join(GUARD_SECONDS)
    assert not thread.is_alive()
    for error in errors:
        raise error


@contextlib.contextmanager
def when_stuck(websocket: Any, act: Callable[[], Any]) -> Iterator[None]:
    """Calls `act`, in a thread, when a send of the connection waits for a peer that does not read."""

    def run() -> None:
        while not websocket._pump._out or websocket._pump.lock.locked():
            assert not websocket._pump.ended
            time.sleep(0.01)
        act()

    with in_background(run):
        yield


@contextlib.contextmanager
def serving(handler: Callable[[Any], None] = echo, *, library: Library = OURS, **options: Any) -> Iterator[Any]:
    """Runs a server in a thread, and shuts it down in the end."""
    if "path" not in options and "sock" not in options:
        options = {"host": "127.0.0.1", "port": 0, **options}
    serve_it = library.server.unix_serve if "path" in options else library.server.serve
    server = serve_it(handler, **options)
    with in_background(server.serve_forever):
        try:
            yield server
        finally:
            server.shutdown()


@contextlib.contextmanager
def pair(*, serve: dict[str, Any] | None = None, connect: dict[str, Any] | None = None, **libraries: Library) -> Any:
    """Yields both ends of a connection, the client's and the server's. Both are closed in the end."""
    ends: list[Any] = []
    arrived = threading.Event()

    def handler(websocket: Any) -> None:
        ends.append(websocket)
        arrived.set()
        websocket.wait_closed(GUARD_SECONDS)

    with serving(handler, library=libraries.get("server", OURS), **serve or {}) as server:
        with libraries.get("client", OURS).connect(uri_of(server), **connect or {}) as websocket:
            assert arrived.wait(GUARD_SECONDS)
            yield websocket, ends[0]


class RawPeer:
    """A peer that does what it is told and nothing else, on a socket that blocks."""

    def __init__(self, sock: socket.socket, role: tidewire.Role) -> None:
        sock.settimeout(GUARD_SECONDS)
        self.sock = sock
        self.engine = tidewire.Connection(
            role, upgraded=True, manual_close=True, manual_pong=True, max_message_len=1 << 30, max_frame_len=1 << 30
        )
        self._events: list[Any] = []

    def send(self, *messages: Any) -> None:
        """Sends messages."""
        self.engine.send_batch(messages)
        self.flush()

    def flush(self) -> None:
        """Writes what the engine has queued."""
        self.sock.sendall(self.engine.data_to_send())

    def next_event(self) -> Any:
        """Returns the next event, None at the end of the stream."""
        while not self._events:
            data = self.sock.recv(1 << 16)
            if not data:
                return None
            self._events += self.engine.receive(data)
        return self._events.pop(0)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Sends a close frame."""
        self.engine.close(code, reason)
        self.flush()

    def reset(self) -> None:
        """Closes the socket so that the peer's next read or write fails."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


def _read_head(sock: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = sock.recv(1)
        assert part
        head += part
    return head


@contextlib.contextmanager
def raw_server(library: Library = OURS, **options: Any) -> Iterator[tuple[Any, RawPeer]]:
    """Yields a client and its peer, without compression. The client is closed in the end, after the peer's socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peers: list[RawPeer] = []

        def accept() -> None:
            sock, _ = listening.accept()
            head = _read_head(sock)
            response, _ = accept_request(ServerPolicy(), head, Request.parse(head))
            sock.sendall(response.serialize())
            peers.append(RawPeer(sock, tidewire.Role.SERVER))

        with in_background(accept):
            uri = f"ws://127.0.0.1:{listening.getsockname()[1]}/"
            websocket = library.connect(uri, compression=None, **options)
        with websocket:
            try:
                yield websocket, peers[0]
            finally:
                peers[0].sock.close()


@contextlib.contextmanager
def raw_client(**options: Any) -> Iterator[tuple[ServerConnection, RawPeer]]:
    """Yields a connection of our server and its peer, whose socket is closed in the end."""
    ends: list[ServerConnection] = []
    arrived = threading.Event()

    def handler(websocket: ServerConnection) -> None:
        ends.append(websocket)
        arrived.set()
        websocket.wait_closed(GUARD_SECONDS)

    with serving(handler, compression=None, **options) as server:
        with socket.create_connection(("127.0.0.1", port_of(server))) as sock:
            sock.sendall(ClientOpening(host="127.0.0.1", target="/").head)
            _read_head(sock)
            assert arrived.wait(GUARD_SECONDS)
            yield ends[0], RawPeer(sock, tidewire.Role.CLIENT)

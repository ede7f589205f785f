# SPDX-License-Identifier: MIT
"""uvicorn in a thread, and sockets that speak to it in bytes, for tests."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import uvicorn

REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Serving:
    """A server of an ASGI application on 127.0.0.1, as long as the `with` block lasts."""

    def __init__(self, app: Any, ws: Any, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(app, ws=ws, log_config=None, **options))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})

    def __enter__(self) -> Serving:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "uvicorn did not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self._thread.join()

    def stop(self) -> None:
        """Tells uvicorn to shut down, and does not wait for it."""
        self._server.should_exit = True

    def uri(self, path: str = "/", scheme: str = "ws") -> str:
        """Returns the URI of a path."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def ask(self, path: str = "/") -> socket.socket:
        """Returns a socket that has asked for a WebSocket."""
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        peer.sendall(REQUEST.format(path=path).encode())
        return peer


def read_until(peer: socket.socket, end: bytes | None) -> bytes:
    """Reads until `end` is among the bytes, or with None until nothing more comes."""
    data = b""
    while end is None or end not in data:
        got = peer.recv(65536)
        if not got and end is None:
            break
        assert got, f"the connection ended after {data!r}"
        data += got
    return data

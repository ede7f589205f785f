# SPDX-License-Identifier: MIT
"""The opening handshake on a blocking socket: what client and server share."""

from __future__ import annotations

import socket
import time

from ..exceptions import InvalidMessage, SecurityError
from ..http11 import MAX_HEAD_LEN

READ_LEN = 1 << 16
"""Bytes of a read outside of the engine's memory."""


class Deadline:
    """When something has to be done."""

    def __init__(self, seconds: float | None) -> None:
        """`seconds` from now; None is never."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Returns the seconds that are left, None without an end. Raises TimeoutError where none are."""
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out during the opening handshake")
        return left


def send_all(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Writes all of `data`. Raises TimeoutError, OSError."""
    sock.settimeout(deadline.left())
    sock.sendall(data)


def read_some(sock: socket.socket, deadline: Deadline) -> bytes:
    """Returns what comes next, nothing at the end of the stream. Raises TimeoutError, OSError."""
    sock.settimeout(deadline.left())
    return sock.recv(READ_LEN)


def read_head(sock: socket.socket, deadline: Deadline) -> tuple[bytes, bytes]:
    """Reads an HTTP head.

    Returns it with its empty line, and what came after it. Raises InvalidMessage if the peer went before, SecurityError
    if it is too long, TimeoutError, OSError.
    """
    data = bytearray()
    while True:
        searched = max(0, len(data) - 3)
        part = read_some(sock, deadline)
        if not part:
            error = InvalidMessage("the peer closed the connection before the end of the HTTP head")
            raise error from EOFError("the stream ended")
        data += part
        end = data.find(b"\r\n\r\n", searched, MAX_HEAD_LEN)
        if end >= 0:
            return bytes(data[: end + 4]), bytes(data[end + 4 :])
        if len(data) >= MAX_HEAD_LEN:
            raise SecurityError(f"the HTTP head is longer than {MAX_HEAD_LEN} bytes")

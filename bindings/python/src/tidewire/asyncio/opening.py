# SPDX-License-Identifier: MIT
"""The protocol of a transport during the opening handshake: it collects the head of an HTTP message."""

from __future__ import annotations

import asyncio

from ..exceptions import InvalidMessage, SecurityError
from ..http11 import MAX_HEAD_LEN

_MAX_AHEAD_LEN = 1 << 18  # of what may come before the session begins


class HeadReader(asyncio.Protocol):
    """Reads up to the empty line. Then somebody else takes the transport over."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        """The head with its empty line; InvalidMessage if the peer went before, SecurityError if it is too long."""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the transport is gone."""

    def take_rest(self) -> bytes:
        """Returns what came after the head so far."""
        rest = bytes(self._data)
        self._data.clear()
        return rest

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer is connected."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._data += data
        if self.head.done():
            if len(self._data) > _MAX_AHEAD_LEN:
                self.transport.pause_reading()
            return
        end = self._data.find(b"\r\n\r\n", self._searched)
        if 0 <= end <= MAX_HEAD_LEN - 4:
            head = bytes(self._data[: end + 4])
            del self._data[: end + 4]
            self.head.set_result(head)
        elif len(self._data) > MAX_HEAD_LEN:
            self.head.set_exception(SecurityError(f"the HTTP head is longer than {MAX_HEAD_LEN} bytes"))
        else:
            self._searched = max(0, len(self._data) - 3)

    def eof_received(self) -> bool | None:
        """The peer sends nothing more."""
        if not self.head.done():
            self.head.set_exception(InvalidMessage("the peer closed the connection before the end of the HTTP head"))
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        if not self.head.done():
            error = InvalidMessage("the connection was lost before the end of the HTTP head")
            error.__cause__ = exc
            self.head.set_exception(error)
        if not self.lost.done():
            self.lost.set_result(None)

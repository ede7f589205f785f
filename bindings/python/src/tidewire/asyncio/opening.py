# SPDX-License-Identifier: MIT
"""The protocol of a transport during the opening handshake: it collects the head of an HTTP message."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import cast

from ..exceptions import InvalidMessage, SecurityError
from ..http11 import MAX_HEAD_LEN

_MAX_AHEAD_LEN = 1 << 18  # of what may come before the session begins

if sys.version_info >= (3, 11):
    timeout = asyncio.timeout
else:

    class timeout:  # noqa: N801
        """What asyncio.timeout does from Python 3.11 on: raises TimeoutError if its block takes too long."""

        def __init__(self, seconds: float | None) -> None:
            self._seconds = seconds
            self._timer: asyncio.TimerHandle | None = None
            self._expired = False

        def expired(self) -> bool:
            """Returns whether the time is over."""
            return self._expired

        async def __aenter__(self) -> timeout:
            self._task = asyncio.current_task()
            if self._seconds is not None:
                self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)
            return self

        async def __aexit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
        ) -> None:
            if self._timer is not None:
                self._timer.cancel()
            if self._expired and kind is asyncio.CancelledError:
                raise TimeoutError from error

        def _expire(self) -> None:
            assert self._task is not None
            self._expired = True
            self._task.cancel()


def end_output(transport: asyncio.Transport) -> None:
    """Ends our direction of a stream, or where that cannot be, as in TLS, both. Waits for nothing."""
    if not transport.can_write_eof():
        transport.close()
        return
    try:
        transport.write_eof()
    except OSError:  # the peer has gone
        transport.abort()


class HeadReader(asyncio.Protocol):
    """Reads up to the empty line. Then somebody else takes the transport over."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._data = bytearray()
        self._refused = False
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

    async def refuse(self, answer: bytes, seconds: float | None) -> None:
        """Writes the last that the peer gets, and closes the transport. What the peer still sends is thrown away for
        `seconds` at most: closing a socket with unread input would reset it, and the answer might never arrive."""
        self._refused = True
        self._data.clear()
        self.transport.resume_reading()
        self.transport.write(answer)
        end_output(self.transport)
        try:
            await asyncio.wait((self.lost,), timeout=seconds)
        finally:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The peer is connected."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are not of that class

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._refused:
            return
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
            self._fail(SecurityError(f"the HTTP head is longer than {MAX_HEAD_LEN} bytes"))
        else:
            self._searched = max(0, len(self._data) - 3)

    def eof_received(self) -> bool | None:
        """The peer sends nothing more."""
        self._fail_at_end("the peer closed the connection before the end of the HTTP head", None)
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._fail_at_end("the connection was lost before the end of the HTTP head", exc)
        if not self.lost.done():
            self.lost.set_result(None)

    def _fail_at_end(self, text: str, cause: Exception | None) -> None:
        """Fails with an EOFError as the cause, by which users tell what the network did from what the peer did."""
        if not self.head.done():
            error = InvalidMessage(text)
            error.__cause__ = EOFError(text)
            error.__cause__.__cause__ = cause
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.head.set_exception(error)
        self.head.exception()  # it may be that nobody waits for it any more

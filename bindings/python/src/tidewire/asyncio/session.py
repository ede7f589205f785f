# SPDX-License-Identifier: MIT
"""A session: one open connection on an asyncio transport. The callback API, `connect` and `serve`, and the protocol
class for uvicorn are made of it.

What happens for each read and each message is in `_native.Session`. The hooks that it calls are here and in subclasses.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from typing import Any

from .._errors import Error
from .._native import Close, Connection
from .._native import Session as NativeSession
from .._types import CloseCause
from ..frames import CloseCode
from ..typing import Data

_LINGER_SECONDS = 10


class Session(NativeSession, asyncio.BufferedProtocol):
    """The protocol of a transport once the opening handshake is done."""

    __slots__ = ("_linger", "_timer", "close_rcvd", "close_reason_sent", "failure", "lost")

    def __init__(self) -> None:
        super().__init__()
        self.failure: Error | None = None
        """What the engine says was wrong, where it failed the connection."""
        self.close_rcvd: Close | None = None
        """The peer's close frame."""
        self.close_reason_sent = ""
        self.lost = False
        """Whether the transport is gone."""
        self._timer: asyncio.TimerHandle | None = None
        self._linger: asyncio.TimerHandle | None = None

    def begin(self, engine: Connection, transport: asyncio.Transport, data: bytes = b"", **options: Any) -> None:
        """Takes over a transport whose opening handshake is done, and `data` that was read after it. `options` are
        those of attach."""
        transport.set_protocol(self)
        self.attach(engine, transport, asyncio.get_running_loop(), **options)
        if data:
            self.feed(data)

    def end_with(self, code: int, reason: str = "") -> None:
        """Starts the closing handshake, if it has not begun."""
        if not self.lost and self.engine.close_info.cause is CloseCause.NOBODY:
            self.engine.close(code, reason)
            self.close_reason_sent = reason
            self.flush()

    # ---- asyncio.BufferedProtocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing: `begin` has the transport."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self.lost = True
        self._receive_eof()
        for timer in (self._timer, self._linger):
            if timer is not None:
                timer.cancel()
        self._timer = self._linger = None
        self.detach()
        self._on_lost(exc)

    def eof_received(self) -> None:
        """The peer ended its direction; asyncio closes the transport."""
        self._receive_eof()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self._write_paused = True
        self._on_pause()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._write_paused = False
        self._on_resume()

    def _receive_eof(self) -> None:
        self.drain()
        with contextlib.suppress(Error):
            self.engine.receive_eof()

    # ---- Hooks of the native half ----

    def _on_event(self, event: Any) -> None:
        """A Ping, Pong, Close or Chunk came."""
        if isinstance(event, Close):
            self.close_rcvd = event
            self.end()

    def _on_failure(self, error: Error) -> None:
        """The engine failed; what it has to say is written next."""
        self.failure = error
        self.end()

    def _on_exception(self, error: Exception) -> None:
        """A callback raised: a bug on our side, which ends the connection."""
        context = {"message": "a callback of a session failed", "exception": error, "protocol": self}
        self._loop.call_exception_handler(context)
        self.end_with(CloseCode.INTERNAL_ERROR)

    def _arm(self, deadline_ns: int) -> None:
        """Calls `timer_fired` at this time of time.monotonic_ns(), which is earlier than the last one."""
        if self._timer is not None:
            self._timer.cancel()
        delay = max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9)
        self._timer = self._loop.call_later(delay, self.timer_fired)

    def _finish(self) -> None:
        """All is read and written. Closing a socket that has unread input would reset it, and the peer might never see
        our last frame. So this ends our direction, and the peer's end closes the rest."""
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._linger = self._loop.call_later(_LINGER_SECONDS, self.transport.abort)
        else:
            self.transport.close()

    def _pause_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    # ---- Hooks of subclasses ----

    def _closed_exception(self) -> Exception:
        """What recv raises after `end`."""
        raise NotImplementedError

    def _unpack(self, item: Any) -> Data:
        """Makes the message of something that `put` has queued."""
        raise NotImplementedError

    def _send_slowly(self, message: Any, text: bool | None) -> Awaitable[None]:
        """A send that has to wait, or of something that is not one message, or on a connection that is closed."""
        raise NotImplementedError

    def _on_lost(self, exc: Exception | None) -> None:
        """The transport is gone, and nothing more will happen."""

    def _on_pause(self) -> None:
        """The transport's write buffer is above its high-water mark."""

    def _on_resume(self) -> None:
        """It is below the low-water mark again."""

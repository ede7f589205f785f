# SPDX-License-Identifier: MIT
"""A session: one open connection on an asyncio transport. The callback API, `connect` and `serve`, and the protocol
class for uvicorn are made of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from .._errors import Error
from .._native import Close, Connection
from .._types import CloseCause
from .core import SessionCore

_LINGER_SECONDS = 10


class Session(SessionCore, asyncio.BufferedProtocol):
    """The protocol of a transport once the opening handshake is done."""

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
        self.timer_fired()  # from now on there is a time
        if data:
            self.feed(data)

    def end_with(self, code: int, reason: str = "") -> None:
        """Starts the closing handshake, if it has not begun."""
        if not self.lost and self.engine.close_info.cause is CloseCause.NOBODY:
            self.close_reason_sent = reason
            self.engine.close(code, reason)
            self.flush()

    # ---- asyncio.BufferedProtocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing: `begin` has the transport."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self.lost = True
        with contextlib.suppress(Error):
            self.engine.receive_eof()
        for timer in (self._timer, self._linger):
            if timer is not None:
                timer.cancel()
        self._timer = self._linger = None
        self._finished = True
        self._write_paused = False
        self.end()
        self._on_lost(exc)

    def eof_received(self) -> None:
        """The peer ended its direction; asyncio closes the transport."""
        with contextlib.suppress(Error):
            self.engine.receive_eof()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self._write_paused = True
        self._on_pause()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._write_paused = False
        self._on_resume()

    # ---- Hooks of the core ----

    def _on_event(self, event: Any) -> None:
        if isinstance(event, Close):
            self.close_rcvd = event
            self.end()

    def _on_failure(self, error: Error) -> None:
        self.failure = error
        self.end()

    def _arm(self, deadline_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay = max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9)
        self._timer = self._loop.call_later(delay, self.timer_fired)

    def _finish(self) -> None:
        """Closing a socket that has unread input would reset it, and the peer might never see our last frame. So this
        ends our direction, and the peer's end closes the rest."""
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._linger = self._loop.call_later(_LINGER_SECONDS, self.transport.abort)
        else:
            self.transport.close()

    def _pause_reading(self) -> None:
        self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    # ---- Hooks of subclasses ----

    def _on_lost(self, exc: Exception | None) -> None:
        """The transport is gone, and nothing more will happen."""

    def _on_pause(self) -> None:
        """The transport's write buffer is above its high-water mark."""

    def _on_resume(self) -> None:
        """It is below the low-water mark again."""

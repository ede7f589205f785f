# SPDX-License-Identifier: MIT
"""An open WebSocket as an ASGI application sees it, for `tidewire.uvicorn`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

from ._errors import Error
from ._types import State
from .asyncio.session import Session
from .frames import CloseCode

Event: TypeAlias = MutableMapping[str, Any]
"""What an application receives and sends."""


_logger = logging.getLogger("uvicorn.error")


class ClientDisconnected(OSError):
    """The client is gone: what `send` raises, as ASGI wants it."""


class AsgiSession(Session):
    """The open WebSocket, as an ASGI application sees it."""

    def __init__(self, on_lost: Callable[[Exception | None], None]) -> None:
        super().__init__()
        self._tell_lost: Callable[[Exception | None], object] = on_lost
        self._app_closed = False
        self._ending: tuple[int, str] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def ending(self) -> tuple[int, str]:
        """Returns the close code that the application is told, and the reason."""
        if self._ending is not None:
            return self._ending
        if self.failure is not None:
            return self.failure.close_code or CloseCode.ABNORMAL_CLOSURE.value, self.failure.message
        if self.close_rcvd is not None:
            return self.close_rcvd.code, self.close_rcvd.reason
        return CloseCode.ABNORMAL_CLOSURE.value, ""

    async def send_event(self, kind: str, event: Event) -> None:
        """Does what the application says."""
        if self._app_closed or kind not in ("websocket.send", "websocket.close"):
            closed = "after sending 'websocket.close'"
            raise unexpected(kind, closed if self._app_closed else "expected 'websocket.send' or 'websocket.close'")
        if kind == "websocket.send":
            data = event.get("bytes")
            await self.send(event.get("text") if data is None else data)
        else:
            self.close(event.get("code", CloseCode.NORMAL_CLOSURE), event.get("reason") or "")
            self._app_closed = True

    def close(self, code: int, reason: str = "") -> None:
        """Starts the closing handshake, unless it is under way. What still comes is thrown away."""
        if self.engine.state is State.OPEN:
            self.end_with(code, reason)
            self._ending = (int(code), reason)
            self.end()
            self.discard()  # else a full queue would keep us from the client's close frame

    # ---- Hooks of the session ----

    def _closed_exception(self) -> Exception:
        return ClientDisconnected()

    async def _send_slowly(self, message: Any, text: bool | None) -> None:
        await self._writable.wait()
        if self.engine.state is not State.OPEN:
            raise ClientDisconnected()
        self.send_now(message, text=text)

    def _on_failure(self, error: Error) -> None:
        super()._on_failure(error)
        _logger.info("connection failed: %s", error)
        if error.name == "TW_ERR_TIMEOUT_CLOSE":
            self.transport.abort()

    def _on_pause(self) -> None:
        self._writable.clear()

    def _on_resume(self) -> None:
        self._writable.set()

    def _on_lost(self, exc: Exception | None) -> None:
        self._writable.set()
        self._tell_lost, tell_lost = _ignore, self._tell_lost  # no cycle is left to the garbage collector
        tell_lost(exc)
        _logger.info("connection closed")


def unexpected(kind: str, why: str) -> RuntimeError:
    """Returns what tells an application that an event is out of place."""
    return RuntimeError(f"Unexpected ASGI message '{kind}', {why}.")


def _ignore(*args: object) -> None:
    pass

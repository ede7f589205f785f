# SPDX-License-Identifier: MIT
"""The callback API, for speed: a listener is told what happens on a connection, and no task or future is made per
message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from .._native import BorrowedMessage, Ping, Pong
from .._native import Connection as Engine
from .._types import Agreement, DeflateConfig, Role
from ..frames import CloseCode
from ..typing import LoggerLike
from .accepting import ServerSide
from .client import open_client
from .endpoint import Endpoint, SessionOptions
from .opening import HeadReader
from .server import Server, serve
from .session import Session

__all__ = ["BorrowedMessage", "Listener", "ListenerSession", "connect_listener", "serve_listener"]


class Listener:
    """What is to be done when something happens on a connection. All methods do nothing here: override those you need.

    They are called by the event loop, which does nothing else meanwhile. If one raises, the loop's exception handler is
    told, and the connection is closed with 1011.
    """

    def on_open(self, session: ListenerSession) -> None:
        """The opening handshake is done. The first call."""

    def on_message(self, session: ListenerSession, message: BorrowedMessage) -> None:
        """A message came. `message` is only valid until you return: `message.is_text`, `message.text`,
        `message.tobytes()`, `len(message)`; `session.send(message)` sends it on, without a copy in between.
        `message.data` is a memoryview that you may keep: the message is copied for it once, or handed over where it was
        put together from several reads."""

    def on_close(self, session: ListenerSession, code: int, reason: str) -> None:
        """The connection is closed, the last call. `code` is the peer's, 1005 if it gave none, 1006 if it said nothing;
        see session.closed_exception() for all that is known."""

    def on_ping(self, session: ListenerSession, data: bytes) -> None:
        """A ping came; it has been answered."""

    def on_pong(self, session: ListenerSession, data: bytes) -> None:
        """A pong came, for session.ping() or for nothing."""

    def on_pause(self, session: ListenerSession) -> None:
        """The peer reads too slowly: more than `write_limit` bytes wait. Better send no more ..."""

    def on_resume(self, session: ListenerSession) -> None:
        """... until now."""


ListenerT = TypeVar("ListenerT", bound=Listener)


class ListenerSession(Endpoint):
    """A connection with the callback API. What is sent in one turn of the loop, or while one read is dealt with, leaves
    in one write."""

    __slots__ = ("listener",)

    def __init__(self, options: SessionOptions, server: Server | None, listener: Listener) -> None:
        """Made by `connect_listener` and `serve_listener` alone."""
        super().__init__(options, server)
        self.listener = listener

    # Queues a message: str, bytes, any other buffer, or what on_message got. send(message, *, text=None, compress=None);
    # `text` says whether it is text, `compress` whether to compress it. UsageError if the connection is not open.
    send = Session.send_now  # type: ignore[assignment]

    def ping(self, data: bytes = b"") -> None:
        """Sends a ping of up to 125 bytes; see Listener.on_pong. Raises UsageError if the connection is not open."""
        self.engine.ping(data)
        self.flush()

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Begins the closing handshake, unless it has begun; it takes close_timeout at most. Then Listener.on_close is
        called, and `wait_closed` returns. Raises exceptions.ProtocolError for a code or reason that must not be sent."""
        self.start_closing(code, reason)

    def _begin(self, engine: Engine, transport: asyncio.Transport, data: bytes) -> None:
        self.begin(engine, transport, on_message=self.listener.on_message)
        self._call(self.listener.on_open)
        if data and not self.lost:
            self.feed(data)

    def _on_event(self, event: Any) -> None:
        if isinstance(event, Ping):
            self._call(self.listener.on_ping, event.data)
        elif isinstance(event, Pong):
            self._call(self.listener.on_pong, event.data)
        else:
            super()._on_event(event)

    def _on_pause(self) -> None:
        self._call(self.listener.on_pause)

    def _on_resume(self) -> None:
        self._call(self.listener.on_resume)

    def _on_lost(self, exc: Exception | None) -> None:
        super()._on_lost(exc)
        self._call(self.listener.on_close, self.close_code, self.close_reason)

    def _call(self, callback: Callable[..., None], *args: Any) -> None:
        try:
            callback(self, *args)
        except Exception as error:
            self._on_exception(error)


class _ServerListenerSession(ServerSide, ListenerSession):
    """With what the hooks of a server may call."""


async def connect_listener(
    factory: Callable[[], ListenerT],
    uri: str,
    *,
    compression: str | DeflateConfig | None = "deflate",
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: int | None | tuple[int | None, int | None] = 1 << 20,
    max_fragments: int | None = 4096,
    write_limit: int | tuple[int, int | None] = 1 << 15,
    logger: LoggerLike | None = None,
    **options: Any,
) -> tuple[ListenerSession, ListenerT]:
    """Opens a connection, and returns it with the listener that factory() has made for it. The arguments are those of
    `connect`, and so are the exceptions."""
    session_options = SessionOptions.make(
        "tidewire.client",
        compression=compression,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        close_timeout=close_timeout,
        max_size=max_size,
        max_fragments=max_fragments,
        write_limit=write_limit,
        logger=logger,
    )

    def begin(
        agreement: Agreement, request: bytes, response: bytes, reader: HeadReader
    ) -> tuple[ListenerSession, ListenerT]:
        listener = factory()
        session = ListenerSession(session_options, None, listener)
        session.open(Role.CLIENT, agreement, reader, request, response)
        return session, listener

    return await open_client(uri, make_session=begin, compression=compression, **options)


def serve_listener(
    factory: Callable[[], Listener],
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    **options: Any,
) -> Server:
    """Serves connections: each gets a listener that factory() makes when its request comes. The arguments are those of
    `serve`; its hooks get the ListenerSession, which is not open yet."""

    def make(session_options: SessionOptions, server: Server) -> ListenerSession:
        return _ServerListenerSession(session_options, server, factory())

    return serve(_no_handler, host, port, create_connection=make, **options)


def _no_handler(connection: Any) -> Awaitable[None]:
    raise AssertionError("listeners have no handler")

# SPDX-License-Identifier: MIT
"""What the coroutine API and the callback API have in common: how an open connection begins and ends, and what can be
asked of it."""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .._errors import Error
from .._native import Close as PeerClose
from .._native import Connection
from .._options import deflate_option, engine_options, queue_limits, shared_pool
from .._payload import check_close
from .._types import NEVER, Agreement, CloseCause, DeflateConfig, Role, State
from ..exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from ..frames import Close, CloseCode
from ..http11 import Request, Response
from ..typing import LoggerLike, Subprotocol
from .opening import HeadReader, end_output
from .session import Session

if TYPE_CHECKING:
    from .server import Server

_GOOD_CODES = (CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD)
_OUTPUT_HIGH_LEN = 1 << 16  # queued by the engine; from there on it is written at once


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Arguments of `connect` and `serve` that matter to an open connection, checked, and shared by all of them."""

    engine: dict[str, Any]
    """Keyword arguments for `tidewire.Connection`."""
    high: int | None
    """More messages in the queue pause the reading; None: it is never paused."""
    low: int
    """So many resume it."""
    write_limit: tuple[int, int | None]
    """Bytes in the transport's buffer: as set_write_buffer_limits has it."""
    deflate: DeflateConfig | None
    """What is offered or accepted."""
    close_timeout: float | None
    logger: LoggerLike

    @classmethod
    def make(
        cls,
        logger_name: str,
        *,
        compression: str | DeflateConfig | None = "deflate",
        max_queue: int | None | tuple[int | None, int | None] = 16,
        write_limit: int | tuple[int, int | None] = 1 << 15,
        close_timeout: float | None = 10,
        max_fragments: int | None = 4096,
        logger: LoggerLike | None = None,
        **options: Any,
    ) -> SessionOptions:
        """Checks the arguments; `options` are those of `engine_options`. Raises ValueError."""
        high, low = queue_limits(max_queue)
        deflate = deflate_option(compression)
        engine = engine_options(
            close_timeout=close_timeout,
            max_fragments=NEVER if max_fragments is None else max_fragments,
            output_high_len=_OUTPUT_HIGH_LEN,
            **options,
        )
        Connection(Role.SERVER, deflate=deflate, **engine)  # says now what it would say later of every connection
        return cls(
            engine,
            high,
            low,
            _write_limits(write_limit),
            deflate,
            close_timeout,
            logging.getLogger(logger_name) if logger is None else logger,
        )


class Endpoint(Session):
    """One side of a connection."""

    stream_fragmented: ClassVar[bool] = False
    """Whether messages of several frames come as Chunk events."""

    __slots__ = (
        "_closed_waiter",
        "_id",
        "_lost_cause",
        "_opened",
        "_request",
        "_response",
        "options",
        "server",
        "subprotocol",
    )

    def __init__(self, options: SessionOptions, server: Server | None = None) -> None:
        """A side that is not open yet. `server` is told when it is gone."""
        super().__init__()
        self.options = options
        self.server = server
        self.subprotocol: Subprotocol | None = None
        """What the opening handshake agreed on."""
        self._opened = False
        self._request: Request | bytes | None = None
        self._response: Response | bytes | None = None
        self._id: uuid.UUID | None = None
        self._closed_waiter: asyncio.Future[None] | None = None
        self._lost_cause: BaseException | None = None

    def open(
        self, role: Role, agreement: Agreement, reader: HeadReader, request_head: bytes, response_head: bytes
    ) -> None:
        """Begins, with the transport of `reader` and what it has read after the head."""
        transport = reader.transport
        transport.set_write_buffer_limits(*self.options.write_limit)
        self.subprotocol = agreement.subprotocol
        self._request = request_head
        self._response = response_head
        engine = Connection(
            role,
            upgraded=True,
            deflate=None if agreement.deflate is None else self.options.deflate,
            negotiated=agreement.deflate,
            pool=shared_pool(),
            stream_fragmented=self.stream_fragmented,
            manual_close=True,  # the answer repeats the reason
            **self.options.engine,
        )
        self._opened = True
        if not transport.is_closing():
            transport.resume_reading()  # if too much was read ahead
        self._begin(engine, transport, reader.take_rest())
        if reader.lost.done() and not self.lost:
            self.connection_lost(None)  # while the handshake was answered

    # ---- What can be asked ----

    @property
    def id(self) -> uuid.UUID:
        """A random name for the connection, for logs."""
        if self._id is None:
            self._id = uuid.uuid4()
        return self._id

    @property
    def logger(self) -> LoggerLike:
        """Logs with this connection as the attribute `websocket` of the records."""
        return logging.LoggerAdapter(self.options.logger, {"websocket": self})

    @property
    def request(self) -> Request | None:
        """The request of the opening handshake."""
        if isinstance(self._request, bytes):
            self._request = Request.parse(self._request)
        return self._request

    def set_request(self, request: Request) -> None:
        """For the hooks of a server, which look at it before the connection is open."""
        self._request = request

    def set_response(self, response: Response) -> None:
        """Likewise."""
        self._response = response

    @property
    def response(self) -> Response | None:
        """The response of the opening handshake."""
        if isinstance(self._response, bytes):
            self._response = Response.parse(self._response)
        return self._response

    @property
    def local_address(self) -> Any:
        """Our address, as socket.getsockname() has it."""
        return self.transport.get_extra_info("sockname")

    @property
    def remote_address(self) -> Any:
        """The peer's address, as socket.getpeername() has it."""
        return self.transport.get_extra_info("peername")

    @property
    def state(self) -> State:
        """How far the connection is."""
        return self.engine.state if self._opened else State.CONNECTING

    @property
    def close_code(self) -> int | None:
        """The peer's close code: 1005 if its close frame had none, 1006 if none came, and None while it may come."""
        if self.close_rcvd is not None:
            return self.close_rcvd.code
        return CloseCode.ABNORMAL_CLOSURE if self.state is State.CLOSED else None

    @property
    def close_reason(self) -> str | None:
        """The peer's reason, "" where it gave none, and None while it may come."""
        if self.close_rcvd is not None:
            return self.close_rcvd.reason
        return "" if self.state is State.CLOSED else None

    # ---- The end ----

    async def wait_closed(self) -> None:
        """Waits until the connection and its transport are closed."""
        if self.lost:
            return
        if self._closed_waiter is None:
            self._closed_waiter = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._closed_waiter)

    def start_closing(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Sends a close frame, unless the end has begun already. The transport is closed when the peer has answered,
        or after close_timeout.

        Raises exceptions.ProtocolError for a code or reason that must not be sent; nothing has happened then.
        """
        check_close(code, reason)
        self.end_with(code, reason)

    def closed_exception(self) -> ConnectionClosed:
        """Returns what tells the user how the connection ended."""
        info = self.engine.close_info
        rcvd = None if self.close_rcvd is None else Close(self.close_rcvd.code, self.close_rcvd.reason)
        sent = Close(info.local_code, self.close_reason_sent) if info.local_code else None
        order = None if rcvd is None or sent is None else info.cause is CloseCause.PEER
        good = rcvd is not None and sent is not None and rcvd.code in _GOOD_CODES and sent.code in _GOOD_CODES
        error = (ConnectionClosedOK if good else ConnectionClosedError)(rcvd, sent, order)
        error.__cause__ = self.failure or self._lost_cause
        return error

    # ---- Hooks of the session ----

    def _begin(self, engine: Connection, transport: asyncio.Transport, data: bytes) -> None:
        """Calls `begin`, with what is to be done with messages."""
        raise NotImplementedError

    def _on_event(self, event: Any) -> None:
        super()._on_event(event)
        if isinstance(event, PeerClose) and self.engine.close_info.cause is CloseCause.PEER:
            self.close_reason_sent = event.reason
            self.engine.close(0 if event.code == CloseCode.NO_STATUS_RCVD else event.code, event.reason)

    def _on_failure(self, error: Error) -> None:
        super()._on_failure(error)
        if error.name == "TW_ERR_TIMEOUT_CLOSE":
            self._lost_cause = TimeoutError("timed out while closing connection")
            self.transport.abort()

    def _finish(self) -> None:
        # As in Session, but the peer has close_timeout to close its side.
        if self.transport.is_closing():
            return
        end_output(self.transport)
        if not self.transport.is_closing() and self.options.close_timeout is not None:
            self._linger = self._loop.call_later(self.options.close_timeout, self.transport.abort)

    def _on_lost(self, exc: Exception | None) -> None:
        if self._lost_cause is None:
            self._lost_cause = exc
        if self._closed_waiter is not None and not self._closed_waiter.done():
            self._closed_waiter.set_result(None)
        if self.server is not None:
            self.server.forget(self)

    def _closed_exception(self) -> Exception:
        return self.closed_exception()


def _write_limits(write_limit: int | tuple[int, int | None]) -> tuple[int, int | None]:
    high, low = write_limit if isinstance(write_limit, tuple) else (write_limit, None)
    if not 0 <= (0 if low is None else low) <= high:
        raise ValueError(f"write_limit must be a number of bytes, or a high and a low one, not {write_limit!r}")
    return high, low

# SPDX-License-Identifier: MIT
"""What connections of clients and servers have in common."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import socket
import threading
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, TypeVar, overload

from .._native import Chunk, Message, Pong, PreparedMessage
from .._native import Close as CloseEvent
from .._native import Connection as Engine
from .._options import shared_pool
from .._payload import BYTES_LIKE, DATA_LIKE, check_close, control_payload, encoded
from .._types import CloseCause, Deflate, DeflateConfig, Role, State
from ..exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidState,
)
from ..frames import OK_CLOSE_CODES, Close, CloseCode
from ..http11 import Request, Response
from ..typing import Data, DataLike, LoggerLike
from .inbox import Inbox
from .options import ConnectionOptions
from .pings import Pings
from .pump import Pump

_C = TypeVar("_C", bound="Connection")


class Connection:
    """One side of a WebSocket. Any thread may call any method; only receiving is for one thread at a time.

    A thread in the background reads the socket: pings are answered, and the end is noticed, whatever the caller does.
    """

    _role: Role
    _engine: Engine
    _inbox: Inbox

    def __init__(self, sock: socket.socket, options: ConnectionOptions) -> None:
        """`sock` is connected, and belongs to the connection from now on."""
        self.socket = sock
        """The socket. Do not read, write or close it."""
        self.local_address: Any = sock.getsockname()
        """Our end of it."""
        self.remote_address: Any = _peer_of(sock)
        """The peer's end, None if it has gone already."""
        self.request: Request | None = None
        """The request of the opening handshake."""
        self.response: Response | None = None
        """The response."""
        self.id = uuid.uuid4()
        """Identifies the connection in logs."""
        self.logger: LoggerLike = logging.LoggerAdapter(options.logger, {"websocket": weakref.proxy(self)})
        """The logger, with this connection as `websocket` in its records."""
        self._options = options
        self._lock = threading.Lock()
        self._pump: Pump | None = None
        self._close_rcvd: Close | None = None
        self._reason_sent = ""
        self._drops = False  # messages that nobody is waiting for
        self._sending_fragments = False
        self._pings = Pings()
        self._rtt_ns = 0  # of the engine's pings, when the last pong to one of ours came

    def _begin(self, config: DeflateConfig | None, terms: Deflate | None, rest: bytes) -> None:
        """The opening handshake is done, which asked for compression as `config` and agreed on `terms`, and `rest` was
        read behind it. Raises OSError, RuntimeError as Pump.start."""
        self._engine = Engine(
            self._role,
            upgraded=True,
            stream_fragmented=True,
            manual_close=True,  # the answer repeats the reason
            deflate=None if terms is None else config,
            negotiated=terms,
            pool=shared_pool(),
            **self._options.engine,
        )
        pump = Pump(
            self.socket,
            self._engine,
            self._lock,
            close_timeout=self._options.close_timeout,
            on_event=self._on_event,
            may_read=lambda: not self._inbox.full,
            on_end=self._on_end,
        )
        self._inbox = Inbox(self._lock, self._options.queue_limits, on_room=pump.wake)
        self._pump = pump
        pump.start(rest)

    def _opened(self) -> Pump:
        if self._pump is None:
            raise InvalidState("the opening handshake is not done")
        return self._pump

    def _closed(self) -> ConnectionClosed:
        """Waits for the end of the connection, and returns the exception that tells how it came."""
        pump = self._opened()
        pump.join()
        code, _, cause = self._engine.close_info
        rcvd = self._close_rcvd
        sent = Close(code, self._reason_sent) if code else None
        order = None if rcvd is None or sent is None else cause is CloseCause.PEER
        good = all(close is not None and close.code in OK_CLOSE_CODES for close in (rcvd, sent))
        error = (ConnectionClosedOK if good else ConnectionClosedError)(rcvd, sent, order)
        error.__cause__ = pump.cause or self._engine.error
        return error

    # ---- What it is ----

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the opening handshake chose."""
        return None if self.response is None else self.response.headers.get("Sec-WebSocket-Protocol")

    @property
    def state(self) -> State:
        """How far the connection is. It is CLOSED when the socket is."""
        if self._pump is None:
            return State.CONNECTING
        if self._pump.ended:
            return State.CLOSED
        return State.OPEN if self._pump.is_open else State.CLOSING

    @property
    def latency(self) -> float:
        """Seconds from the last ping to its pong, be it of `ping` or of ping_interval; 0 before the first."""
        if self._pump is None:
            return 0.0
        rtt_ns = self._engine.stats().rtt_ns
        return self._pings.latency if rtt_ns == self._rtt_ns else rtt_ns / 1e9

    @property
    def close_code(self) -> int | None:
        """The peer's close code, 1005 if its close frame had none, 1006 if none came; None before the end."""
        if self.state is not State.CLOSED:
            return None
        return CloseCode.ABNORMAL_CLOSURE if self._close_rcvd is None else self._close_rcvd.code

    @property
    def close_reason(self) -> str | None:
        """The peer's reason; None before the end."""
        if self.state is not State.CLOSED:
            return None
        return "" if self._close_rcvd is None else self._close_rcvd.reason

    # ---- Receiving ----

    def __iter__(self) -> Iterator[Data]:
        """Yields messages until the connection is closed. ConnectionClosedError if it failed."""
        with contextlib.suppress(ConnectionClosedOK):
            while True:
                yield self.recv()

    @overload
    def recv(self, timeout: float | None, decode: Literal[True]) -> str: ...
    @overload
    def recv(self, timeout: float | None, decode: Literal[False]) -> bytes: ...
    @overload
    def recv(self, timeout: float | None = None, *, decode: Literal[True]) -> str: ...
    @overload
    def recv(self, timeout: float | None = None, *, decode: Literal[False]) -> bytes: ...
    @overload
    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data: ...

    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data:
        """Returns the next message, a str if it is text, else bytes; `decode` says that it is to be a str, or bytes.

        Waits `timeout` seconds at most: 0 takes only what is here already. After the end of the connection it returns
        the messages that came before, then raises.

        Raises TimeoutError, after which nothing is lost; ConnectionClosed; ConcurrencyError while another thread
        receives.
        """
        try:
            self._opened()
            return self._inbox.get(timeout, decode)
        except EOFError:
            pass
        except UnicodeDecodeError as error:
            self._fail_to_decode(error)
        raise self._closed()

    @overload
    def recv_streaming(self, decode: Literal[True]) -> Iterator[str]: ...
    @overload
    def recv_streaming(self, decode: Literal[False]) -> Iterator[bytes]: ...
    @overload
    def recv_streaming(self, decode: bool | None = None) -> Iterator[Data]: ...

    def recv_streaming(self, decode: bool | None = None) -> Iterator[Data]:
        """Yields the next message in parts, as they come, if it was sent in fragments. The parts need not be the
        fragments.

        Take them all: until then nothing else can be received (ConcurrencyError). Raises as recv.
        """
        try:
            self._opened()
            yield from self._inbox.get_iter(decode)
            return
        except EOFError:
            pass
        except UnicodeDecodeError as error:
            self._fail_to_decode(error)
        raise self._closed()

    def _fail_to_decode(self, error: UnicodeDecodeError) -> None:
        with self._lock:
            self._opened().blame(error)
        self.start_closing(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")

    # ---- Sending ----

    def send(self, message: DataLike | Iterable[DataLike], *, text: bool | None = None) -> None:
        """Sends a message, a str as text, else as binary; `text` says that it is to be text, or binary. What an
        iterable yields is sent as the fragments of one message, each at once.

        Waits until the system has taken the bytes. Raises ConnectionClosed; ConcurrencyError while another thread sends
        fragments; TypeError, and for text that is not UTF-8 tidewire.UsageError.
        """
        if isinstance(message, DATA_LIKE):
            self._transmit(lambda: self._put(message, text))
        elif isinstance(message, Mapping):
            raise TypeError("a message cannot be a mapping; send its keys() as fragments, or what you make of it")
        elif isinstance(message, Iterable):
            self._send_fragments(iter(message), text)
        else:
            raise TypeError(f"a message must be str, bytes-like or an iterable of these, not {type(message).__name__}")

    def _put(self, message: DataLike, text: bool | None, *, more: bool = False) -> None:
        """Queues a message, or the first fragment of one, with the lock."""
        if self._sending_fragments:
            raise ConcurrencyError("cannot call send while another thread is sending a message in fragments")
        if isinstance(message, str) if text is None else text:
            self._engine.send_text(message, more=more)
        else:
            self._engine.send_binary(encoded(message), more=more)
        self._sending_fragments = more

    def _send_fragments(self, fragments: Iterator[DataLike], text: bool | None) -> None:
        try:
            first = next(fragments)
        except StopIteration:
            return
        kind = str if isinstance(first, str) else BYTES_LIKE
        if not isinstance(first, kind):
            raise TypeError(f"a fragment must be str or bytes-like, not {type(first).__name__}")
        begun = False

        def begin() -> None:
            nonlocal begun
            self._put(first, text, more=True)
            begun = True

        try:
            self._transmit(begin)
            for fragment in fragments:
                if not isinstance(fragment, kind):
                    raise TypeError("all fragments of a message must be str, or all bytes-like")
                self._transmit(functools.partial(self._engine.send_continuation, encoded(fragment), more=True))
            self._transmit(self._put_end)
        except BaseException:
            if begun:  # and it cannot be completed
                self.start_closing(CloseCode.INTERNAL_ERROR, "error in fragmented message")
            raise

    def _put_end(self) -> None:
        self._engine.send_continuation(b"")
        self._sending_fragments = False

    def ping(self, data: DataLike | None = None, *, ack_on_close: bool = False) -> threading.Event:
        """Sends a ping, with at most 125 bytes of data, by default four random ones.

        Returns an Event that its pong sets, or that of a later ping; with `ack_on_close` the end of the connection too.
        Raises ConnectionClosed, and ConcurrencyError while a ping with the same data is under way.
        """
        payload = os.urandom(4) if data is None else control_payload(data)
        answered = threading.Event()

        def put() -> None:
            self._pings.add(payload, answered, ack_on_close)
            self._engine.ping(payload)

        self._transmit(put)
        return answered

    def pong(self, data: DataLike = b"") -> None:
        """Sends a pong that answers nothing. Raises ConnectionClosed."""
        payload = control_payload(data)
        self._transmit(lambda: self._engine.pong(payload))

    def _transmit(self, put: Callable[[], None]) -> None:
        """Calls `put`, which queues something in the engine, with the lock, and writes it."""
        pump = self._opened()
        with self._lock:
            if pump.is_open:
                put()
                if pump.flush_and_wait():
                    return
        raise self._closed()

    def _post(self, prepared: PreparedMessage) -> bool:
        """Begins to send a message, and does not wait. Returns whether the connection is open. Raises
        ConcurrencyError."""
        if self._pump is None:
            return False
        with self._lock:
            if not self._pump.is_open:
                return False
            if self._sending_fragments:
                raise ConcurrencyError("sending a fragmented message")
            self._engine.send_prepared(prepared)
            self._pump.flush_or_wake()
            return True

    def _wait_posted(self) -> bool:
        """Waits until all is written. Returns whether it was."""
        with self._lock:
            return self._opened().flush_and_wait()

    # ---- The end ----

    def __enter__(self: _C) -> _C:
        """Returns the connection, which is closed after the with statement: 1011 after an exception."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(CloseCode.NORMAL_CLOSURE if kind is None else CloseCode.INTERNAL_ERROR)

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Closes the connection, and waits for the peer to agree, `close_timeout` seconds at most. Without effect when
        it is closed already. Raises ProtocolError for a code or reason that cannot be sent."""
        if self._pump is None:
            self.socket.close()
        else:
            self.start_closing(code, reason)
            self._pump.join()

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Waits until the connection is closed, or `timeout` seconds. Returns whether it is."""
        return self._opened().join(timeout)

    def start_closing(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Like close, but does not wait."""
        pump = self._opened()
        with self._lock:
            if not pump.is_open:
                return
            if self._sending_fragments:
                code, reason = CloseCode.INTERNAL_ERROR, "close during fragmented message"
            check_close(code, reason)
            self._engine.close(code, reason)
            self._reason_sent = reason
            pump.hurry()
            pump.flush()

    # ---- Hooks of the pump, which has the lock ----

    def _on_event(self, event: Any) -> None:
        if isinstance(event, (Message, Chunk)):
            self._drops = self._drops or (self._inbox.full and self._opened().hurries)
            if not self._drops:
                self._inbox.put(event)
        elif isinstance(event, CloseEvent):
            self._close_rcvd = Close(event.code, event.reason)
            if self._engine.close_info.cause is CloseCause.PEER:
                self._reason_sent = event.reason
                self._engine.close(0 if event.code == CloseCode.NO_STATUS_RCVD else event.code, event.reason)
        elif isinstance(event, Pong) and self._pings.on_pong(event.data):
            self._rtt_ns = self._engine.stats().rtt_ns

    def _on_end(self) -> None:
        self._inbox.end()
        self._pings.end()


def _peer_of(sock: socket.socket) -> Any:
    try:
        return sock.getpeername()
    except OSError:
        return None

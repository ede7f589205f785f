# SPDX-License-Identifier: MIT
"""A connection with the coroutine API: what `connect` returns, and what the handlers of `serve` get."""

from __future__ import annotations

import asyncio
import builtins
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._errors import Error, UsageError
from .._native import Chunk, Pong, PreparedMessage
from .._native import Connection as Engine
from .._options import shared_pool
from .._types import Opcode, State
from ..exceptions import ConcurrencyError, ProtocolError
from ..frames import CloseCode
from ..typing import Data, DataLike
from .endpoint import Endpoint, SessionOptions
from .messages import END, Decoder, Pieces, check_piece, join, next_piece, pieces_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from .server import Server

__all__ = ["Connection", "broadcast"]


class Connection(Endpoint):
    """An open connection.

    `async for` yields its messages until it is closed; `async with` closes it in the end, with code 1011 if the block
    raises. One coroutine at a time may receive; any number may send.
    """

    stream_fragmented = True

    __slots__ = ("_chunks", "_drains", "_latency", "_passed_on", "_pings", "_sending", "_streaming", "_too_fast")

    def __init__(self, options: SessionOptions, server: Server | None = None) -> None:
        """Made by `connect` and `serve` alone."""
        super().__init__(options, server)
        self._chunks: list[Chunk] | None = None  # of the message of several frames that comes now
        self._passed_on = False  # they go into the queue one by one, for recv_streaming
        self._streaming = False  # which awaits the first of a message
        self._pings: dict[bytes, tuple[asyncio.Future[float], float]] | None = None
        self._latency = 0.0
        self._sending: asyncio.Future[None] | None = None  # done when the message of several frames is sent
        self._too_fast = False  # the transport's buffer is full
        self._drains: set[asyncio.Future[None]] | None = None  # who waits for it to empty

    async def __aenter__(self) -> Self:
        """Returns the connection."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it. What has not been received by now is thrown away, so that it is not in the way of the peer's close
        frame."""
        if not self.lost:
            self.discard()
        await self.close(CloseCode.NORMAL_CLOSURE if kind is None else CloseCode.INTERNAL_ERROR)

    @property
    def latency(self) -> float:
        """Seconds from the last ping to its pong; 0 before the first pong."""
        keepalive = self.engine.stats().rtt_ns / 1e9 if self._opened else 0.0
        return keepalive or self._latency

    # ---- Receiving, where the session does not do it alone ----

    async def recv_streaming(self, decode: bool | None = None) -> AsyncIterator[Data]:
        """Yields the next message piece by piece, as its frames come: one piece, unless it was sent in fragments.

        `decode` is that of recv: text is str and binary is bytes, unless it says otherwise. Take all pieces: until then
        nothing else can be received. If nothing was received yet, cancelling is harmless.

        Raises what recv raises.
        """
        if self.reserved or self.waiting:
            raise ConcurrencyError("cannot call recv_streaming while another coroutine is already running recv")
        item = await self._first_piece()
        if isinstance(item, Chunk):
            decoder = Decoder(item.opcode is Opcode.TEXT, decode)
            while not item.fin:
                yield decoder(item.data, False)
                item = await self.take()
            self.reserved = False
            yield decoder(item.data, True)
        elif isinstance(item, list):
            decoder = Decoder(item[0].opcode is Opcode.TEXT, decode)
            for chunk in item:
                yield decoder(chunk.data, chunk.fin)
        else:
            yield Decoder(isinstance(item, str), decode)(item, True)

    async def _first_piece(self) -> Any:
        """Returns the next message, or its first chunk. Then `reserved` stays, and the others follow in the queue."""
        self.reserved = self._streaming = True
        if self._chunks and not self.queued:
            self._passed_on = True
            chunks, self._chunks = self._chunks, []
            for chunk in chunks:
                self.put(chunk)
        item = None
        try:
            item = await self.take()
        finally:
            self._streaming = False
            self.reserved = isinstance(item, Chunk)
            if item is None:
                self._collect()
        return item

    def _on_chunk(self, chunk: Chunk) -> None:
        if self._chunks is None:
            self._chunks = []
            self._passed_on = self._streaming and not self.queued
        if self._passed_on:
            self.put(chunk)
        else:
            self._chunks.append(chunk)
            high = self.options.high
            if high is not None and len(self._chunks) > high and not self.waiting:
                self.pause_receiving()
        if chunk.fin:
            chunks, self._chunks = self._chunks, None
            if chunks:
                self.put(chunks)

    def _collect(self) -> None:
        """Puts together again what a recv_streaming that was cancelled would have taken piece by piece."""
        items = [self._take_queued() for _ in range(self.queued)]
        chunks = []
        while items and isinstance(items[0], Chunk):
            chunks.append(items.pop(0))
        if chunks and chunks[-1].fin:
            self.put(chunks)
        elif self._passed_on and self._chunks is not None:
            self._passed_on = False
            self._chunks = chunks
        for item in items:
            self.put(item)

    def _take_queued(self) -> Any:
        try:
            self.take().send(None)
        except StopIteration as taken:
            return taken.value
        raise AssertionError("the queue was not empty")

    def _unpack(self, item: Any) -> Data:
        return join(item)

    # ---- Sending, where the session does not do it alone ----

    async def _send_slowly(self, message: Any, text: bool | None) -> None:
        if isinstance(message, (str, bytes, bytearray, memoryview)):
            await self._until_sendable()
            self.send_now(message, text=text)
            return
        pieces = pieces_of(message)
        first = await next_piece(pieces)
        if first is END:
            return
        await self._until_sendable()
        self._sending = asyncio.get_running_loop().create_future()
        self._write_paused = True  # all others take this way and wait
        try:
            await self._send_pieces(first, pieces, text)
        except BaseException:
            # The message cannot be completed, and nothing else can be sent before it is.
            self.start_closing(CloseCode.INTERNAL_ERROR, "error in fragmented message")
            raise
        finally:
            self._sending.set_result(None)
            self._sending = None
            self._write_paused = self._too_fast

    async def _send_pieces(self, first: Any, pieces: Pieces, text: bool | None) -> None:
        of_text = isinstance(first, str)
        piece: Any = check_piece(first, of_text)
        if of_text if text is None else text:
            self.engine.send_text(piece, more=True)
        else:
            self.engine.send_binary(piece.encode() if of_text else piece, more=True)
        self.flush()
        while (piece := await next_piece(pieces)) is not END:
            await self._until_drained()
            self.engine.send_continuation(check_piece(piece, of_text), more=True)
            self.flush()
        await self._until_drained()
        self.engine.send_continuation(b"")
        self.flush()

    async def _until_sendable(self) -> None:
        """Waits while another message is sent in fragments, or the peer reads too slowly."""
        while True:
            await self._until_drained()
            if self._sending is None:
                return
            await asyncio.shield(self._sending)

    async def _until_drained(self) -> None:
        """Waits while the transport's buffer is full. Raises ConnectionClosed where nothing can be sent any more."""
        while True:
            if self.state is not State.OPEN:
                await self.wait_closed()
                raise self.closed_exception()
            if not self._too_fast:
                return
            waiter = asyncio.get_running_loop().create_future()
            if self._drains is None:
                self._drains = set()
            self._drains.add(waiter)
            try:
                await waiter
            finally:
                self._drains.discard(waiter)

    # ---- Control frames ----

    async def ping(self, data: DataLike | None = None) -> asyncio.Future[float]:
        """Sends a ping, with 4 random bytes if not with `data`, and returns a future: the seconds until the pong came.
        The pong of a later ping settles it too, and the end of the connection makes it raise ConnectionClosed.

        Raises ConnectionClosed; ConcurrencyError if a ping with the same data is not answered yet; ProtocolError if
        `data` is longer than 125 bytes.
        """
        payload = None if data is None else _control_payload(data)
        await self._until_drained()
        if self._pings is None:
            self._pings = {}
        if payload in self._pings:
            raise ConcurrencyError("already waiting for a pong with the same data")
        while payload is None or payload in self._pings:
            payload = os.urandom(4)
        try:
            self.engine.ping(payload)
        except UsageError as error:
            raise ProtocolError(str(error)) from error
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._pings[payload] = (answered, time.monotonic())
        self.flush()
        return answered

    async def pong(self, data: DataLike = b"") -> None:
        """Sends a pong that nobody asked for. Raises ConnectionClosed; ProtocolError if `data` is longer than 125
        bytes."""
        payload = _control_payload(data)
        await self._until_drained()
        try:
            self.engine.pong(payload)
        except UsageError as error:
            raise ProtocolError(str(error)) from error
        self.flush()

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Does the closing handshake, and waits until the transport is closed, for about `close_timeout` at most.
        Where the connection is closed, or about to be, it only waits.

        Raises ProtocolError for a code or reason that must not be sent.
        """
        if self._sending is not None:
            code, reason = CloseCode.INTERNAL_ERROR, "close during fragmented message"
        self.start_closing(code, reason)
        await self.wait_closed()

    # ---- Hooks ----

    def _begin(self, engine: Engine, transport: asyncio.Transport, data: bytes) -> None:
        self.begin(engine, transport, data, high=self.options.high, low=self.options.low)

    def _on_event(self, event: Any) -> None:
        if isinstance(event, Chunk):
            self._on_chunk(event)
        elif isinstance(event, Pong):
            self._on_pong(event.data)
        else:
            super()._on_event(event)

    def _on_pong(self, data: bytes) -> None:
        pings = self._pings
        if not pings or data not in pings:
            return
        now = time.monotonic()  # uvloop's time is that of the turn, in milliseconds
        while True:
            payload = next(iter(pings))  # the oldest
            answered, since = pings.pop(payload)
            if not answered.done():
                answered.set_result(now - since)
            if payload == data:
                self._latency = now - since
                return

    def _on_pause(self) -> None:
        self._too_fast = True

    def _on_resume(self) -> None:
        self._too_fast = False
        self._write_paused = self._sending is not None
        for waiter in self._drains or ():
            if not waiter.done():
                waiter.set_result(None)

    def _on_lost(self, exc: Exception | None) -> None:
        super()._on_lost(exc)
        self._on_resume()
        pings, self._pings = self._pings, None
        for answered, _ in (pings or {}).values():
            if not answered.done():
                answered.set_exception(self.closed_exception())
                answered.exception()  # nobody has to look at it


def broadcast(
    connections: Iterable[Connection],
    message: DataLike,
    *,
    text: bool | None = None,
    raise_exceptions: bool = False,
) -> None:
    """Sends a message to many connections, without waiting for those that read too slowly.

    It is encoded once for all. Connections that are not open are left out, and so are those that are sending a message
    in fragments, which is logged, or with `raise_exceptions` (from Python 3.11 on) part of an ExceptionGroup in the end.

    Raises TypeError where `message` is not one message.
    """
    if raise_exceptions and sys.version_info < (3, 11):
        raise ValueError("raise_exceptions needs Python 3.11")
    if not isinstance(message, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"a message must be str, bytes, bytearray or memoryview, not {type(message).__name__}")
    is_text = isinstance(message, str) if text is None else text
    data = message.encode() if isinstance(message, str) and not is_text else message
    prepared = PreparedMessage(data, is_text, pool=shared_pool())
    failures: list[Exception] = []
    for connection in connections:
        if connection.state is not State.OPEN:
            continue
        try:
            if connection._sending is not None:
                raise ConcurrencyError("sending a fragmented message")
            connection.send_prepared(prepared)
            connection.flush()
        except (ConcurrencyError, Error) as error:
            if raise_exceptions:
                failures.append(error)
            else:
                connection.logger.warning("skipped broadcast: %s", error)
    if failures and sys.version_info >= (3, 11):
        raise builtins.ExceptionGroup("skipped broadcast", failures)


def _control_payload(data: DataLike) -> bytes:
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"the data of a ping or pong must be str or bytes-like, not {type(data).__name__}")

# SPDX-License-Identifier: MIT
"""The hot half of a session: from reads to messages, and from messages to writes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from typing import Any

from .._errors import Error
from .._native import Chunk, Connection, Message, PreparedMessage
from .._types import NEVER, State, Want
from ..exceptions import ConcurrencyError, ConnectionClosedOK
from ..typing import Data


class _Done:
    """An awaitable that is done."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


_DONE = _Done()


class SessionCore:
    """Joins an engine and an asyncio transport. Subclasses fill in the hooks, whose names begin with `_`."""

    engine: Connection
    transport: asyncio.Transport

    def __init__(self) -> None:
        self._on_message: Callable[[Any, Any], object] | None = None
        self._queue: deque[Any] = deque()
        self._queued_len = 0
        self._high: int | None = 16
        self._low = 4
        self._waiter: asyncio.Future[None] | None = None
        self._flush_due = False
        self._armed = NEVER
        self._over = False  # nothing more is received
        self._write_paused = False
        self._read_paused = False
        self._finished = False
        self._send_busy = False  # send always goes to _send_slowly

    # ---- Set-up ----

    def attach(
        self,
        engine: Connection,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        *,
        on_message: Callable[[Any, Any], object] | None = None,
        high: int | None = 16,
        low: int = 4,
    ) -> None:
        """Begins: `engine` is upgraded. Messages go to on_message(self, message), or without it into the queue, of
        which `high` messages pause the reading and `low` resume it."""
        self.engine = engine
        self.transport = transport
        self._loop = loop
        self._on_message = on_message
        self._high = high
        self._low = low
        self.flush()

    # ---- asyncio.BufferedProtocol ----

    def get_buffer(self, sizehint: int, /) -> memoryview:
        """Returns the room for the next read."""
        return self.engine.read_buffer()

    def buffer_updated(self, nbytes: int, /) -> None:
        """Takes what was read into it."""
        self._take(lambda: self.engine.read_commit(nbytes))

    def feed(self, data: bytes, /) -> None:
        """Takes bytes that were read before the session began."""
        self._take(lambda: self.engine.receive(data))

    def _take(self, receive: Callable[[], list[Any]]) -> None:
        failure = None
        try:
            self.engine.tick(time.monotonic_ns())
            events = receive()
        except Error as error:
            failure = error
            events = list(error.events)
        for event in events:
            if isinstance(event, Message) or (isinstance(event, Chunk) and self._on_message is None):
                self._deliver(event)
            else:
                self._on_event(event)
        if failure is not None:
            self._on_failure(failure)
        self._wake()
        self.flush()

    def _deliver(self, message: Message | Chunk) -> None:
        if self._on_message is not None:
            self._on_message(self, message)
        else:
            if isinstance(message, Chunk):
                self._queue.append(message)
            else:
                self._queue.append(message.text if message.is_text else message.data)
            if self._high is not None and len(self._queue) > self._high and not self._read_paused:
                self._read_paused = True
                self._pause_reading()

    def _wake(self) -> None:
        if self._waiter is not None and (self._queue or self._over):
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(None)

    # ---- Sending ----

    def send_now(self, message: Any, /, *, text: bool | None = None, compress: bool | None = None) -> None:
        """Queues a message, which leaves in one write with all others of this turn of the loop."""
        if text is None:
            self.engine.send(message, compress=compress)
        elif text:
            self.engine.send_text(message, compress=compress)
        else:
            self.engine.send_binary(message.encode() if isinstance(message, str) else message, compress=compress)
        self._flush_soon()

    def send_batch(self, messages: Iterable[Any], /, *, compress: bool | None = None) -> None:
        """Queues many messages."""
        self.engine.send_batch(messages, compress=compress)
        self._flush_soon()

    def send_prepared(self, prepared: PreparedMessage, /) -> None:
        """Queues a message that was encoded once for many connections."""
        self.engine.send_prepared(prepared)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self.engine.wants & Want.PAUSE:
            self.flush()  # whoever sends without a pause would never let the loop do it
        elif not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Writes what is queued, at once."""
        self._flush_due = False
        if self._finished:
            return
        try:
            self.engine.tick(time.monotonic_ns())
        except Error as error:
            self._on_failure(error)
        if data := self.engine.data_to_send():
            self.transport.write(data)
        deadline = self.engine.deadline_ns
        if deadline is not None and deadline < self._armed:
            self._armed = deadline
            self._arm(deadline)
        if self.engine.wants & Want.CLOSE:
            self._finished = True
            self._finish()

    # ---- The coroutine API ----

    def send(self, message: Any, text: bool | None = None) -> Awaitable[None]:
        """Queues a message, and waits while the peer reads too slowly."""
        if self._send_busy or self._write_paused or not isinstance(message, (str, bytes, bytearray, memoryview)):
            return self._send_slowly(message, text)
        if self._over or self.engine.state != State.OPEN:
            return self._send_slowly(message, text)
        self.send_now(message, text=text)
        return _DONE

    async def recv(self, decode: bool | None = None) -> Data:
        """Returns the next message."""
        data = await self._recv_item()
        if isinstance(data, Chunk):
            return await self._recv_rest(data, decode)
        if decode is True and isinstance(data, bytes):
            return data.decode()
        if decode is False and isinstance(data, str):
            return data.encode()
        return data  # type: ignore[no-any-return]

    @property
    def _queued(self) -> int:
        return len(self._queue)

    def _unread(self, items: list[Any]) -> None:
        """Puts things back in front of the queue."""
        self._queue.extendleft(reversed(items))

    async def _recv_item(self) -> Any:
        """Returns the next thing in the queue as it is."""
        while not self._queue:
            if self._over:
                raise self._closed_exception()
            if self._waiter is not None:
                raise ConcurrencyError("cannot call recv while another coroutine is already running recv")
            waiter = self._waiter = self._loop.create_future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
                    self._waiter = None
        data = self._queue.popleft()
        if self._read_paused and len(self._queue) <= self._low:
            self._read_paused = False
            self._resume_reading()
        return data

    async def __aiter__(self) -> AsyncIterator[Data]:
        """Yields messages until the connection is closed. ConnectionClosedError if it failed."""
        try:
            while True:
                yield await self.recv()
        except ConnectionClosedOK:
            return

    def end(self) -> None:
        """Says that nothing more will be received: recv raises once the queue is empty."""
        self._over = True
        self._wake()

    # ---- Hooks ----

    def _on_event(self, event: Any) -> None:
        """Ping, Pong, Close or Chunk."""
        raise NotImplementedError

    def _on_failure(self, error: Error) -> None:
        """The engine failed; what it has to say is written next."""
        raise NotImplementedError

    def _arm(self, deadline_ns: int) -> None:
        """Call `timer_fired` at this time of time.monotonic_ns(), which is earlier than the last one."""
        raise NotImplementedError

    def _finish(self) -> None:
        """All is read and written: close the transport."""
        raise NotImplementedError

    def _pause_reading(self) -> None:
        raise NotImplementedError

    def _resume_reading(self) -> None:
        raise NotImplementedError

    def _closed_exception(self) -> Exception:
        """What recv raises after `end`."""
        raise NotImplementedError

    def _recv_rest(self, chunk: Chunk, decode: bool | None) -> Awaitable[Data]:
        """The rest of a message whose first chunk recv has met."""
        raise NotImplementedError

    def _send_slowly(self, message: Any, text: bool | None) -> Awaitable[None]:
        """A send that has to wait, or of something that is not one message, or on a connection that is closed."""
        raise NotImplementedError

    def timer_fired(self) -> None:
        """Tells the engine the time."""
        self._armed = NEVER
        try:
            self.engine.tick(time.monotonic_ns())
        except Error as error:
            self._on_failure(error)
        self.flush()

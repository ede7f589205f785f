# SPDX-License-Identifier: MIT
"""Messages that were received and that nobody has taken yet."""

from __future__ import annotations

import codecs
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from .._native import Chunk, Message
from .._types import Opcode
from ..exceptions import ConcurrencyError
from ..typing import Data


class Inbox:
    """A queue of messages of one frame and of the parts of longer ones, from which one thread at a time takes messages.

    `lock` guards it. What says so is called with the lock held; the others take it.
    """

    def __init__(self, lock: threading.Lock, limits: tuple[float, float], on_room: Callable[[], None]) -> None:
        """`limits` are those of queue_limits. `on_room` is called with the lock held when the queue, once full, has room
        again."""
        self._lock = lock
        self._high, self._low = limits
        self._on_room = on_room
        self._items: deque[Message | Chunk] = deque()
        self._parts: list[Message | Chunk] = []  # taken from the items, of a message whose end did not come yet
        self._arrived = threading.Condition(lock)
        self._receiving = False
        self._ended = False
        self.full = False
        """Whether nothing more should be read."""

    def put(self, item: Message | Chunk) -> None:
        """Adds a message or a part. With the lock."""
        self._items.append(item)
        self.full = self.full or len(self._items) > self._high
        self._arrived.notify()

    def end(self) -> None:
        """Nothing more will come. With the lock."""
        self._ended = True
        self._arrived.notify()

    def get(self, timeout: float | None, decode: bool | None) -> Data:
        """Takes the next message. `decode`: None for str or bytes, as it was sent.

        Raises TimeoutError (what came of the message so far is kept), EOFError at the end, ConcurrencyError,
        UnicodeDecodeError where binary data is to be a str.
        """
        end = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            self._enter("recv")
            try:
                while not (self._parts and _is_last(self._parts[-1])):
                    self._parts.append(self._next(end, timeout))
                parts, self._parts = self._parts, []
            finally:
                self._receiving = False
        data = b"".join([part.data for part in parts]) if len(parts) > 1 else parts[0].data
        if decode is None:
            decode = _is_text(parts[0])
        return data.decode() if decode else data

    def get_iter(self, decode: bool | None) -> Iterator[Data]:
        """Yields the parts of the next message as they come, at least one. Raises as `get`, but for TimeoutError. Until
        it is at its end, nothing else can be received."""
        with self._lock:
            self._enter("recv_streaming")
            parts, self._parts = self._parts, []
        parts = parts or [self._next_part()]
        decoder = None
        if decode or (decode is None and _is_text(parts[0])):
            decoder = codecs.getincrementaldecoder("utf-8")()
        nothing_yet = True
        while True:
            for part in parts:
                last = _is_last(part)
                data = part.data if decoder is None else decoder.decode(part.data, last)
                if data or (last and nothing_yet):
                    nothing_yet = False
                    yield data
            if last:
                self._receiving = False
                return
            parts = [self._next_part()]

    def _next_part(self) -> Message | Chunk:
        with self._lock:
            try:
                return self._next(None, None)
            except EOFError:
                self._receiving = False
                raise

    def _enter(self, what: str) -> None:
        if self._receiving:
            raise ConcurrencyError(f"cannot call {what} while another thread is already running recv or recv_streaming")
        self._receiving = True

    def _next(self, end: float | None, timeout: float | None) -> Message | Chunk:
        """Takes one item, with the lock."""
        while not self._items:
            if self._ended:
                raise EOFError("the stream of messages ended")
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"timed out in {timeout:.1f}s")
            self._arrived.wait(left)
        item = self._items.popleft()
        if self.full and len(self._items) <= self._low:
            self.full = False
            self._on_room()
        return item


def _is_last(item: Message | Chunk) -> bool:
    return isinstance(item, Message) or item.fin


def _is_text(item: Message | Chunk) -> bool:
    return item.is_text if isinstance(item, Message) else item.opcode == Opcode.TEXT

# SPDX-License-Identifier: MIT
"""The thread of a connection, which moves bytes between its socket and its engine."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from .._errors import Error
from .._native import Connection as Engine
from .._types import Role, State, Want
from .tls import Tls

_LONGEST_SECONDS = 3600.0  # of one wait: poll cannot do with more than 24 days


class Pump:
    """Moves bytes between a socket and an engine.

    `lock` guards the engine, the socket and all else here. It is held while the engine works and while the socket,
    which never blocks then, is read or written, but not while anybody waits. Any thread may put something into the
    engine and call `flush`; what the socket does not take at once is left to the thread of the pump, which also reads,
    answers, keeps the time and closes.
    """

    def __init__(
        self,
        sock: socket.socket,
        engine: Engine,
        lock: threading.Lock,
        *,
        close_timeout: float | None,
        on_event: Callable[[Any], None],
        may_read: Callable[[], bool],
        on_end: Callable[[], None],
    ) -> None:
        """The callbacks are called with the lock held: `on_event` with each event of the engine, `on_end` at last, when
        the socket is closed. `may_read` says whether there is room for what would be read."""
        self.lock = lock
        self.cause: BaseException | None = None
        """Why the connection broke, where it was not the engine that found it."""
        self.ended = False
        """Whether all is over and the socket closed."""
        self.hurries = False
        """Whether the end is near, and messages that nobody takes do not hold it up."""
        self._sock = sock
        self._engine = engine
        self._close_timeout = close_timeout
        self._on_event = on_event
        self._may_read = may_read
        self._on_end = on_end
        self._rest = memoryview(b"")  # read before the pump began
        self._more = False  # the engine has events of what was read already
        self._out = memoryview(b"")  # taken from the engine, and not yet by the socket
        self._written_len = 0
        self._written = threading.Condition(lock)
        self._write_broken = False
        self._eof = False
        self._finished = False  # our direction of the stream is ended
        self._close_by: float | None = None
        self._read_when = select.POLLIN  # TLS may have to write before it can read, and the reverse
        self._write_when = select.POLLOUT
        # A daemon, for which the interpreter does not wait: a script may end without closing its connections.
        self._thread = threading.Thread(target=self._run, name="tidewire connection", daemon=True)

    def start(self, rest: bytes) -> None:
        """Takes the socket over, and `rest` that was read from it. Raises OSError, or RuntimeError, when the system has
        no more descriptors or threads: then the socket is still the caller's."""
        self._rest = memoryview(rest)
        self._wake_receiver, self._wake_sender = socket.socketpair()
        for sock in (self._sock, self._wake_receiver, self._wake_sender):
            sock.setblocking(False)
        try:
            self._thread.start()
        except RuntimeError:
            self._wake_receiver.close()
            self._wake_sender.close()
            raise

    def join(self, timeout: float | None = None) -> bool:
        """Waits until all is over, or `timeout` seconds. Returns whether it is. Without the lock."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # ---- With the lock held, by any thread ----

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._engine.state is State.OPEN and not self._write_broken

    def wake(self) -> None:
        """Makes the thread look at everything anew."""
        if not self.ended:
            with contextlib.suppress(BlockingIOError):  # then it is being woken
                self._wake_sender.send(b"\0")

    def flush(self) -> None:
        """Writes what the socket takes without blocking."""
        try:
            while self._has_output():
                count = self._sock.send(self._out)
                self._write_when = select.POLLOUT
                self._out = self._out[count:]
                self._written_len += count
        except (BlockingIOError, ssl.SSLWantWriteError):
            self._write_when = select.POLLOUT
        except ssl.SSLWantReadError:
            self._write_when = select.POLLIN
        except OSError as error:
            self._break_writing(error)
        except BaseException as error:  # Control-C, and nobody knows what was written
            self._break_writing(error)
            raise
        self._written.notify_all()

    def flush_or_wake(self) -> None:
        """Writes what the socket takes, and leaves the rest to the thread."""
        self.flush()
        if self._has_output():
            self.wake()

    def flush_and_wait(self) -> bool:
        """Writes all that is queued so far, and waits for it. Returns whether it was written before the end of the
        connection."""
        self.flush_or_wake()
        if self._has_output():
            target = self._engine.stats().bytes_sent
            while self._written_len < target:
                if self._write_broken or self.ended:
                    return False
                self._written.wait()
        return not self._write_broken

    def hurry(self) -> None:
        """Closing has begun: the peer's answer is looked for, whether or not anybody takes messages."""
        self.hurries = True
        self.wake()

    def blame(self, error: BaseException) -> None:
        """Remembers the first reason."""
        if self.cause is None and self._engine.error is None:
            self.cause = error

    def break_off(self, error: BaseException) -> None:
        """Ends the connection at once; `error` says why."""
        self.blame(error)
        self._eof = self._write_broken = True
        self.wake()

    def _has_output(self) -> bool:
        if self._write_broken:
            return False
        if not self._out:
            self._out = memoryview(self._engine.data_to_send())
        return bool(self._out)

    def _break_writing(self, error: BaseException) -> None:
        """Nothing more can be written. What the peer sent before, such as its close frame, may still be read."""
        self.blame(error)
        self._write_broken = True
        self.hurry()

    # ---- The thread ----

    def _run(self) -> None:
        poller = select.poll()
        poller.register(self._wake_receiver, select.POLLIN)
        try:
            while self._turn(poller):
                pass
        except Exception as error:  # of a callback, or a mistake of ours: no connection may hang for it
            with self.lock:
                self.break_off(error)
            raise
        finally:
            with self.lock:
                self._end()

    def _turn(self, poller: select.poll) -> bool:
        """Waits for something, and handles it. Returns False when all is over."""
        with self.lock:
            timeout = self._look()
            if timeout is None:
                return False
            interest = self._interest()
            if interest:
                poller.register(self._sock, interest)
        ready = dict(poller.poll(timeout))
        if interest:
            poller.unregister(self._sock)
        with self.lock:
            if ready.pop(self._wake_receiver.fileno(), 0):
                self._wake_receiver.recv(64)
            if self._can_read() and (self._has_input() or (ready and interest & self._read_when)):
                self._read()
        return True

    def _look(self) -> float | None:
        """Does what is due. Returns in how many milliseconds to look again, -1 if that depends on others, None when all
        is over."""
        self._tick()
        self.flush()
        now = time.monotonic()
        if self._close_by is None and self._close_timeout is not None and not self.is_open:
            self._close_by = now + self._close_timeout
        if self._eof and not self._has_output():
            return None
        if self._close_by is not None and now >= self._close_by:
            self.blame(TimeoutError("timed out while closing the connection"))
            return None
        if self._engine.wants & Want.CLOSE and not self._has_output():
            self._finish()
        if self._can_read() and self._has_input():
            return 0
        times = [] if self._close_by is None else [self._close_by - now]
        if self._engine.deadline_ns is not None:
            times.append(self._engine.deadline_ns / 1e9 - now)
        return max(0.0, min(times + [_LONGEST_SECONDS])) * 1000 + 1 if times else -1

    def _interest(self) -> int:
        """Returns what the socket should be watched for."""
        interest = self._write_when if self._has_output() else 0
        return interest | self._read_when if self._can_read() and not self._more else interest

    def _can_read(self) -> bool:
        if self._eof:
            return False
        if self.hurries or self._engine.state is not State.OPEN:
            return True
        return self._may_read() and not self._engine.wants & Want.PAUSE

    def _tick(self) -> None:
        with contextlib.suppress(Error):  # engine.error has it
            self._engine.tick(time.monotonic_ns())

    def _has_input(self) -> bool:
        """Whether something that left the socket is not handled yet."""
        if self._more or self._rest:
            return True
        return isinstance(self._sock, Tls) and self._sock.pending() > 0

    def _read(self) -> None:
        """Reads once, and handles what came."""
        self._tick()
        count = 0 if self._more else self._fill(self._engine.read_buffer())
        try:
            events, self._more = self._engine.read_commit_some(count)
        except Error as error:
            events, self._more = list(error.events), False
        for event in events:
            self._on_event(event)
        if self._eof:
            with contextlib.suppress(Error):
                self._engine.receive_eof()

    def _fill(self, room: memoryview) -> int:
        """Reads into the engine's memory. Returns how many bytes, 0 when there is nothing to read."""
        if self._rest:
            count = min(len(room), len(self._rest))
            room[:count] = self._rest[:count]
            self._rest = self._rest[count:]
            return count
        try:
            count = self._sock.recv_into(room)
            self._eof = count == 0
        except (BlockingIOError, ssl.SSLWantReadError):
            self._read_when = select.POLLIN
            return 0
        except ssl.SSLWantWriteError:
            self._read_when = select.POLLOUT
            return 0
        except OSError as error:
            self.break_off(error)
            return 0
        self._read_when = select.POLLIN
        return count

    def _finish(self) -> None:
        """All is read and written. A server ends its direction, and the client, seeing that, the other: to close a
        socket with unread input would reset it, and our last frame might be lost. A client waits (RFC 6455 7.1.1)."""
        if not self._finished and self._engine.role is Role.SERVER:
            self._finished = True
            self._say_goodbye()
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)

    def _say_goodbye(self) -> None:
        """Ends TLS, if there is any."""
        if isinstance(self._sock, Tls):
            with contextlib.suppress(OSError, ValueError):
                self._sock.unwrap()  # sends close_notify, and does not wait for the peer's

    def _end(self) -> None:
        with contextlib.suppress(Error):
            self._engine.receive_eof()
        if not self._finished:
            self._say_goodbye()
        self._sock.close()
        self._wake_receiver.close()
        self._wake_sender.close()
        self.ended = True
        self._written.notify_all()
        self._on_end()
        del self._on_event, self._may_read, self._on_end  # which refer to this object

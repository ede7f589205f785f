# SPDX-License-Identifier: MIT
"""The conversation of `connect`: the main thread reads lines, another one shows messages."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

from ..exceptions import ConnectionClosed
from ..typing import Data
from .text import CommandError, Style, escaped, read_hex

if TYPE_CHECKING:
    from ..sync.client import ClientConnection


class Talk:
    """Joins an open connection, the standard input and the standard output."""

    _tells_end = False  # also where all is well

    def __init__(self, websocket: ClientConnection, options: argparse.Namespace) -> None:
        self._websocket = websocket
        self._options = options
        self._style = Style(sys.stderr)
        self._closed: ConnectionClosed | None = None
        self._heard = threading.Event()  # something came
        self._over = threading.Event()  # the connection is closed
        self._reading = False  # the main thread waits for the input, and must be told of the end
        self._left = threading.Event()  # it does so no more
        self._insists = False  # it is being told

    def run(self) -> int:
        """Talks until the input or the connection ends. Returns the exit status."""
        threads = [threading.Thread(target=self._receive)]
        if self._options.ping is not None:
            threads.append(threading.Thread(target=self._keep_pinging))
        signal.signal(signal.SIGINT, self._interrupt)
        for thread in threads:
            thread.start()
        failure: CommandError | None = None
        try:
            try:
                self._reading = True
                if not self._over.is_set():
                    self._send_lines()
            finally:
                self._reading = False
        except KeyboardInterrupt:
            pass
        except CommandError as error:
            failure = error
        except ConnectionClosed:
            pass  # the other thread says why
        self._left.set()
        self._websocket.close()
        for thread in threads:
            thread.join()
        if failure is not None:
            raise failure
        return self._status()

    # ---- What differs ----

    def _send_lines(self) -> None:
        """Sends what is read, until the input ends."""
        raise NotImplementedError

    def _show(self, message: Data) -> None:
        """Shows a message."""
        raise NotImplementedError

    def _tell(self, text: str) -> None:
        """Tells something about the connection."""
        print(self._style("dim", text), file=sys.stderr, flush=True)

    # ---- What does not ----

    def _receive(self) -> None:
        try:
            while True:
                message = self._websocket.recv()
                self._heard.set()
                self._show(message)
        except ConnectionClosed as closed:
            self._closed = closed
        except BrokenPipeError:
            self._websocket.close()  # whoever read our output has enough
        self._over.set()
        self._heard.set()
        self._insist()

    def _insist(self) -> None:
        """Interrupts the main thread. Once is not always enough: readline swallows what is raised while it shows its
        prompt."""
        self._insists = True
        while self._reading and not self._left.wait(0.1):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-C, or the end of the connection."""
        if self._reading:
            if not self._insists:
                self._insists = True
                threading.Thread(target=self._insist, daemon=True).start()
            raise KeyboardInterrupt

    def _keep_pinging(self) -> None:
        while not self._over.wait(self._options.ping):
            self._ping()

    def _ping(self) -> None:
        try:
            if self._websocket.ping(ack_on_close=True).wait(60) and not self._over.is_set():
                self._tell(f"latency {self._websocket.latency * 1000:.2f} ms")
        except ConnectionClosed:
            pass  # the other thread says why

    def _status(self) -> int:
        closed = self._closed
        if closed is None:
            return 1
        good = closed.__cause__ is None and (closed.code in (1000, 1001, 1005) or closed.rcvd_then_sent is False)
        if closed.__cause__ is not None:
            self._tell(f"failed: {escaped(str(closed.__cause__))}")
        elif not good or self._tells_end:
            self._tell(f"closed: {escaped(str(closed))}")
        return 0 if good else 1


class Piped(Talk):
    """Without a terminal: lines in, messages out."""

    def _send_lines(self) -> None:
        for number, line in enumerate(sys.stdin.buffer, 1):
            text = line.removesuffix(b"\n").removesuffix(b"\r")
            if self._options.hex:
                self._websocket.send(read_hex(text.decode("latin-1"), f"line {number} of the input", status=1))
                continue
            try:
                self._websocket.send(text.decode())
            except UnicodeDecodeError as error:
                raise CommandError(f"line {number} of the input: byte {error.start} is not UTF-8") from None
        while self._heard.wait(self._options.wait) and not self._over.is_set():
            self._heard.clear()

    def _show(self, message: Data) -> None:
        print(message if isinstance(message, str) else message.hex(), flush=True)

# SPDX-License-Identifier: MIT
"""`python -m tidewire connect` at a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import ENVIRONMENT, EchoServer
from websockets.sync.server import serve

# The terminal becomes that of the process, so that its keys are its signals.
PROGRAM = """
import fcntl, sys, termios
from tidewire.cli import main
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.exit(main())
"""


class Screen:
    """A client at a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 200, 0, 0))
        self._seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "connect", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**ENVIRONMENT, "TERM": "xterm", "XDG_STATE_HOME": str(folder), **environment},
        )
        os.close(theirs)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, keys: str) -> None:
        """Presses keys."""
        os.write(self._ours, keys.encode())

    def prompt(self) -> None:
        """Waits for the prompt, and until keys are taken one by one: before that, Ctrl-D would be lost."""
        self.expect("> ")
        deadline = time.monotonic() + 60
        while termios.tcgetattr(self._ours)[3] & termios.ICANON:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def expect(self, pattern: str) -> re.Match[str]:
        """Waits until the screen shows what matches the pattern, and forgets all up to it."""
        deadline = time.monotonic() + 60
        while (match := re.search(pattern, self._seen)) is None:
            assert select.select([self._ours], [], [], deadline - time.monotonic())[0], f"it shows {self._seen!r}"
            try:
                self._seen += os.read(self._ours, 65536).decode()
            except OSError:  # the process has ended
                pytest.fail(f"it ended, and shows {self._seen!r}")
        self._seen = self._seen[match.end() :]
        return match

    def status(self) -> int:
        """Waits for the end."""
        return self.process.wait(60)


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with EchoServer() as server:
        yield server.uri


class TestTerminal:
    def test_client_sends_what_is_typed_and_shows_what_comes(self, echo: str, tmp_path: Path) -> None:
        with Screen(tmp_path, echo) as screen:
            screen.expect("connected to " + re.escape(echo) + r" \(permessage-deflate")
            screen.prompt()
            screen.type("Hello\r")
            screen.expect("< Hello\r\n> ")
            screen.type("//slash\r")
            screen.expect("< /slash\r\n")
            screen.type("/hex 00 01 ff 41\r")
            screen.expect(r"< 4 bytes\r\n000000  00 01 ff 41 +\|\.\.\.A\|")
            screen.prompt()
            screen.type("\x04")
            screen.expect(r"closed: sent 1000 \(OK\); then received 1000 \(OK\)")
            assert screen.status() == 0

    def test_client_edits_lines_and_brings_back_earlier_ones(self, echo: str, tmp_path: Path) -> None:
        with Screen(tmp_path, echo) as screen:
            screen.prompt()
            screen.type("first\r")
            screen.expect("< first\r\n> ")
            screen.type("ac\x1b[Db\r")  # left, then a letter between
            screen.expect("< abc\r\n> ")
            screen.type("\x1b[A\x1b[A\r")
            screen.expect("< first\r\n")
            screen.prompt()
            screen.type("\x04")
            assert screen.status() == 0
        history = tmp_path / "tidewire" / "history"
        assert history.read_text().splitlines()[-3:] == ["first", "abc", "first"]
        assert history.stat().st_mode & 0o777 == 0o600
        with Screen(tmp_path, echo) as screen:
            screen.prompt()
            screen.type("\x1b[A\r")
            screen.expect("< first\r\n> ")

    def test_client_keeps_no_history_when_told_not_to(self, echo: str, tmp_path: Path) -> None:
        with Screen(tmp_path, "--no-history", echo) as screen:
            screen.prompt()
            screen.type("secret\r")
            screen.expect("< secret\r\n")
            screen.prompt()
            screen.type("\x04")
            assert screen.status() == 0
        assert list(tmp_path.iterdir()) == []

    def test_client_obeys_commands_and_explains_wrong_ones(self, echo: str, tmp_path: Path) -> None:
        with Screen(tmp_path, echo) as screen:
            screen.prompt()
            screen.type("/ping\r")
            screen.expect(r"latency [0-9.]+ ms")
            screen.type("/pong\r")
            screen.expect("/pong is no command: /ping, ")
            screen.type("/help\r")
            screen.expect("Ctrl-D to close")
            screen.type("/hex 0\r")
            screen.expect(r"/hex: an odd number of hex digits \(1\)")
            screen.type("/close 1005\r")
            screen.expect("\n[^>]+\r\n> ")
            screen.type("/close 4001 see you\r")
            screen.expect(r"closed: sent 4001 \(private use\) see you; then received 4001")
            assert screen.status() == 0

    def test_client_closes_on_ctrl_c(self, echo: str, tmp_path: Path) -> None:
        with Screen(tmp_path, echo) as screen:
            screen.prompt()
            screen.type("\x03")
            screen.expect(r"closed: sent 1000")
            assert screen.status() == 0

    def test_client_ends_when_the_server_does(self, tmp_path: Path) -> None:
        with EchoServer() as server, Screen(tmp_path, server.uri) as screen:
            screen.prompt()
            screen.type("half a li")
            screen.expect("half a li")
            server.process.terminate()
            screen.expect(r"\r\nclosed: received 1001 \(going away\)")
            assert screen.status() == 0

    def test_client_ends_when_the_server_does_at_once(self, tmp_path: Path) -> None:
        """While the prompt is about to be shown."""
        with serve(lambda websocket: websocket.close(), "127.0.0.1", 0) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                with Screen(tmp_path, f"ws://127.0.0.1:{server.socket.getsockname()[1]}") as screen:
                    screen.expect(r"closed: received 1000 \(OK\)")
                    assert screen.status() == 0
            finally:
                server.shutdown()
                thread.join()

    def test_client_keeps_what_is_being_typed_when_something_comes(self, echo: str, tmp_path: Path) -> None:
        with Screen(tmp_path, "--ping", "0.2", echo) as screen:
            screen.prompt()
            screen.type("unfinished")
            screen.expect(r"latency [0-9.]+ ms\r\n> unfinished")
            screen.type("!\r")
            screen.expect("< unfinished!\r\n")

    def test_client_uses_colours_at_a_terminal_alone(self, echo: str, tmp_path: Path) -> None:
        for no_color, pattern in (("", "\x1b\\[32m< x\x1b\\[0m"), ("1", "[^m]< x\r\n")):
            with Screen(tmp_path, echo, NO_COLOR=no_color) as screen:
                screen.prompt()
                screen.type("x\r")
                screen.expect(pattern)

# SPDX-License-Identifier: MIT
"""`connect` at a terminal."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..exceptions import ProtocolError
from ..typing import Data
from .talk import Talk
from .text import CommandError, Style, escaped, hex_dump, read_hex

if TYPE_CHECKING:
    from ..sync.client import ClientConnection

try:
    import readline
except ImportError:  # not everywhere is it part of Python; then lines cannot be edited
    readline = None  # type: ignore[assignment]

_PROMPT = "> "
_HISTORY_LEN = 1000
_MAX_DUMP_LEN = 1024
_HELP = "/ping, /hex BYTES, /close [CODE [REASON]], //text for a text that begins with /, Ctrl-D to close"


class Terminal(Talk):
    """With a prompt, and commands."""

    _tells_end = True

    def __init__(self, websocket: ClientConnection, options: argparse.Namespace) -> None:
        super().__init__(websocket, options)
        self._colours = Style(sys.stdout)
        self._lock = threading.Lock()
        self._prompts = False  # a line is being typed
        self._held: list[str] | None = None  # what is to be shown as soon as it is

    def _send_lines(self) -> None:
        self._tell(self._greeting())
        with contextlib.nullcontext() if self._options.no_history else _History():
            while (line := self._read_line()) is not None:
                try:
                    if self._obey(line):
                        return
                except (CommandError, ValueError, ProtocolError) as error:
                    self._tell(str(error))

    def _read_line(self) -> str | None:
        """Returns the next line, None after the last. What comes before its prompt is there is held back."""
        with self._lock:
            self._held = []
        if readline is not None:
            readline.set_pre_input_hook(self._begin_line)
        else:
            self._begin_line()
        try:
            return input(_PROMPT)
        except EOFError:
            print()
            return None
        except KeyboardInterrupt:
            print()
            raise
        finally:
            self._begin_line()
            self._prompts = False

    def _begin_line(self) -> None:
        with self._lock:
            self._prompts = True
            held, self._held = self._held, None
            for text in held or ():
                self._print_above(text)

    def _greeting(self) -> str:
        terms = []
        if self._websocket.subprotocol is not None:
            terms.append(f"subprotocol {self._websocket.subprotocol}")
        response = self._websocket.response
        if response is not None and "Sec-WebSocket-Extensions" in response.headers:
            terms.append(", ".join(response.headers.get_all("Sec-WebSocket-Extensions")))
        return f"connected to {self._options.uri}" + (f" ({'; '.join(map(escaped, terms))})" if terms else "")

    def _obey(self, line: str) -> bool:
        """Does what a line says. Returns whether that was to close."""
        command, _, rest = line.partition(" ")
        if self._options.hex and not command.startswith("/"):
            self._websocket.send(read_hex(line, "hex"))
        elif not command.startswith("/"):
            self._websocket.send(line)
        elif command.startswith("//"):
            self._websocket.send(line[1:])
        elif command == "/ping":
            self._ping()
        elif command == "/hex":
            self._websocket.send(read_hex(rest, "/hex"))
        elif command == "/close":
            code, _, reason = rest.strip().partition(" ")
            self._websocket.close(int(code) if code.isdigit() else 1000, reason if code.isdigit() else rest)
            return True
        else:
            self._tell(_HELP if command == "/help" else f"{escaped(command)} is no command: {_HELP}")
        return False

    # ---- Output ----

    def _show(self, message: Data) -> None:
        if isinstance(message, str):
            self._print(self._colours("green", "< " + escaped(message, keep="\n\t")))
        else:
            lines = [f"< {len(message)} bytes", *hex_dump(message[:_MAX_DUMP_LEN])]
            if len(message) > _MAX_DUMP_LEN:
                lines.append(f"and {len(message) - _MAX_DUMP_LEN} bytes more")
            self._print(self._colours("cyan", "\n".join(lines)))

    def _tell(self, text: str) -> None:
        self._print(self._colours("dim", text))

    def _print(self, text: str) -> None:
        with self._lock:
            if self._held is not None:
                self._held.append(text)
            elif self._prompts:
                self._print_above(text)
            else:
                print(text, flush=True)

    def _print_above(self, text: str) -> None:
        """Prints above the line that is being typed."""
        typed = readline.get_line_buffer() if readline is not None else ""
        print(f"\r\x1b[K{text}\n{_PROMPT}{typed}", end="", flush=True)


class _History:
    """The lines of earlier days, in $XDG_STATE_HOME/tidewire/history."""

    def __init__(self) -> None:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        self._path = Path(state) / "tidewire" / "history"

    def __enter__(self) -> None:
        if readline is not None:
            readline.set_history_length(_HISTORY_LEN)
            with contextlib.suppress(OSError):
                readline.read_history_file(self._path)

    def __exit__(self, *exception: object) -> None:
        if readline is None:
            return
        with contextlib.suppress(OSError):  # a history that cannot be kept is no reason to fail
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)  # it may hold what nobody else is to see
            readline.write_history_file(self._path)

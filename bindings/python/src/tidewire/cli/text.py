# SPDX-License-Identifier: MIT
"""What the commands read and write in the same way."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import TextIO

_COLOURS = {"green": "32", "red": "31", "cyan": "36", "dim": "2"}
_DUMP_WIDTH = 16


class CommandError(Exception):
    """What is wrong, for the user, in one line."""

    def __init__(self, message: str, *, status: int = 1) -> None:
        """`status` is the exit status: 2 where the command line is at fault."""
        super().__init__(message)
        self.status = status


class Style:
    """Colours, if a stream is a terminal, and the environment does not say otherwise by NO_COLOR."""

    def __init__(self, stream: TextIO) -> None:
        self.on = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def __call__(self, colour: str, text: str) -> str:
        """Returns the text in "green", "red", "cyan" or "dim"."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.on else text


def escaped(text: str, keep: str = "") -> str:
    """Replaces characters that do something to a terminal, but for those in `keep`, by escapes as Python writes
    them."""
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )


def hex_dump(data: bytes | memoryview) -> Iterator[str]:
    """Yields lines of 16 bytes: where, in hex, as ASCII."""
    for start in range(0, len(data), _DUMP_WIDTH):
        line = bytes(data[start : start + _DUMP_WIDTH])
        ascii_part = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
        yield f"{start:06x}  {line.hex(' '):<{3 * _DUMP_WIDTH}} |{ascii_part}|"


def read_hex(text: str, what: str, *, status: int = 2) -> bytes:
    """Reads hex digits; blanks, colons, commas, dashes and 0x may stand between bytes. Raises CommandError about
    `what`, with this exit status."""
    digits = re.sub(r"0[xX]|[\s:,-]", "", text)
    wrong = re.search(r"[^0-9a-fA-F]", digits)
    if wrong is not None:
        raise CommandError(f"{what}: {wrong.group()!r} is not a hex digit", status=status)
    if len(digits) % 2:
        raise CommandError(f"{what}: an odd number of hex digits ({len(digits)})", status=status)
    return bytes.fromhex(digits)


def read_file(name: str) -> bytes:
    """Returns what is in a file, or with "-" in the standard input. Raises CommandError."""
    try:
        if name == "-":
            return sys.stdin.buffer.read()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from error

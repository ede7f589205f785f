# SPDX-License-Identifier: MIT
"""The digest of a vector, as tests/vectors/README.md defines it."""

from __future__ import annotations

import zlib

from tidewire import CloseCause, Connection
from vector_file import DIRECTORY, Event

FIN = 0x80
# type of tw_event, opcode, flags
NUMBERS = {
    "open": (1, 0, 0),
    "text": (2, 1, FIN),
    "binary": (2, 2, FIN),
    "ping": (3, 9, FIN),
    "pong": (4, 10, FIN),
    "close": (5, 8, FIN),
    "chunk_text": (6, 1, 0),
    "chunk_binary": (6, 2, 0),
    "chunk_continuation": (6, 0, 0),
}


def read_digests() -> dict[str, str]:
    lines = (DIRECTORY / "digests.txt").read_text().splitlines()
    return dict(line.split(" ") for line in lines)


class Digest:
    def __init__(self) -> None:
        self._crc = 0

    def __str__(self) -> str:
        return f"{self._crc:08x}"

    def step(self, status: str) -> None:
        self._line("step", status)

    def event(self, event: Event) -> None:
        kind, opcode, flags = NUMBERS[event.type]
        flags |= FIN * event.fin
        self._line("event", kind, opcode, flags, event.code, event.offset, *told(event.data))

    def output(self, data: bytes) -> None:
        self._line("output", *told(data))

    def end(self, connection: Connection | None) -> None:
        """After the last step; None where the connection could not be created."""
        error = connection.error if connection else None
        local, remote, cause = connection.close_info if connection else (0, 0, CloseCause.NOBODY)
        self._line("end", connection.state.name.lower() if connection else "closed")
        self._line("error", *((error.name, error.offset, error.close_code) if error else ("TW_OK", 0, 0)))
        self._line("close", local, remote, int(cause))

    def _line(self, *words: object) -> None:
        self._crc = zlib.crc32(" ".join(map(str, words)).encode() + b"\n", self._crc)


def told(data: bytes) -> tuple[int, str]:
    return len(data), f"{zlib.crc32(data):08x}"

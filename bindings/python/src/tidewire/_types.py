# SPDX-License-Identifier: MIT
"""Enumerations and plain results. The extension module looks its constants up here."""

from __future__ import annotations

import enum
import typing


class Role(enum.IntEnum):
    """Which side of a connection is ours."""

    SERVER = 0
    CLIENT = 1


class State(enum.IntEnum):
    """How far a connection is."""

    CONNECTING = 0
    """The opening handshake is under way."""
    OPEN = 1
    CLOSING = 2
    """One close frame was sent or received, or the connection failed: the other is missing."""
    CLOSED = 3
    """Nothing more is read or sent, but for the output that is queued."""


class Want(enum.IntFlag):
    """What a connection waits for."""

    READ = 1
    """Input is expected."""
    WRITE = 2
    """Output is queued."""
    CLOSE = 4
    """Nothing is left to read or write: close the socket."""


class Opcode(enum.IntEnum):
    """What a frame carries (RFC 6455 5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class PoolStats(typing.NamedTuple):
    """What a `BufferPool` did so far."""

    hits: int
    """Acquisitions served from idle buffers."""
    misses: int
    """Acquisitions that asked for new memory."""
    drops: int
    """Releases that gave memory back because `max_idle_len` was reached."""
    in_use_len: int
    """Bytes lent out now."""
    idle_len: int
    """Bytes kept for reuse."""

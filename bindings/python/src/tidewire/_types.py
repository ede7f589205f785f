# SPDX-License-Identifier: MIT
"""Enumerations, and by name all of `_records`. The extension module looks its constants and classes up here."""

from __future__ import annotations

import enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ._records import Agreement as Agreement
    from ._records import CloseInfo as CloseInfo
    from ._records import ConnectionStats as ConnectionStats
    from ._records import Deflate as Deflate
    from ._records import DeflateConfig as DeflateConfig
    from ._records import PoolClass as PoolClass
    from ._records import PoolClassStats as PoolClassStats
    from ._records import PoolStats as PoolStats

NEVER: Final = 2**64 - 1
"""A time-out that never comes, a limit that is never reached."""


_RECORDS = "Agreement CloseInfo ConnectionStats Deflate DeflateConfig PoolClass PoolClassStats PoolStats".split()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> type:
        if name not in _RECORDS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import _records

        value = globals()[name] = getattr(_records, name)
        return value


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
    PAUSE = 8
    """The peer reads more slowly than is sent: send no more, and better read no more, until it goes."""


class CloseCause(enum.IntEnum):
    """What began the end of a connection."""

    NOBODY = 0
    """It goes on."""
    US = 1
    """`Connection.close`."""
    PEER = 2
    """Its close frame came first."""
    ERROR = 3
    """The connection failed, see `Connection.error`."""


class Opcode(enum.IntEnum):
    """What a frame carries (RFC 6455 5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10

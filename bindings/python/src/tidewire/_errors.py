# SPDX-License-Identifier: MIT
"""Exceptions. Every failure of the engine is an `Error` whose class tells who is to blame."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Error(Exception):
    """A status of the engine, with all that is known about it."""

    message: str
    """One sentence that says what happened."""
    status: int
    """The number of the status in tidewire.h."""
    name: str
    """Its name there, such as "TW_ERR_UTF8"."""
    offset: int | None
    """Where: of the offending byte or frame, in the received stream or in the argument. None where no place is at fault."""
    close_code: int
    """The close code that tells the peer, 1006 where none is sent, 0 where none fits."""
    http_status: int
    """The HTTP status with which a server refuses a handshake, 0 where none fits."""
    section: str | None
    """The rule that was broken, such as "RFC 6455 5.2"."""
    limit: str | None
    """The name of the limit that was exceeded."""
    events: Sequence[Any]
    """What came before the failure: events of `Connection.receive`, frames of `decode_frames`."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        name: str = "",
        offset: int | None = None,
        close_code: int = 0,
        http_status: int = 0,
        section: str | None = None,
        limit: str | None = None,
        events: Sequence[Any] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.name = name
        self.offset = offset
        self.close_code = close_code
        self.http_status = http_status
        self.section = section
        self.limit = limit
        self.events = events

    def __str__(self) -> str:
        details = [
            self.name,
            self.section,
            self.limit and f"limit {self.limit}",
            None if self.offset is None else f"at offset {self.offset}",
        ]
        said = ", ".join(detail for detail in details if detail)
        return f"{self.message} ({said})" if said else self.message


class UsageError(Error, ValueError):
    """The caller's mistake. The object is unchanged."""


class ProtocolError(Error):
    """The peer broke the protocol. The connection has failed."""


class LimitError(Error):
    """A limit was reached."""


class ResourceError(Error):
    """The system did not give what was needed."""


class OutOfMemoryError(ResourceError, MemoryError):
    """There is no memory."""


_NO_MEMORY = -300
_FIRST_PROTOCOL = -100
_FIRST_LIMIT = -200
_FIRST_RESOURCE = -300


def from_status(status: int, message: str, **fields: Any) -> Error:
    """Makes the exception of a status, by the ranges that tidewire.h gives them."""
    cls: type[Error]
    if status == _NO_MEMORY:
        cls = OutOfMemoryError
    elif status <= _FIRST_RESOURCE:
        cls = ResourceError
    elif status <= _FIRST_LIMIT:
        cls = LimitError
    elif status <= _FIRST_PROTOCOL:
        cls = ProtocolError
    else:
        cls = UsageError
    return cls(message, status=status, **fields)

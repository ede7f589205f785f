# SPDX-License-Identifier: MIT
"""What close frames say."""

from __future__ import annotations

import enum
from typing import NamedTuple

from ._types import Opcode

__all__ = ["OK_CLOSE_CODES", "Close", "CloseCode", "Opcode"]


class CloseCode(enum.IntEnum):
    """Close codes by name (RFC 6455 7.4.1 and the registry of IANA)."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RCVD = 1005
    """Never sent: the peer's close frame had no code."""
    ABNORMAL_CLOSURE = 1006
    """Never sent: the connection ended without a close frame."""
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015
    """Never sent: TLS could not be set up."""


OK_CLOSE_CODES = frozenset((CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD))
"""Codes of a connection that was closed as it should be."""

_NAMES: dict[int, str] = {
    **{code: code.name.lower().replace("_", " ") for code in CloseCode},
    CloseCode.NORMAL_CLOSURE: "OK",
    CloseCode.NO_STATUS_RCVD: "no status received",
    CloseCode.TLS_HANDSHAKE: "TLS handshake failure",
}


class Close(NamedTuple):
    """The content of a close frame."""

    code: int
    """1005 where the frame had none."""
    reason: str = ""

    def __str__(self) -> str:
        if 3000 <= self.code < 4000:
            name = "registered"
        elif 4000 <= self.code < 5000:
            name = "private use"
        else:
            name = _NAMES.get(self.code, "unknown")
        return f"{self.code} ({name})" + (f" {self.reason}" if self.reason else "")

# SPDX-License-Identifier: MIT
"""What can be sent, as bytes, and what a close frame can say."""

from __future__ import annotations

from ._native import close_code_valid
from .exceptions import ProtocolError
from .typing import DataLike

BYTES_LIKE = (bytes, bytearray, memoryview)
DATA_LIKE = (str, *BYTES_LIKE)

_MAX_CONTROL_LEN = 125
_MAX_REASON_LEN = 123  # of a close frame (RFC 6455 5.5), of which the code takes 2 bytes


def encoded(data: DataLike) -> bytes | bytearray | memoryview:
    """Returns `data`, a str as UTF-8."""
    return data.encode() if isinstance(data, str) else data


def control_payload(data: DataLike) -> bytes:
    """Reads the data of a ping or pong. Raises TypeError, ProtocolError."""
    if not isinstance(data, DATA_LIKE):
        raise TypeError(f"the data of a ping or pong must be str or bytes-like, not {type(data).__name__}")
    payload = bytes(encoded(data))
    if len(payload) > _MAX_CONTROL_LEN:
        raise ProtocolError(f"a ping or pong has at most {_MAX_CONTROL_LEN} bytes, not {len(payload)} (RFC 6455 5.5)")
    return payload


def check_close(code: int, reason: str) -> None:
    """Says what a close frame cannot say: raises ProtocolError."""
    if not close_code_valid(code):
        raise ProtocolError(f"{code} is not a close code that may be sent (RFC 6455 7.4)")
    length = len(reason.encode())
    if length > _MAX_REASON_LEN:
        raise ProtocolError(f"the reason of a close frame has at most {_MAX_REASON_LEN} bytes, not {length}")

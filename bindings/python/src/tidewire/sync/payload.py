# SPDX-License-Identifier: MIT
"""What can be sent, as bytes."""

from __future__ import annotations

from ..exceptions import ProtocolError
from ..typing import DataLike

BYTES_LIKE = (bytes, bytearray, memoryview)

_MAX_CONTROL_LEN = 125


def encoded(data: DataLike) -> bytes | bytearray | memoryview:
    """Returns `data`, a str as UTF-8."""
    return data.encode() if isinstance(data, str) else data


def control_payload(data: DataLike) -> bytes:
    """Reads the data of a ping or pong. Raises TypeError, ProtocolError."""
    if not isinstance(data, (str, *BYTES_LIKE)):
        raise TypeError(f"the data of a ping or pong must be str or bytes-like, not {type(data).__name__}")
    payload = bytes(encoded(data))
    if len(payload) > _MAX_CONTROL_LEN:
        raise ProtocolError(f"a ping or pong has at most {_MAX_CONTROL_LEN} bytes, not {len(payload)} (RFC 6455 5.5)")
    return payload

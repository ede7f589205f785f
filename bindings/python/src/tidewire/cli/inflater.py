# SPDX-License-Identifier: MIT
"""Inflates the messages of a captured stream (RFC 7692)."""

from __future__ import annotations

import zlib

_TAIL = b"\x00\x00\xff\xff"  # what a sender leaves out at the end of a message (RFC 7692 7.2.1)
_MAX_LEN = 1 << 26  # of one frame's inflated payload


class Inflater:
    """One direction. It keeps the context from message to message: one that needs none is inflated all the same."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(-15)

    def inflate(self, payload: bytes, *, last: bool) -> bytes:
        """Returns what the payload of a frame becomes, of which `last` is the last of its message. Raises ValueError."""
        try:
            data = self._stream.decompress(payload + (_TAIL if last else b""), _MAX_LEN)
        except zlib.error as error:
            raise ValueError(f"not a deflate stream: {str(error).rpartition(': ')[2]}") from error
        if self._stream.unconsumed_tail:
            raise ValueError(f"the payload inflates to more than {_MAX_LEN} bytes")
        if self._stream.eof:  # the sender ended its stream with the message
            self._stream = zlib.decompressobj(-15)
        return data

# SPDX-License-Identifier: MIT
"""What the peer makes of a connection's output where messages may be compressed."""

from __future__ import annotations

import zlib

from vector_file import masked


class Inflater:
    """Reads frames, one after the other."""

    def __init__(self) -> None:
        self.stream = None
        self.in_compressed_message = False

    def frames(self, output, terms):
        """The frames as the vector files tell them."""
        out = []
        while output:
            first, mask_and_length = output[:2]
            length, at = mask_and_length & 0x7F, 2
            if length > 125:
                width = 2 if length == 126 else 8
                length, at = int.from_bytes(output[2 : 2 + width], "big"), 2 + width
                assert length > (125 if width == 2 else 0xFFFF), "not the shortest form"
            key = None
            if mask_and_length & 0x80:
                key, at = output[at : at + 4], at + 4
            payload, output = output[at : at + length], output[at + length :]
            assert len(payload) == length
            payload = payload if key is None else masked(key, payload)
            out.append((first, key, self.inflate(first, payload, terms)))
        return out

    def inflate(self, first, payload, terms):
        if first & 0x40:
            assert terms is not None, "no compression was agreed on"
            self.in_compressed_message = True
            if self.stream is None or not terms.send_takeover:
                self.stream = zlib.decompressobj(-terms.send_window_bits)
        if not self.in_compressed_message or first & 0x08:
            return payload
        if first & 0x80:
            self.in_compressed_message = False
            payload += b"\0\0\xff\xff"
        inflated = b""
        # One byte a call: zlib does not check distances within the output of a call against the window.
        while True:
            byte = self.stream.decompress(payload, 1)
            payload = self.stream.unconsumed_tail
            if not byte:
                break
            inflated += byte
        assert not payload and not self.stream.eof, "not all of the payload was used"
        return inflated

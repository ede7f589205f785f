# SPDX-License-Identifier: MIT
"""Frames and masks written down slowly, from RFC 6455 5.2 and 5.3, to compare the engine with."""

from __future__ import annotations

import array
import mmap
from collections.abc import Callable

from tidewire import Connection, Deflate, DeflateConfig, Role

KEY = bytes([0x37, 0xFA, 0x21, 0x3D])

# Around the header's forms, and around the piece in which read-only input is copied.
LENGTHS = [0, 1, 125, 126, 16 * 1024 - 14, 16 * 1024, 65535, 65536, 200_000]


def masked(data: bytes, key: bytes, phase: int = 0) -> bytes:
    return bytes(byte ^ key[(phase + i) % 4] for i, byte in enumerate(data))


def frame(opcode: int, payload: bytes = b"", key: bytes | None = None, fin: bool = True, rsv: int = 0) -> bytes:
    """One frame as bytes, masked if it has a key."""
    mask_bit = 0 if key is None else 0x80
    if len(payload) < 126:
        length = bytes([mask_bit | len(payload)])
    elif len(payload) < 1 << 16:
        length = bytes([mask_bit | 126]) + len(payload).to_bytes(2, "big")
    else:
        length = bytes([mask_bit | 127]) + len(payload).to_bytes(8, "big")
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    return first + length + (payload if key is None else key + masked(payload, key))


def text(payload: bytes, fin: bool = True) -> bytes:
    """A text frame from a client."""
    return frame(1, payload, KEY, fin)


def binary(payload: bytes, fin: bool = True) -> bytes:
    return frame(2, payload, KEY, fin)


def pattern(length: int) -> bytes:
    """Bytes whose period of 251 fits no vector register."""
    return bytes(i % 251 for i in range(length))


def open_pair(**server: object) -> tuple[Connection, Connection]:
    """A client and a server that have shaken hands."""
    client = Connection(Role.CLIENT, host="example.com")
    accepting = Connection(Role.SERVER, **server)  # type: ignore[arg-type]
    accepting.receive(client.data_to_send())
    client.receive(accepting.data_to_send())
    return client, accepting


def upgraded(role: Role = Role.SERVER, **arguments: object) -> Connection:
    return Connection(role, upgraded=True, **arguments)  # type: ignore[arg-type]


def open_deflating(**config: int) -> tuple[Connection, Connection]:
    """A client and a server that agreed on compression."""
    deflate = DeflateConfig(**config)
    client = upgraded(Role.CLIENT, deflate=deflate, negotiated=Deflate())
    return client, upgraded(deflate=deflate, negotiated=Deflate())


def counting_random() -> Callable[[int], bytes]:
    """00 01 02 ... ff 00 and so on, over all calls."""
    position = 0

    def random(count: int) -> bytes:
        nonlocal position
        start, position = position, position + count
        return bytes(i % 256 for i in range(start, position))

    return random


def writable_buffers(data: bytes) -> list[object]:
    """The same bytes in writable memory of many kinds, at odd addresses too."""
    mapped = mmap.mmap(-1, max(1, len(data)))
    mapped[: len(data)] = data
    odd = bytearray(b"\x00" * 3 + data + b"\x00")
    buffers: list[object] = [bytearray(data), memoryview(odd)[3:-1], array.array("B", data)]
    if data:
        buffers.append(memoryview(mapped)[: len(data)])
    if len(data) % 4 == 0:
        buffers.append(array.array("I", data))
    return buffers


def readable_buffers(data: bytes) -> list[object]:
    return [data, memoryview(b"x" + data)[1:], memoryview(bytearray(data)).toreadonly(), *writable_buffers(data)]

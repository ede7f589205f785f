# SPDX-License-Identifier: MIT
"""Plain results and settings. The extension module looks each up when it is first needed: `dataclasses` and `typing`
would take longer to import than all of the engine."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from ._types import CloseCause

__all__ = [
    "Agreement",
    "CloseInfo",
    "ConnectionStats",
    "Deflate",
    "DeflateConfig",
    "PoolClass",
    "PoolClassStats",
    "PoolStats",
]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeflateConfig:
    """What a side wants of permessage-deflate (RFC 7692): a client offers it, a server accepts it.

    Without context takeover, which is the default, compression memory is borrowed while a message is under way and given
    back after it. With a `BufferPool` it is then reused by all connections.
    """

    level: int = 1
    """1 (fast) to 9 (small)."""
    memory_level: int = 8
    """1 to 9: the compressor uses 2 ** (memory_level + 9) bytes."""
    send_window_bits: int = 15
    """The most that this side uses, 8 to 15."""
    receive_window_bits: int = 15
    """The most that the peer may use, 8 to 15."""
    max_context_len: int = 0
    """Bytes kept between messages. A direction whose state fits takes its context over: first the receiving one, about
    40 KiB at 15 bits, then the sending one, about 280 KiB."""
    min_len: int = 128
    """A shorter message is sent as it is."""
    max_call_len: int = 1 << 20
    """Inflated bytes of one call of the engine: see `Connection.receive_some`."""
    max_ratio: int = 250
    """Of inflated to received bytes, in messages above 64 KiB."""


class Deflate(NamedTuple):
    """What both sides agreed on for permessage-deflate, seen from this one."""

    send_window_bits: int = 15
    receive_window_bits: int = 15
    send_takeover: bool = False
    """This side may refer to its earlier messages."""
    receive_takeover: bool = False
    """The peer may."""
    window_asked: bool = False
    """For `build_response`: it must tell our window, since the client asked."""


class Agreement(NamedTuple):
    """What an opening handshake led to."""

    subprotocol: str | None
    """The chosen subprotocol."""
    deflate: Deflate | None
    """Compression, None without."""
    accept: str
    """Sec-WebSocket-Accept, which proves the handshake."""


class CloseInfo(NamedTuple):
    """How a connection ended, or is about to."""

    local_code: int
    """In our close frame, 1005 where it has none; 0 until it is queued."""
    remote_code: int
    """In the peer's, 1005 where it has none; 0 until it is received."""
    cause: CloseCause
    """What came first."""


class ConnectionStats(NamedTuple):
    """What a `Connection` did so far."""

    bytes_received: int
    """Taken from the stream, the opening handshake included."""
    bytes_sent: int
    """Queued."""
    messages_received: int
    messages_sent: int
    frames_received: int
    """Of all kinds."""
    frames_sent: int
    control_frames_received: int
    control_frames_sent: int
    deflated_received_len: int
    """Payload bytes of compressed messages, as received."""
    inflated_received_len: int
    """Of the same messages after inflation."""
    deflated_sent_len: int
    inflated_sent_len: int
    held_len: int
    """Bytes that the engine holds for the connection now."""
    context_len: int
    """Of these, compression state kept between messages."""
    rtt_ns: int
    """From the last ping of `Connection.tick` to its pong; 0 where it is not known yet."""


class PoolClass(NamedTuple):
    """A size class of a `BufferPool`."""

    len: int
    """Bytes of a buffer."""
    max_idle: int = 0
    """Buffers kept for reuse; 0: as many as `max_idle_len` allows."""
    reason: str = ""
    """Why `BufferPool.advise` recommends it."""


class PoolClassStats(NamedTuple):
    """What a `BufferPool` did in one size class. Numbers of buffers, but for `len`."""

    len: int
    """Bytes of a buffer."""
    max_idle: int
    """Buffers kept for reuse at most; 0: as many as `max_idle_len` allows."""
    hits: int
    """Acquisitions served from idle buffers."""
    misses: int
    """Acquisitions that asked for new memory."""
    drops: int
    """Releases that gave memory back because a cap on idle buffers was reached."""
    in_use: int
    """Lent out now."""
    idle: int
    """Kept for reuse."""
    high_water: int
    """The most in use at once; with several threads this also counts what they then kept idle."""


class PoolStats(NamedTuple):
    """What a `BufferPool` did so far."""

    hits: int
    """Acquisitions served from idle buffers."""
    misses: int
    """Acquisitions that asked for new memory."""
    drops: int
    """Releases that gave memory back because a cap on idle buffers was reached."""
    in_use_len: int
    """Bytes lent out now."""
    idle_len: int
    """Bytes kept for reuse."""
    high_water_len: int
    """The most bytes that were lent out at once."""
    huge: int
    """Acquisitions of more than a quarter of `max_idle_len`: never kept, no hit and no miss."""
    classes: tuple[PoolClassStats, ...]
    """The size classes."""

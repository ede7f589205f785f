# SPDX-License-Identifier: MIT
"""What the arguments of `connect` and `serve`, in seconds and by the names that people know, mean to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ._native import BufferPool
from ._types import NEVER, DeflateConfig
from .typing import Subprotocol

QueueLimits: TypeAlias = int | None | tuple[int | None, int | None]

# What a small frame may become is bounded by max_size here; deflate itself ends at 1032 to 1.
DEFAULT_DEFLATE = DeflateConfig(send_window_bits=12, receive_window_bits=15, memory_level=5, max_ratio=1100)

_MEMORY_LEN = 1 << 27  # the engine's own limit on all that a connection holds, which a longer message raises

_pool: BufferPool | None = None


def shared_pool() -> BufferPool:
    """Returns the pool of this process, from which all connections of `tidewire.asyncio` borrow."""
    global _pool
    if _pool is None:
        _pool = BufferPool()
    return _pool


def deflate_option(compression: str | DeflateConfig | None) -> DeflateConfig | None:
    """Reads the argument `compression`: "deflate", a DeflateConfig, or None for none. Raises ValueError."""
    if compression is None or isinstance(compression, DeflateConfig):
        return compression
    if compression != "deflate":
        raise ValueError(f"compression must be 'deflate', a DeflateConfig or None, not {compression!r}")
    return DEFAULT_DEFLATE


def nanoseconds(name: str, seconds: float | None) -> int:
    """Reads a time in seconds; None is never. Raises ValueError for what is not positive."""
    if seconds is None:
        return NEVER
    if not seconds > 0:
        raise ValueError(f"{name} must be a positive number of seconds or None, not {seconds!r}")
    return min(int(seconds * 1e9) or 1, NEVER)


def size_limits(max_size: int | None | tuple[int | None, int | None]) -> dict[str, int]:
    """Reads the argument `max_size`: of a message, or of a message and of a fragment, in bytes; None is no limit."""
    of_message, of_frame = max_size if isinstance(max_size, tuple) else (max_size, None)
    message_len = NEVER if of_message is None else of_message
    frame_len = message_len if of_frame is None else of_frame
    limits = {"max_message_len": message_len, "max_frame_len": frame_len}
    for length in limits.values():
        if length <= 0:
            raise ValueError(f"max_size must be positive or None, not {max_size!r}")
    return limits


def read_subprotocols(subprotocols: Sequence[Subprotocol] | None, extensions: None) -> tuple[Subprotocol, ...]:
    """Reads the arguments `subprotocols` and `extensions`, of which there is none. Raises TypeError, ValueError."""
    if extensions is not None:
        raise ValueError("extensions: the engine has permessage-deflate and no others; see compression")
    if isinstance(subprotocols, str):
        raise TypeError("subprotocols must be a sequence of names, not a string")
    return tuple(subprotocols or ())


def queue_limits(max_queue: QueueLimits) -> tuple[int | None, int]:
    """Reads the argument `max_queue`: how many messages or parts may wait before reading stops, None for any number, and
    how few before it goes on, by default a quarter. Raises ValueError."""
    high, low = max_queue if isinstance(max_queue, tuple) else (max_queue, None)
    if high is None and low is not None:
        high = low * 4
    if low is None:
        low = 0 if high is None else high // 4
    if low < 0 or (high is not None and high < low):
        raise ValueError(f"max_queue must be a number from 0 on, or such a pair (high, low), not {max_queue!r}")
    return high, low


def engine_options(
    *,
    max_size: int | None | tuple[int | None, int | None] = 1 << 20,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    **limits: Any,
) -> dict[str, Any]:
    """Returns keyword arguments for `tidewire.Connection`. `limits` are such arguments already, and win."""
    sizes = size_limits(max_size)
    return {
        **sizes,
        "ping_interval_ns": nanoseconds("ping_interval", ping_interval),
        "pong_timeout_ns": nanoseconds("ping_timeout", ping_timeout),
        "close_timeout_ns": nanoseconds("close_timeout", close_timeout),
        "idle_timeout_ns": NEVER,
        "message_timeout_ns": NEVER,
        "max_memory_len": min(_MEMORY_LEN + 2 * sizes["max_message_len"], NEVER),
        **limits,
    }

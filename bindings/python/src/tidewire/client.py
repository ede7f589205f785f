# SPDX-License-Identifier: MIT
"""When and whether a client tries again."""

from __future__ import annotations

import random
from collections.abc import Iterator

from .exceptions import InvalidMessage, InvalidStatus

__all__ = ["backoff", "process_exception"]

_TRANSIENT_STATUSES = (500, 502, 503, 504)


def backoff(
    initial_delay: float = 5.0, min_delay: float = 3.1, max_delay: float = 90.0, factor: float = 1.618
) -> Iterator[float]:
    """Yields, without end, how many seconds to wait before each attempt to connect again: first a random time below
    `initial_delay`, so that the clients of a server that went away do not all come back at once (RFC 6455 7.2.3),
    then from `min_delay` on `factor` times as long as before, up to `max_delay`."""
    yield random.random() * initial_delay
    delay = min_delay
    while True:
        yield min(delay, max_delay)
        delay = min(delay * factor, max_delay)


def process_exception(exc: Exception) -> Exception | None:
    """Judges why an attempt to connect failed: returns None if the next may succeed, else the exception to raise.

    May succeed: what the network or the name service failed at (OSError), what took too long, a connection that
    ended before the response did, and the statuses 500, 502, 503 and 504.
    """
    if isinstance(exc, (OSError, TimeoutError)):
        return None
    if isinstance(exc, InvalidMessage) and isinstance(exc.__cause__, EOFError):
        return None
    if isinstance(exc, InvalidStatus) and exc.response.status_code in _TRANSIENT_STATUSES:
        return None
    return exc

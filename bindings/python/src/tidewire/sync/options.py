# SPDX-License-Identifier: MIT
"""Arguments of `connect` and `serve` that matter to an open connection."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

from .._options import QueueLimits, engine_options, nanoseconds, queue_limits
from .._types import NEVER
from ..typing import LoggerLike

_MAX_FRAGMENTS = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """They are checked once, and shared by all connections."""

    engine: dict[str, Any]
    """Keyword arguments of tidewire.Connection."""
    queue_limits: tuple[float, float]
    close_timeout: float | None
    logger: LoggerLike

    @classmethod
    def make(
        cls,
        logger_name: str,
        *,
        ping_interval: float | None,
        ping_timeout: float | None,
        close_timeout: float | None,
        max_size: int | None | tuple[int | None, int | None],
        max_queue: QueueLimits,
        max_fragments: int | None,
        logger: LoggerLike | None,
    ) -> ConnectionOptions:
        """Checks the arguments. Raises ValueError."""
        nanoseconds("close_timeout", close_timeout)
        if max_fragments is not None and not 0 < max_fragments <= _MAX_FRAGMENTS:
            raise ValueError(f"max_fragments must be from 1 to {_MAX_FRAGMENTS}, or None, not {max_fragments!r}")
        engine = engine_options(
            max_size=max_size,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=None,  # the pump has it
            max_fragments=max_fragments or _MAX_FRAGMENTS,
            max_output_len=NEVER,  # senders wait until their message is written
        )
        logger = logging.getLogger(logger_name) if logger is None else logger
        high, low = queue_limits(max_queue)
        return cls(engine, (math.inf if high is None else high, low), close_timeout, logger)

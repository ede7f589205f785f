# SPDX-License-Identifier: MIT
"""When a client that reconnects tries again, for `tidewire.asyncio` and `tidewire.sync`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator

from .typing import LoggerLike


class Retry:
    """The pauses between the attempts of one client."""

    def __init__(
        self,
        process_exception: Callable[[Exception], Exception | None],
        reconnect_delays: Callable[[], Iterator[float]],
        logger: LoggerLike,
    ) -> None:
        """The first two are arguments of `connect`."""
        self._process_exception = process_exception
        self._reconnect_delays = reconnect_delays
        self._logger = logger
        self._delays: Iterator[float] | None = None

    def delay_after(self, error: Exception) -> float:
        """Returns how many seconds to wait after an attempt that failed. Raises what it is not worth to try again after."""
        verdict = self._process_exception(error)
        if verdict is not None:
            try:
                if verdict is error:
                    raise error
                raise verdict from error
            finally:
                del error, verdict  # the traceback holds this frame, which must not hold the exception
        if self._delays is None:
            self._delays = self._reconnect_delays()
        delay = next(self._delays)
        why = traceback.format_exception_only(error)[0].strip()
        self._logger.info("connect failed; reconnecting in %.1f seconds: %s", delay, why)
        return delay

    def reset(self) -> None:
        """Says that an attempt did not fail: the pauses begin anew."""
        self._delays = None

# SPDX-License-Identifier: MIT
"""Pings that wait for their pongs."""

from __future__ import annotations

import threading
import time

from ..exceptions import ConcurrencyError


class Pings:
    """The pings of one connection, whose lock guards them."""

    def __init__(self) -> None:
        self.latency = 0.0
        """Seconds from the last ping that was answered to its pong."""
        self._waiting: dict[bytes, tuple[threading.Event, float, bool]] = {}

    def add(self, data: bytes, answered: threading.Event, ack_on_close: bool) -> None:
        """Says that the pong with the same data is to set `answered`, or with `ack_on_close` the end of the connection.
        Raises ConcurrencyError while there is such a ping already."""
        if data in self._waiting:
            raise ConcurrencyError("already waiting for a pong with the same data")
        self._waiting[data] = answered, time.monotonic(), ack_on_close

    def on_pong(self, data: bytes) -> bool:
        """Takes a pong. It answers the pings before its own too, which the peer may skip (RFC 6455 5.5.3). Returns
        whether there was such a ping."""
        if data not in self._waiting:
            return False
        for sent in list(self._waiting):
            answered, sent_at, _ = self._waiting.pop(sent)
            answered.set()
            if sent == data:
                break
        self.latency = time.monotonic() - sent_at
        return True

    def end(self) -> None:
        """No pong will come any more."""
        for answered, _, ack_on_close in self._waiting.values():
            if ack_on_close:
                answered.set()
        self._waiting.clear()

# SPDX-License-Identifier: MIT
"""One message for many connections."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable

from .._native import PreparedMessage
from .._options import shared_pool
from .._payload import DATA_LIKE, encoded
from ..exceptions import ConcurrencyError
from ..typing import DataLike
from .connection import Connection


def broadcast(
    connections: Iterable[Connection],
    message: DataLike,
    *,
    raise_exceptions: bool = False,
    text: bool | None = None,
    max_workers: int | None = None,
) -> None:
    """Sends a message to all connections that are open, and returns when it is written to all of them.

    It is encoded once, and each connection gets it at once, whether or not others read slowly: there is no pool of
    threads, and `max_workers` has no effect. Connections are left out that are sending a message in fragments, or that
    break; that is logged, or with `raise_exceptions` (from Python 3.11 on) part of an ExceptionGroup in the end.

    Raises TypeError where `message` is not one message.
    """
    if raise_exceptions and sys.version_info < (3, 11):
        raise ValueError("raise_exceptions needs Python 3.11")
    if not isinstance(message, DATA_LIKE):
        raise TypeError(f"a message must be str, bytes, bytearray or memoryview, not {type(message).__name__}")
    is_text = isinstance(message, str) if text is None else text
    prepared = PreparedMessage(encoded(message), is_text, pool=shared_pool())
    failures: list[tuple[Connection, Exception]] = []
    receivers: list[Connection] = []
    for connection in connections:
        try:
            if connection._post(prepared):
                receivers.append(connection)
        except ConcurrencyError as error:
            failures.append((connection, error))
    for connection in receivers:
        if not connection._wait_posted():
            failures.append((connection, RuntimeError("failed to write message")))
    if failures and raise_exceptions and sys.version_info >= (3, 11):
        raise builtins.ExceptionGroup("skipped broadcast", [failure for _, failure in failures])
    for connection, failure in failures:
        connection.logger.warning("skipped broadcast: %s", failure)

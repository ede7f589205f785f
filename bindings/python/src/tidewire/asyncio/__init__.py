# SPDX-License-Identifier: MIT
"""WebSocket clients and servers on asyncio.

`connect` and `serve` have the coroutine API, with the names that users of `websockets.asyncio` know. `connect_listener`
and `serve_listener` have callbacks instead, and are faster.
"""

from __future__ import annotations

from .client import ClientConnection, connect, unix_connect
from .connection import Connection
from .listener import BorrowedMessage, Listener, ListenerSession, connect_listener, serve_listener
from .server import Server, ServerConnection, basic_auth, broadcast, serve, unix_serve

__all__ = [
    "BorrowedMessage",
    "ClientConnection",
    "Connection",
    "Listener",
    "ListenerSession",
    "Server",
    "ServerConnection",
    "basic_auth",
    "broadcast",
    "connect",
    "connect_listener",
    "serve",
    "serve_listener",
    "unix_connect",
    "unix_serve",
]

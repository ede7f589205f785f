# SPDX-License-Identifier: MIT
"""WebSocket clients and servers with threads, for scripts, with the names that users of `websockets.sync` know."""

from __future__ import annotations

from .client import ClientConnection, connect, reconnect, unix_connect, unix_reconnect
from .connection import Connection
from .server import Server, ServerConnection, basic_auth, broadcast, serve, unix_serve

__all__ = [
    "ClientConnection",
    "Connection",
    "Server",
    "ServerConnection",
    "basic_auth",
    "broadcast",
    "connect",
    "reconnect",
    "serve",
    "unix_connect",
    "unix_reconnect",
    "unix_serve",
]

# SPDX-License-Identifier: MIT
"""WebSocket clients and servers (RFC 6455, RFC 7692), and the engine below them.

`connect` and `serve`, of `tidewire.asyncio`, and the rest of what users of the package `websockets` look for at the top
of it, are found here by name: they are loaded when they are first asked for. `tidewire.sync` has the same with threads.

The engine owns no socket, clock, file or thread. `Connection` is one side of a connection: give it what was read, look
at the events, send, write its output. Below it lie the opening handshake (`check_request`, `build_response`, ...),
frames (`decode_frames`, `encode_frames`), masking, UTF-8 validation and a pool of buffers.

Every argument called a buffer may be bytes, bytearray, memoryview, mmap, array or anything else with contiguous memory.
"""

from __future__ import annotations

from ._native import engine_version
from ._version import __version__

# Before anything else is asked of the engine: one of another version may lack it.
if engine_version() != __version__:
    raise ImportError(f"the package tidewire is version {__version__}, but its engine is version {engine_version()}")

# ruff: noqa: E402
from ._errors import Error, LimitError, OutOfMemoryError, ProtocolError, ResourceError, UsageError
from ._native import (
    BufferPool,
    Chunk,
    Close,
    Connection,
    Frame,
    Message,
    MessageView,
    Open,
    Ping,
    Pong,
    PoolBuffer,
    PreparedMessage,
    accept_key,
    build_refusal,
    build_request,
    build_response,
    check_request,
    check_response,
    close_code_valid,
    decode_frames,
    encode_frames,
    generate_key,
    mask,
    mask_into,
    masking_keys,
    validate_utf8,
)
from ._types import NEVER, CloseCause, Opcode, Role, State, Want

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._records import (
        Agreement,
        CloseInfo,
        ConnectionStats,
        Deflate,
        DeflateConfig,
        PoolClass,
        PoolClassStats,
        PoolStats,
    )
    from .asyncio.client import ClientConnection, connect, unix_connect
    from .asyncio.router import Router, route, unix_route
    from .asyncio.server import Server, ServerConnection, basic_auth, broadcast, serve, unix_serve
    from .datastructures import Headers, HeadersLike, MultipleValuesError
    from .exceptions import (
        ConcurrencyError,
        ConnectionClosed,
        ConnectionClosedError,
        ConnectionClosedOK,
        HeaderLineTooLong,
        InvalidHandshake,
        InvalidHeader,
        InvalidHeaderFormat,
        InvalidHeaderValue,
        InvalidMessage,
        InvalidOrigin,
        InvalidProxy,
        InvalidProxyMessage,
        InvalidProxyStatus,
        InvalidState,
        InvalidStatus,
        InvalidUpgrade,
        InvalidURI,
        NegotiationError,
        PayloadTooBig,
        ProxyError,
        RequestLineTooLong,
        SecurityError,
        StatusLineTooLong,
        TooManyFragments,
        TooManyHeaders,
        WebSocketException,
    )
    from .frames import CloseCode
    from .http11 import Request, Response
    from .typing import Data, LoggerLike, Origin, StatusLike, Subprotocol

Event = Open | Message | MessageView | Chunk | Ping | Pong | Close

__all__ = [
    "Agreement",
    "BufferPool",
    "Chunk",
    "ClientConnection",
    "Close",
    "CloseCause",
    "CloseCode",
    "CloseInfo",
    "ConcurrencyError",
    "Connection",
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "ConnectionStats",
    "Data",
    "Deflate",
    "DeflateConfig",
    "Error",
    "Event",
    "Frame",
    "HeaderLineTooLong",
    "Headers",
    "HeadersLike",
    "InvalidHandshake",
    "InvalidHeader",
    "InvalidHeaderFormat",
    "InvalidHeaderValue",
    "InvalidMessage",
    "InvalidOrigin",
    "InvalidProxy",
    "InvalidProxyMessage",
    "InvalidProxyStatus",
    "InvalidState",
    "InvalidStatus",
    "InvalidURI",
    "InvalidUpgrade",
    "LimitError",
    "LoggerLike",
    "Message",
    "MessageView",
    "MultipleValuesError",
    "NEVER",
    "NegotiationError",
    "Opcode",
    "Open",
    "Origin",
    "OutOfMemoryError",
    "PayloadTooBig",
    "Ping",
    "Pong",
    "PoolBuffer",
    "PoolClass",
    "PoolClassStats",
    "PoolStats",
    "PreparedMessage",
    "ProtocolError",
    "ProxyError",
    "Request",
    "RequestLineTooLong",
    "ResourceError",
    "Response",
    "Role",
    "Router",
    "SecurityError",
    "Server",
    "ServerConnection",
    "State",
    "StatusLike",
    "StatusLineTooLong",
    "Subprotocol",
    "TooManyFragments",
    "TooManyHeaders",
    "UsageError",
    "Want",
    "WebSocketException",
    "__version__",
    "accept_key",
    "basic_auth",
    "broadcast",
    "build_refusal",
    "build_request",
    "build_response",
    "check_request",
    "check_response",
    "close_code_valid",
    "connect",
    "decode_frames",
    "encode_frames",
    "engine_version",
    "generate_key",
    "mask",
    "mask_into",
    "masking_keys",
    "route",
    "serve",
    "unix_connect",
    "unix_route",
    "unix_serve",
    "validate_utf8",
]

# What `import tidewire` does not load: it would bring asyncio and more along.
_LAZY = {
    "_records": "Agreement CloseInfo ConnectionStats Deflate DeflateConfig PoolClass PoolClassStats PoolStats",
    "asyncio.client": "ClientConnection connect unix_connect",
    "asyncio.router": "Router route unix_route",
    "asyncio.server": "Server ServerConnection basic_auth broadcast serve unix_serve",
    "datastructures": "Headers HeadersLike MultipleValuesError",
    "exceptions": (
        "ConcurrencyError ConnectionClosed ConnectionClosedError ConnectionClosedOK HeaderLineTooLong "
        "InvalidHandshake InvalidHeader InvalidHeaderFormat InvalidHeaderValue InvalidMessage InvalidOrigin "
        "InvalidProxy InvalidProxyMessage InvalidProxyStatus InvalidState InvalidStatus InvalidUpgrade InvalidURI "
        "NegotiationError PayloadTooBig ProxyError RequestLineTooLong SecurityError StatusLineTooLong "
        "TooManyFragments TooManyHeaders WebSocketException"
    ),
    "frames": "CloseCode",
    "http11": "Request Response",
    "typing": "Data LoggerLike Origin StatusLike Subprotocol",
}
_HOMES = {name: module for module, names in _LAZY.items() for name in names.split()}
_MODULES = "asyncio client datastructures exceptions frames http11 protocol proxy sync typing unstable uri".split()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _HOMES:
            value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
            return value
        if name in _MODULES:
            return import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES, *_MODULES})

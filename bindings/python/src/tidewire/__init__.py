# SPDX-License-Identifier: MIT
"""A WebSocket engine (RFC 6455, RFC 7692) that owns no socket, clock, file or thread.

`Connection` is one side of a connection: give it what was read, look at the events, send, write its output. Below it
lie the opening handshake (`check_request`, `build_response`, ...), frames (`decode_frames`, `encode_frames`), masking,
UTF-8 validation and a pool of buffers.

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
from ._types import (
    NEVER,
    Agreement,
    CloseCause,
    CloseInfo,
    ConnectionStats,
    Deflate,
    DeflateConfig,
    Opcode,
    PoolClass,
    PoolClassStats,
    PoolStats,
    Role,
    State,
    Want,
)

Event = Open | Message | MessageView | Chunk | Ping | Pong | Close

__all__ = [
    "Agreement",
    "BufferPool",
    "Chunk",
    "Close",
    "CloseCause",
    "CloseInfo",
    "Connection",
    "ConnectionStats",
    "Deflate",
    "DeflateConfig",
    "Error",
    "Event",
    "Frame",
    "LimitError",
    "Message",
    "MessageView",
    "NEVER",
    "Opcode",
    "Open",
    "OutOfMemoryError",
    "Ping",
    "Pong",
    "PoolBuffer",
    "PoolClass",
    "PoolClassStats",
    "PoolStats",
    "PreparedMessage",
    "ProtocolError",
    "ResourceError",
    "Role",
    "State",
    "UsageError",
    "Want",
    "__version__",
    "accept_key",
    "build_refusal",
    "build_request",
    "build_response",
    "check_request",
    "check_response",
    "close_code_valid",
    "decode_frames",
    "encode_frames",
    "engine_version",
    "generate_key",
    "mask",
    "mask_into",
    "masking_keys",
    "validate_utf8",
]

# SPDX-License-Identifier: MIT
"""Names for the types of arguments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import logging

__all__ = ["BytesLike", "Data", "DataLike", "LoggerLike", "Origin", "PathLike", "StatusLike", "Subprotocol"]

Data: TypeAlias = str | bytes
"""A message: str is text, bytes is binary."""
BytesLike: TypeAlias = bytes | bytearray | memoryview
"""Bytes that can be sent."""
DataLike: TypeAlias = str | bytes | bytearray | memoryview
"""What can be sent as a message."""
LoggerLike: TypeAlias = "logging.Logger | logging.LoggerAdapter[Any]"
"""What can take the lines of a log."""
PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""The path of a unix socket."""
StatusLike: TypeAlias = int
"""An HTTP status; a member of http.HTTPStatus is one."""
Origin: TypeAlias = str
"""The value of an Origin header."""
Subprotocol: TypeAlias = str
"""The name of a subprotocol."""

# SPDX-License-Identifier: MIT
"""Names for the types of arguments."""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

__all__ = ["Data", "DataLike", "LoggerLike", "Origin", "StatusLike", "Subprotocol"]

Data: TypeAlias = str | bytes
"""A message: str is text, bytes is binary."""
DataLike: TypeAlias = str | bytes | bytearray | memoryview
"""What can be sent as a message."""
LoggerLike: TypeAlias = logging.Logger | logging.LoggerAdapter[Any]
StatusLike: TypeAlias = int
"""An HTTP status; a member of http.HTTPStatus is one."""
Origin: TypeAlias = str
Subprotocol: TypeAlias = str

# SPDX-License-Identifier: MIT
"""The state of a connection, where users of sans-I/O protocols look for it."""

from __future__ import annotations

from ._types import State

__all__ = ["State"]

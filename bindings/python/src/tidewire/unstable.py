# SPDX-License-Identifier: MIT
"""For tests and benchmarks: which kernels do the work. May change or go in any release."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ._native import kernel_names, kernel_select, kernel_selected

__all__ = ["kernel", "kernel_names", "kernel_select", "kernel_selected"]


@contextlib.contextmanager
def kernel(name: str) -> Iterator[None]:
    """Uses the kernels of this name inside a `with` block, for functions and for connections created in it."""
    before = kernel_selected()
    kernel_select(name)
    try:
        yield
    finally:
        kernel_select(before)

# SPDX-License-Identifier: MIT
"""What every test of the blocking API goes through."""

from __future__ import annotations

import faulthandler
import threading
from collections.abc import Iterator

import pytest
from sync_peers import GUARD_SECONDS


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fails a test that leaves a thread behind, and shows all stacks where one hangs."""
    faulthandler.dump_traceback_later(3 * GUARD_SECONDS, exit=True)
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(GUARD_SECONDS)
        assert not thread.is_alive(), f"{thread} is still running"
    faulthandler.cancel_dump_traceback_later()

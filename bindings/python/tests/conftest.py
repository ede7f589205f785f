# SPDX-License-Identifier: MIT
"""What holds for all tests."""

from __future__ import annotations

import signal

# A shell that starts the tests in the background has them ignore Control-C, which some send, and their programs inherit
# it.
signal.signal(signal.SIGINT, signal.default_int_handler)

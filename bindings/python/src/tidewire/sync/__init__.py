# SPDX-License-Identifier: MIT
"""WebSocket clients and servers with threads, for scripts."""

# SPDX-License-Identifier: MIT
"""WebSocket clients and servers with threads, for scripts: see the modules client and server."""

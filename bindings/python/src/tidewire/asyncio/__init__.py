# SPDX-License-Identifier: MIT
"""WebSocket clients and servers on asyncio."""

# SPDX-License-Identifier: MIT
"""The client of tidewire.asyncio that the Autobahn test suite examines.

asyncio_client.py STYLE PORT CONTEXT: runs every case that the suite's server on 127.0.0.1 offers, echoing each message.
STYLE is "coroutines" or "listener"; CONTEXT is how many bytes of compression context it may keep. Status 0: every case
was run to its end; what they showed is in the suite's report.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tidewire import DeflateConfig
from tidewire.asyncio import Listener, connect, connect_listener
from tidewire.exceptions import ConnectionClosed

MAX_FRAGMENTS = 128 * 1024  # case 9.3.1 sends 65536
MAX_SIZE = 16 << 20  # the cases of 9 send as much


class Echo(Listener):
    """Sends back each message."""

    def on_message(self, session: Any, message: Any) -> None:
        """Called by the loop."""
        session.send(message)


async def run_case(style: str, uri: str, **options: Any) -> None:
    """Echoes until the suite has seen enough."""
    if style == "listener":
        session, _ = await connect_listener(Echo, uri, **options)
        await session.wait_closed()
        return
    async with connect(uri, **options) as connection:
        try:
            async for message in connection:
                await connection.send(message)
        except ConnectionClosed:
            pass  # many of the cases break a rule to see this


async def main(style: str, port: int, context: int) -> None:
    """Runs the cases, and has the suite write its report."""
    compression = DeflateConfig(max_context_len=context)
    limits = {"max_size": MAX_SIZE, "max_fragments": MAX_FRAGMENTS}
    base = f"ws://127.0.0.1:{port}"
    async with connect(f"{base}/getCaseCount") as connection:
        count = int(await connection.recv())
    for case in range(1, count + 1):
        await run_case(style, f"{base}/runCase?case={case}&agent=tidewire", compression=compression, **limits)
    async with connect(f"{base}/updateReports?agent=tidewire") as connection:
        await connection.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

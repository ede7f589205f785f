# SPDX-License-Identifier: MIT
"""A chat: what one says is broadcast to all who are in the same room.

    python chat.py --port 9001

The room is the path, the name its query: ws://127.0.0.1:9001/lobby?ann
"""

from __future__ import annotations

import argparse
import asyncio
from collections import defaultdict

from tidewire.asyncio import ServerConnection, broadcast, serve

ROOMS: defaultdict[str, set[ServerConnection]] = defaultdict(set)


async def chat(connection: ServerConnection) -> None:
    assert connection.request is not None
    room, _, name = connection.request.path.partition("?")
    name = name or "somebody"
    people = ROOMS[room]
    people.add(connection)
    broadcast(people, f"* {name} is here")
    try:
        async for text in connection:
            if isinstance(text, str):
                broadcast(people, f"{name}: {text}")  # encoded once, and nobody waits for the slowest
    finally:
        people.discard(connection)
        broadcast(people, f"* {name} is gone")
        if not people:
            ROOMS.pop(room, None)


async def main(host: str, port: int) -> None:
    async with serve(chat, host, port, max_size=4096) as server:
        address = server.sockets[0].getsockname()
        print(f"listening on {address[0]}:{address[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A chat with rooms.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one (default: %(default)s)")
    options = parser.parse_args()
    asyncio.run(main(options.host, options.port))

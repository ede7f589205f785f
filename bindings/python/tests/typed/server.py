# SPDX-License-Identifier: MIT
"""A server as a typed program writes it."""

import asyncio
import http

from tidewire.asyncio.server import ServerConnection, basic_auth, broadcast, serve
from tidewire.http11 import Request, Response

PEERS: set[ServerConnection] = set()


def health(connection: ServerConnection, request: Request) -> Response | None:
    if request.path == "/healthz":
        return connection.respond(http.HTTPStatus.OK, "fine\n")
    return None


async def chat(connection: ServerConnection) -> None:
    PEERS.add(connection)
    try:
        async for message in connection:
            broadcast(PEERS, message)
    finally:
        PEERS.remove(connection)


async def main() -> None:
    check = basic_auth(realm="chat", credentials=("user", "secret"))
    async with serve(chat, "127.0.0.1", 9001, process_request=health) as server:
        async with serve(chat, "127.0.0.1", 9002, process_request=check, compression=None):
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

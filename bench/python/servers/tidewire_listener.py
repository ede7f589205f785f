# SPDX-License-Identifier: MIT
"""tidewire's callback API."""

from __future__ import annotations

import host
from tidewire.asyncio import Listener, serve_listener


class Echo(Listener):
    def on_message(self, session, message):
        session.send(message)


async def start():
    server = await serve_listener(Echo, host.HOST, 0, compression=None)
    return server.sockets


if __name__ == "__main__":
    host.run(start)

# SPDX-License-Identifier: MIT
"""aiohttp's server, without compression."""

from __future__ import annotations

import host
from aiohttp import WSMsgType, web


async def echo(request):
    connection = web.WebSocketResponse(compress=False)
    await connection.prepare(request)
    async for message in connection:
        if message.type is WSMsgType.BINARY:
            await connection.send_bytes(message.data)
        elif message.type is WSMsgType.TEXT:
            await connection.send_str(message.data)
    return connection


async def start():
    application = web.Application()
    application.router.add_get("/{path:.*}", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host.HOST, 0)
    await site.start()
    return site._server.sockets


if __name__ == "__main__":
    host.run(start)

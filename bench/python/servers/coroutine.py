# SPDX-License-Identifier: MIT
"""One program for the three packages that share an API: coroutine.py PACKAGE, such as tidewire.asyncio."""

from __future__ import annotations

import importlib
import sys

import host


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def start():
    server = await importlib.import_module(PACKAGE).serve(echo, host.HOST, 0, compression=None)
    return server.sockets


if __name__ == "__main__":
    PACKAGE = sys.argv.pop(1)
    host.run(start)

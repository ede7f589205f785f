# SPDX-License-Identifier: MIT
"""No protocol at all: what was read is written. asyncio's own cost for a read and a write."""

from __future__ import annotations

import asyncio

import host

ROOM = memoryview(bytearray(256 * 1024))


class Raw(asyncio.BufferedProtocol):
    transport: asyncio.Transport

    def connection_made(self, transport):
        self.transport = transport

    def get_buffer(self, sizehint):
        return ROOM

    def buffer_updated(self, nbytes):
        self.transport.write(bytes(ROOM[:nbytes]))


if __name__ == "__main__":
    host.run(lambda: host.listen(Raw))

# SPDX-License-Identifier: MIT
"""The least that an echo server with callbacks can do on asyncio: tw_floor, which floor.cc is compiled to."""

from __future__ import annotations

import asyncio

import host
from tw_floor import Floor


class Echo(Floor, asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.begin(transport.write, self.send)


class Opening(asyncio.Protocol):
    """Answers the request; no client sends anything before it has the response."""

    def __init__(self):
        self.request = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.request += data
        if self.request.endswith(b"\r\n\r\n"):
            echo = Echo()
            echo.connection_made(self.transport)
            self.transport.set_protocol(echo)
            self.transport.write(host.switching_protocols(self.request))


if __name__ == "__main__":
    host.run(lambda: host.listen(Opening))

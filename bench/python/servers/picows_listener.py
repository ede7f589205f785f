# SPDX-License-Identifier: MIT
"""picows' own API, as its guide shows an echo server: with the transports of aiofastnet, whatever the loop."""

from __future__ import annotations

import host
from picows import WSListener, WSMsgType, ws_create_server


class Echo(WSListener):
    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())


async def start():
    server = await ws_create_server(lambda request: Echo(), host.HOST, 0)
    return server.sockets


if __name__ == "__main__":
    host.run(start)

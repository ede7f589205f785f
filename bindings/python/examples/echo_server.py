# SPDX-License-Identifier: MIT
"""An echo server on asyncio: one engine call for each read, one write for each wake-up.

    python echo_server.py --port 9001

SIGTERM or SIGINT: no new connections, close code 1001 for those that are open, five seconds to finish.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence

from tidewire import Connection, Error, Event, Message, Open, Role, State, Want

HANDSHAKE_SECONDS = 10
LINGER_SECONDS = 5
DRAIN_SECONDS = 5

# asyncio fills it and calls buffer_updated at once, so one is enough for all connections.
READ_BUFFER = memoryview(bytearray(256 * 1024))


class Echo(asyncio.BufferedProtocol):
    """One connection, which is in `alive` as long as it lasts."""

    transport: asyncio.Transport
    timer: asyncio.TimerHandle

    def __init__(self, alive: set[Echo]) -> None:
        self.alive = alive
        self.connection = Connection(Role.SERVER)
        self.going_away = False
        self.finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.timer = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, transport.abort)
        self.alive.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.timer.cancel()
        self.alive.discard(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return READ_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        if self.finished:
            return
        events: Sequence[Event]
        try:
            events = self.connection.receive(READ_BUFFER[:nbytes])
        except Error as error:
            print(f"{self.transport.get_extra_info('peername')}: {error}", flush=True)
            events = error.events
        for event in events:
            if isinstance(event, Message) and not self.going_away:
                self.connection.send(event)
            elif isinstance(event, Open):
                self.timer.cancel()
        self.flush()

    def eof_received(self) -> None:
        try:
            self.connection.receive_eof()
        except Error:
            pass  # The peer went without a closing handshake, and asyncio closes the socket.

    # Back-pressure: who does not read the echoes is not read from.
    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def flush(self) -> None:
        if data := self.connection.data_to_send():
            self.transport.write(data)
        if self.connection.wants & Want.CLOSE and not self.finished:
            # Closing a socket that has unread input would reset it, and the peer might never see our last frame. So this
            # ends our direction, and the peer's end closes the rest.
            self.finished = True
            self.transport.write_eof()
            self.abort_after(LINGER_SECONDS)

    def abort_after(self, seconds: float) -> None:
        self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(seconds, self.transport.abort)

    def go_away(self) -> None:
        if self.connection.state is State.OPEN:
            self.going_away = True
            self.connection.close(1001, "the server is stopping")
            self.flush()
        elif self.connection.state is State.CONNECTING:
            self.transport.abort()


async def serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    alive: set[Echo] = set()
    server = await loop.create_server(lambda: Echo(alive), host, port)
    address = server.sockets[0].getsockname()
    print(f"listening on {address[0]}:{address[1]}", flush=True)
    await stop.wait()

    server.close()
    for echo in list(alive):
        echo.go_away()
    deadline = loop.time() + DRAIN_SECONDS
    while alive and loop.time() < deadline:
        await asyncio.sleep(0.01)
    for echo in list(alive):
        echo.transport.abort()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A WebSocket echo server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one (default: %(default)s)")
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port))

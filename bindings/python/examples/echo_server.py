# SPDX-License-Identifier: MIT
"""An echo server on asyncio: compression, time-outs, and back-pressure down to what a peer compressed.

    python echo_server.py --port 9001

SIGTERM or SIGINT: no new connections, close code 1001 for those that are open, five seconds to finish.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence

from tidewire import BufferPool, Connection, DeflateConfig, Error, Event, Message, Role, State, Want

LINGER_SECONDS = 5
DRAIN_SECONDS = 5

COMPRESSION = DeflateConfig()
POOL = BufferPool()  # lends the memory of compression to whoever has a message under way

# asyncio fills it and calls buffer_updated at once, so one is enough for all connections.
READ_BUFFER = memoryview(bytearray(256 * 1024))


class Echo(asyncio.BufferedProtocol):
    """One connection, which is in `alive` as long as it lasts."""

    transport: asyncio.Transport
    linger: asyncio.TimerHandle | None = None

    def __init__(self, alive: set[Echo]) -> None:
        self.alive = alive
        self.connection = Connection(Role.SERVER, deflate=COMPRESSION, pool=POOL)
        self.unread = bytearray()  # what was read while the peer could not take more answers
        self.paused = False
        self.going_away = False
        self.finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.alive.add(self)
        self.tick()

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive.discard(self)
        if self.linger is not None:
            self.linger.cancel()

    def get_buffer(self, sizehint: int) -> memoryview:
        return READ_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.tick()
        if self.paused:
            self.unread += READ_BUFFER[:nbytes]
        else:
            self.receive(READ_BUFFER[:nbytes])

    def eof_received(self) -> None:
        with contextlib.suppress(Error):  # The peer went without a closing handshake, and asyncio closes the socket.
            self.connection.receive_eof()

    # Back-pressure: who does not read the echoes is not read from.
    def pause_writing(self) -> None:
        self.paused = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.paused = False
        unread, self.unread = self.unread, bytearray()
        self.receive(memoryview(unread))
        if not self.paused:
            self.transport.resume_reading()

    def tick(self) -> None:
        """Tells the time, after which a ping may have to go out, or the connection may have failed."""
        if self.connection.error is not None:
            return
        try:
            self.connection.tick(time.monotonic_ns())
        except Error as error:
            self.report(error)
        self.flush()

    def receive(self, data: memoryview) -> None:
        """Answers a little at a time, since what is compressed may become very much."""
        while data and not self.finished:
            if self.paused:
                self.unread += data
                return
            events: Sequence[Event]
            try:
                events, taken = self.connection.receive_some(data)
            except Error as error:
                self.report(error)
                events, taken = error.events, len(data)
            for event in events:
                if isinstance(event, Message) and not self.going_away:
                    self.connection.send(event)
            data = data[taken:]
            self.flush()

    def report(self, error: Error) -> None:
        print(f"{self.transport.get_extra_info('peername')}: {error}", flush=True)

    def flush(self) -> None:
        if data := self.connection.data_to_send():
            self.transport.write(data)
        if self.connection.wants & Want.CLOSE and not self.finished:
            # Closing a socket that has unread input would reset it, and the peer might never see our last frame. So this
            # ends our direction, and the peer's end closes the rest.
            self.finished = True
            self.transport.write_eof()
            self.linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.transport.abort)

    def go_away(self) -> None:
        if self.connection.state is State.OPEN:
            self.going_away = True
            self.connection.close(1001, "the server is stopping")
            self.flush()
        elif self.connection.state is State.CONNECTING:
            self.transport.abort()


async def keep_time(alive: set[Echo]) -> None:
    """Tells all connections the time once a second, which is exact enough: their time-outs take many."""
    while True:
        await asyncio.sleep(1)
        for echo in list(alive):
            echo.tick()


async def serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    alive: set[Echo] = set()
    timekeeper = asyncio.create_task(keep_time(alive))
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
    timekeeper.cancel()
    for echo in list(alive):
        echo.transport.abort()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A WebSocket echo server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one (default: %(default)s)")
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port))

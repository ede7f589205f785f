# SPDX-License-Identifier: MIT
"""Reads of 32 masked binary frames, in memory, to bytes objects."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

import rows
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.base_protocol import BaseProtocol
from picows import WSListener, ws_create_server
from tidewire import Connection, Frame, Opcode, Role, encode_frames, masking_keys
from tidewire.asyncio import Listener, serve_listener
from websockets.frames import Frame as WebSocketsFrame
from websockets.protocol import OPEN, SERVER, Protocol
from wsproto.connection import Connection as WsprotoConnection
from wsproto.connection import ConnectionType

SIZES = (16, 125, 1024)
FRAMES = 32

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

# Each takes a read and returns its messages.
Receive = Callable[[bytes], list[bytes]]


def tw_receive() -> Receive:
    receive = Connection(Role.SERVER, upgraded=True).receive
    return lambda data: [message.data for message in receive(data)]


def tw_read_commit() -> Receive:
    """As with socket.recv_into: a copy to the engine's memory stands for the system call."""
    connection = Connection(Role.SERVER, upgraded=True)

    def call(data):
        size = len(data)
        connection.read_buffer(size)[:size] = data
        return [message.data for message in connection.read_commit(size)]

    return call


def websockets() -> Receive:
    """Its protocol without I/O; the frames are whole messages, and are not put together."""
    protocol = Protocol(SERVER, state=OPEN)

    def call(data):
        protocol.receive_data(data)
        return [frame.data for frame in protocol.events_received() if type(frame) is WebSocketsFrame]

    return call


def wsproto() -> Receive:
    connection = WsprotoConnection(ConnectionType.SERVER)

    def call(data):
        connection.receive_data(data)
        return [event.data for event in connection.events()]

    return call


def aiohttp() -> Receive:
    """Its reader, and the queue that it fills."""
    loop = asyncio.get_running_loop()
    queue = WebSocketDataQueue(BaseProtocol(loop), 1 << 20, loop=loop)
    feed, read = WebSocketReader(queue, 1 << 22, False, False).feed_data, queue.read

    def take():
        try:
            read().send(None)
        except StopIteration as done:  # nothing to wait for
            return done.value.data

    def call(data):
        feed(data)
        return [take() for _ in range(FRAMES)]

    return call


def as_protocol(protocol: asyncio.BufferedProtocol, messages: list[bytes]) -> Receive:
    """A protocol whose callbacks append to `messages`, called as asyncio would; a copy stands for the system call."""

    def call(data):
        messages.clear()
        rest = memoryview(data)
        while rest:
            room = protocol.get_buffer(-1)
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            protocol.buffer_updated(count)
            rest = rest[count:]
        return messages

    return call


async def upgraded(server: asyncio.Server) -> socket.socket:
    """The client's end of a connection to it, whose server's end now is an open WebSocket connection."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setblocking(False)
    await loop.sock_connect(client, server.sockets[0].getsockname())
    await loop.sock_sendall(client, REQUEST)
    assert (await loop.sock_recv(client, 4096)).startswith(b"HTTP/1.1 101")
    return client


async def tw_listener(kept: list[object]) -> Receive:
    messages: list[bytes] = []
    append = messages.append

    class Appender(Listener):
        def on_open(self, session):
            kept.append(session)

        def on_message(self, session, message):
            append(message.tobytes())

    server = await serve_listener(Appender, "127.0.0.1", 0, compression=None)
    client = await upgraded(server)
    protocol = kept[-1]
    kept += [server, client]
    return as_protocol(protocol, messages)


async def picows(kept: list[object]) -> Receive:
    messages: list[bytes] = []
    append = messages.append

    class Appender(WSListener):
        def on_ws_connected(self, transport):
            kept.append(transport)

        def on_ws_frame(self, transport, frame):
            append(frame.get_payload_as_bytes())

    server = await ws_create_server(lambda request: Appender(), "127.0.0.1", 0, read_buffer_init_size=65536)
    client = await upgraded(server)
    protocol = kept[-1].underlying_transport.get_protocol()
    kept += [server, client]
    return as_protocol(protocol, messages)


async def receivers(kept: list[object]) -> dict[str, Receive]:
    """`kept` takes what must live as long as they do."""
    made = {each.__name__: each() for each in (tw_receive, tw_read_commit, websockets, wsproto, aiohttp)}
    return made | {each.__name__: await each(kept) for each in (tw_listener, picows)}


def make_rows(receive_by_name: dict[str, Receive], wanted: re.Pattern[str]) -> dict[str, rows.Row]:
    made = {}
    for name, receive in receive_by_name.items():
        for size in SIZES:
            payloads = [bytes((i + j) % 251 for j in range(size)) for i in range(FRAMES)]
            frames = zip(payloads, masking_keys(FRAMES), strict=True)
            data = encode_frames([Frame(Opcode.BINARY, payload, masking_key=key) for payload, key in frames])
            assert receive(data) == payloads, name
            made[f"BM_PythonReceive/{name}/{size}"] = rows.Row(lambda receive=receive, data=data: receive(data), FRAMES)
    return {name: row for name, row in made.items() if wanted.search(name)}


async def main() -> None:
    kept: list[object] = []
    made = await receivers(kept)
    rows.main(lambda wanted: make_rows(made, wanted))


if __name__ == "__main__":
    asyncio.run(main())

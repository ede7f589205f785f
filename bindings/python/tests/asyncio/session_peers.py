# SPDX-License-Identifier: MIT
"""Sessions on a socket pair, whose other end the test has, and on a transport that only writes down what is done."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

from tidewire import Connection, Message, Role
from tidewire.asyncio.session import Session
from tidewire.exceptions import ConnectionClosedError, ConnectionClosedOK
from tidewire.frames import Close

SECONDS = 20  # against hanging


class PlainSession(Session):
    """Does in its hooks the least that is possible."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.lost_with: list[Exception | None] = []
        self.slow: list[tuple[Any, bool | None]] = []

    def _closed_exception(self) -> Exception:
        if self.close_rcvd is None:
            return ConnectionClosedError(None, None)
        close = Close(self.close_rcvd.code, self.close_rcvd.reason)
        return ConnectionClosedOK(close, close, True)

    def _unpack(self, item: Any) -> str:
        return f"unpacked {item!r}"

    async def _send_slowly(self, message: Any, text: bool | None) -> None:
        self.slow.append((message, text))

    def _on_event(self, event: Any) -> None:
        self.events.append(event)
        super()._on_event(event)

    def _on_lost(self, exc: Exception | None) -> None:
        self.lost_with.append(exc)


class Peer:
    """The client at the other end: a socket, and an engine for its frames."""

    def __init__(self, sock: socket.socket, engine: Connection) -> None:
        self.sock = sock
        self.engine = engine
        self.reads = 0
        sock.setblocking(False)

    async def send(self, *messages: Any) -> None:
        """Sends messages in one write."""
        self.engine.send_batch(messages)
        await self.flush()

    async def flush(self) -> None:
        """Sends what the engine has to say."""
        await asyncio.get_running_loop().sock_sendall(self.sock, self.engine.data_to_send())

    async def receive(self, count: int) -> list[Any]:
        """Receives so many events: messages as str or bytes, others as they are."""
        events: list[Any] = []
        while len(events) < count:
            data = await asyncio.get_running_loop().sock_recv(self.sock, 1 << 16)
            assert data, events
            self.reads += 1
            events += [_content(event) for event in self.engine.receive(data)]
        return events

    async def close(self, code: int = 1000) -> None:
        """Closes, and waits for the answer."""
        self.engine.close(code)
        await self.flush()
        await self.receive(1)
        self.sock.close()


def _content(event: Any) -> Any:
    if not isinstance(event, Message):
        return event
    return event.text if event.is_text else event.data


@contextlib.asynccontextmanager
async def joined(
    make: Callable[[], PlainSession] = PlainSession,
    *,
    send_buffer: int | None = None,
    engine: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[PlainSession, Peer]]:
    """A server's session on one end of a socket pair. `engine` and `options` are arguments of Connection and attach."""
    ours, theirs = socket.socketpair()
    if send_buffer is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    peer = Peer(theirs, Connection(Role.CLIENT, upgraded=True, **_deflate(engine)))
    transport, _ = await asyncio.get_running_loop().create_unix_connection(asyncio.Protocol, sock=ours)
    session = make()
    session.begin(Connection(Role.SERVER, upgraded=True, **(engine or {})), transport, **options)
    try:
        yield session, peer
    finally:
        theirs.close()
        transport.abort()
        await until(lambda: session.lost)


def _deflate(engine: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (engine or {}).items() if name in ("deflate", "negotiated")}


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run until something is so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    while not condition():
        assert loop.time() < end
        await asyncio.sleep(0.001)


async def turns(count: int = 5) -> None:
    """Lets the loop take so many turns."""
    for _ in range(count):
        await asyncio.sleep(0)


class WrittenDown(asyncio.Transport):
    """A transport without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.done: list[str] = []

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Nothing: the test is the loop."""

    def is_closing(self) -> bool:
        return "close" in self.done or "abort" in self.done

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def pause_reading(self) -> None:
        self.done.append("pause_reading")

    def resume_reading(self) -> None:
        self.done.append("resume_reading")

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")


class Client:
    """An engine that makes the bytes of a client, and understands what a WrittenDown got."""

    def __init__(self) -> None:
        self.engine = Connection(Role.CLIENT, upgraded=True)

    def bytes_of(self, *messages: Any) -> bytes:
        self.engine.send_batch(messages)
        return self.engine.data_to_send()

    def read(self, transport: WrittenDown) -> list[Any]:
        events = [_content(event) for event in self.engine.receive(b"".join(transport.written))]
        transport.written.clear()
        return events


def on_paper(**options: Any) -> tuple[PlainSession, WrittenDown, Client]:
    """A server's session on such a transport."""
    session, transport = PlainSession(), WrittenDown()
    session.begin(Connection(Role.SERVER, upgraded=True), transport, **options)
    return session, transport, Client()


def give(session: PlainSession, data: bytes) -> None:
    """Does what a loop does when it reads."""
    while data:
        with session.get_buffer(-1) as room:
            part = data[: len(room)]
            room[: len(part)] = part
        session.buffer_updated(len(part))
        data = data[len(part) :]

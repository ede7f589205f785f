# SPDX-License-Identifier: MIT
"""What two libraries say to each other, in a form that each of them can be made to speak.

A server echoes messages, but for four texts, which are orders. `converse` is the client's part.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

CLOSE_ORDER = "close me"
CLOSE = (4001, "as asked")
FRAGMENTS_ORDER = "send me fragments"
FRAGMENTS = ["in ", "", "three parts"]
PING_ORDER = "ping me"
PONG = "your pong came"

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20]
SECONDS = 60  # against hanging


def messages() -> list[str | bytes]:
    """Both kinds, in all forms of the header, and some that compress and some that refer to earlier ones."""
    text = "the quick brown fox \u2603 and so on, "
    made: list[str | bytes] = []
    for size in SIZES:
        data = (text * (size // len(text.encode()) + 1)).encode()[:size]
        made += [
            data.decode("utf-8", "ignore"),
            bytes(i * i % 251 for i in range(min(size, 1000))) * (size // 1000 or 1),
        ]
    return made


class Talk(Protocol):
    """A client of any library."""

    async def send(self, message: str | bytes) -> None: ...

    async def send_fragments(self, parts: list[str]) -> bool:
        """Sends one message in parts. False if the library cannot."""

    async def recv(self) -> str | bytes: ...

    async def ping(self) -> None:
        """Pings, and waits for the pong."""

    async def closed(self) -> tuple[int, str]:
        """Waits for the peer's close frame, and returns code and reason."""


async def converse(talk: Talk) -> None:
    """The client's part. Ends with the server closing the connection."""
    for message in messages():
        await talk.send(message)
        assert await talk.recv() == message
    for number in range(100):
        await talk.send(f"number {number}")
    assert [await talk.recv() for _ in range(100)] == [f"number {number}" for number in range(100)]
    if await talk.send_fragments(FRAGMENTS):
        assert await talk.recv() == "".join(FRAGMENTS)
    await talk.send(FRAGMENTS_ORDER)
    assert await talk.recv() == "".join(FRAGMENTS)
    await talk.ping()
    await talk.send(PING_ORDER)
    assert await talk.recv() == PONG
    await talk.send(CLOSE_ORDER)
    assert await talk.closed() == CLOSE


async def handle(connection: Any) -> None:
    """The server's part, for libraries whose server is like that of `websockets`."""
    async for message in connection:
        if message == CLOSE_ORDER:
            await connection.close(*CLOSE)
            return
        if message == FRAGMENTS_ORDER:
            await connection.send(FRAGMENTS)
        elif message == PING_ORDER:
            await (await connection.ping())
            await connection.send(PONG)
        else:
            await connection.send(message)


class CoroutineTalk:
    """A client that is like that of `websockets`."""

    def __init__(self, connection: Any, closed: type[Exception]) -> None:
        self._connection = connection
        self._closed: Any = closed

    async def send(self, message: str | bytes) -> None:
        await self._connection.send(message)

    async def send_fragments(self, parts: list[str]) -> bool:
        await self._connection.send(parts)
        return True

    async def recv(self) -> str | bytes:
        received: str | bytes = await self._connection.recv()
        return received

    async def ping(self) -> None:
        assert await asyncio.wait_for(await self._connection.ping(), SECONDS) >= 0

    async def closed(self) -> tuple[int, str]:
        try:
            await self._connection.recv()
        except self._closed as error:
            return error.rcvd.code, error.rcvd.reason
        raise AssertionError("the server sent something instead of closing")

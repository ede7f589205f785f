# SPDX-License-Identifier: MIT
"""recv_streaming, and recv of messages that were sent in fragments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from server_peers import opened, until
from tidewire.asyncio.server import ServerConnection
from tidewire.exceptions import ConcurrencyError, ConnectionClosedError


class Steps:
    """A message whose fragments are sent one at a time."""

    def __init__(self, client: Any, *pieces: Any) -> None:
        self._pieces = list(pieces)
        self._next = asyncio.Event()
        self.sending = asyncio.ensure_future(client.send(self._each()))

    async def _each(self) -> AsyncIterator[Any]:
        for piece in self._pieces:
            await self._next.wait()
            self._next.clear()
            yield piece
        await self._next.wait()

    async def step(self) -> None:
        """Sends the next, or the end."""
        self._next.set()
        await asyncio.sleep(0.01)


async def gather(connection: ServerConnection, decode: bool | None = None) -> list[Any]:
    return [piece async for piece in connection.recv_streaming(decode)]


@pytest.mark.parametrize(
    "message, decode, expected",
    [
        ("é", None, ["é"]),
        ("é", False, ["é".encode()]),
        (b"ab", None, [b"ab"]),
        (b"ab", True, ["ab"]),
        (["a", "é"], None, ["a", "é", ""]),
        (["a", "é"], False, [b"a", "é".encode(), b""]),
        ([b"a", b"b"], None, [b"a", b"b", b""]),
        ([b"\xc3", b"\xa9"], True, ["", "é", ""]),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_recv_streaming_yields_frames(message: Any, decode: bool | None, expected: list[Any]) -> None:
    async with opened() as (connection, client):
        await client.send(message)
        assert await gather(connection, decode) == expected
        await client.send(message)
        await client.send("after")
        await until(lambda: connection.queued == 2)
        assert await gather(connection, decode) == expected
        assert await connection.recv() == "after"


async def test_recv_streaming_does_not_wait_for_the_end() -> None:
    async with opened() as (connection, client):
        steps = Steps(client, "a", "b")
        pieces = connection.recv_streaming()
        for expected in ("a", "b", ""):
            following = asyncio.ensure_future(anext(pieces))
            await asyncio.sleep(0.01)
            assert not following.done()
            await steps.step()
            assert await following == expected
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
        await steps.sending
        await client.send("after")
        assert await connection.recv() == "after"


async def test_recv_streaming_yields_what_came_before_and_what_comes() -> None:
    async with opened() as (connection, client):
        await client.send("first")
        steps = Steps(client, "a", "b", "c")
        await steps.step()
        await steps.step()
        assert await gather(connection) == ["first"]
        pieces = connection.recv_streaming()
        assert [await anext(pieces), await anext(pieces)] == ["a", "b"]
        await steps.step()
        assert await anext(pieces) == "c"
        await steps.step()
        await client.send(["d"])
        assert await anext(pieces) == ""
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
        assert await connection.recv() == "d"


async def test_recv_joins_fragments_however_they_come() -> None:
    async with opened() as (connection, client):
        steps = Steps(client, "a", "b")
        receiving = asyncio.ensure_future(connection.recv())
        for _ in range(3):
            await steps.step()
        assert await receiving == "ab"
        steps = Steps(client, b"a", b"b")
        for _ in range(3):
            await steps.step()
        assert await connection.recv() == b"ab"


async def test_cancelled_recv_of_fragments_loses_nothing() -> None:
    async with opened() as (connection, client):
        steps = Steps(client, "a", "b")
        for _ in range(3):
            receiving = asyncio.ensure_future(connection.recv())
            await asyncio.sleep(0)
            if steps.sending.done():
                break
            await steps.step()
            receiving.cancel()
            await asyncio.wait([receiving])
        assert await connection.recv() == "ab" if receiving.cancelled() else receiving.result() == "ab"


async def test_recv_streaming_that_is_cancelled_before_the_first_piece_loses_nothing() -> None:
    async with opened() as (connection, client):
        for whole in (False, True):
            streaming = asyncio.ensure_future(gather(connection))
            await asyncio.sleep(0.01)
            steps = Steps(client, "a", "b")
            await asyncio.sleep(0)
            streaming.cancel()
            with pytest.raises(asyncio.CancelledError):
                await streaming
            for _ in range(3):
                await steps.step()
            assert ("".join(await gather(connection)) if whole else await connection.recv()) == "ab"


async def test_recv_streaming_that_is_cancelled_when_a_piece_has_come_loses_nothing() -> None:
    for fragments in (1, 2, 3):
        async with opened() as (connection, client):
            first = connection._first_piece()
            first.send(None)  # it waits
            steps = Steps(client, "a", "b")
            await asyncio.sleep(0.01)
            for _ in range(fragments):
                await steps.step()
            await until(lambda: connection.queued == fragments)  # noqa: B023
            with pytest.raises(asyncio.CancelledError):
                first.throw(asyncio.CancelledError())
            for _ in range(3 - fragments):
                await steps.step()
            await client.send("after")
            assert [await connection.recv(), await connection.recv()] == ["ab", "after"]


async def test_receiving_is_refused_while_a_message_is_streamed() -> None:
    async with opened() as (connection, client):
        steps = Steps(client, "a", "b")
        pieces = connection.recv_streaming()
        await steps.step()
        assert await anext(pieces) == "a"
        with pytest.raises(ConcurrencyError):
            await connection.recv()
        with pytest.raises(ConcurrencyError):
            await gather(connection)
        await steps.step()
        await steps.step()
        assert [piece async for piece in pieces] == ["b", ""]


async def test_connection_that_fails_within_a_message_says_so() -> None:
    async with opened() as (connection, client):
        steps = Steps(client, "a", "b")
        pieces = connection.recv_streaming()
        await steps.step()
        assert await anext(pieces) == "a"
        client.transport.abort()
        with pytest.raises(ConnectionClosedError):
            await anext(pieces)
        steps.sending.cancel()
        await asyncio.wait([steps.sending])


async def test_fragments_that_nobody_takes_pause_the_reading() -> None:
    async with opened(max_queue=4, compression=None, max_size=None) as (connection, client):
        sending = asyncio.ensure_future(client.send([bytes(100_000)] * 200))
        done, _ = await asyncio.wait([sending], timeout=0.2)
        assert not done
        pieces = connection.recv_streaming()
        assert len(await anext(pieces)) <= 100_000
        done, _ = await asyncio.wait([sending], timeout=0.1)
        assert not done
        total = 0
        async for piece in pieces:
            total += len(piece)
        assert total + 100_000 >= 20_000_000
        await sending
        sending = asyncio.ensure_future(client.send([bytes(100_000)] * 200))
        await asyncio.sleep(0.1)
        assert len(await connection.recv()) == 20_000_000
        await sending


@pytest.mark.parametrize("limit", [4096, 10, None])
async def test_number_of_fragments_is_limited(limit: int | None) -> None:
    async with opened(max_fragments=limit) as (connection, client):
        await client.send(["a"] * 4000)
        if limit == 10:
            with pytest.raises(ConnectionClosedError) as caught:
                await connection.recv()
            assert caught.value.sent is not None and caught.value.sent.code == 1009
        else:
            assert await connection.recv() == "a" * 4000


async def test_binary_pieces_that_are_not_text_cannot_be_decoded() -> None:
    async with opened() as (connection, client):
        await client.send(b"\xff")
        with pytest.raises(UnicodeDecodeError):
            await gather(connection, True)

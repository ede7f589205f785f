# SPDX-License-Identifier: MIT
"""What can be sent, in fragments too, and what happens when the peer does not read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import pytest
from server_peers import opened, peer
from tidewire import Chunk, Connection, Error, Message, Role
from tidewire.asyncio.server import ServerConnection
from tidewire.exceptions import ConnectionClosed, ConnectionClosedError
from tidewire.frames import Close
from websockets.exceptions import ConnectionClosedError as PeerClosedError


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    """The items of an iterable, each in a turn of the loop of its own."""
    for item in items:
        await asyncio.sleep(0)
        yield item


@pytest.mark.parametrize(
    "message, text, expected",
    [
        ("é", None, "é"),
        ("é", True, "é"),
        ("é", False, "é".encode()),
        (b"\xc3\xa9", None, b"\xc3\xa9"),
        (b"\xc3\xa9", True, "é"),
        (bytearray(b"ab"), None, b"ab"),
        (bytearray(b"ab"), True, "ab"),
        (memoryview(b"abcd")[1:3], False, b"bc"),
        (["a", "", "é"], None, "aé"),
        (["a", "é"], False, "aé".encode()),
        ([b"a", bytearray(b"b"), memoryview(b"c")], None, b"abc"),
        ([b"\xc3", b"\xa9"], True, "é"),
        (("x" * 100_000, "y" * 100_000), None, "x" * 100_000 + "y" * 100_000),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_connection_sends(
    message: Any, text: bool | None, expected: str | bytes, compression: str | None
) -> None:
    async with opened(compression=compression) as (connection, client):
        await connection.send(message, text=text)
        assert await client.recv() == expected
        if isinstance(message, (list, tuple)):
            await connection.send(each(message), text=text)
            assert await client.recv() == expected


async def test_each_item_is_a_frame() -> None:
    client = Connection(Role.CLIENT, upgraded=True, stream=True)
    async with peer() as (connection, reader, _):
        await connection.send(["one", "two"])
        chunks = await read_events(client, reader, lambda events: events and events[-1].fin)
        assert all(isinstance(chunk, Chunk) for chunk in chunks)
        assert [chunk.data for chunk in chunks] == [b"one", b"two", b""]


@pytest.mark.parametrize("message", [{"a": 1}, 5, None, 1.5, object()], ids=lambda value: type(value).__name__)
async def test_send_refuses_what_is_no_message(message: Any) -> None:
    async with opened() as (connection, client):
        with pytest.raises(TypeError):
            await connection.send(message)
        await connection.send("still open")
        assert await client.recv() == "still open"


async def test_empty_iterable_sends_nothing() -> None:
    async with opened() as (connection, client):
        await connection.send([])
        await connection.send(each([]))
        await connection.send("next")
        assert await client.recv() == "next"


async def test_text_that_is_not_utf8_is_refused() -> None:
    async with opened() as (connection, client):
        with pytest.raises(Error):
            await connection.send(b"\xff", text=True)
        await connection.send("still open")
        assert await client.recv() == "still open"


@pytest.mark.parametrize("pieces", [["a", b"b"], [b"a", "b"], ["a", 5]], ids=repr)
@pytest.mark.parametrize("wrap", [iter, each], ids=["iterable", "asynchronous"])
async def test_fragments_of_different_kinds_end_the_connection(pieces: list[Any], wrap: Any) -> None:
    async with opened() as (connection, client):
        with pytest.raises(TypeError):
            await connection.send(wrap(pieces))
        with pytest.raises(PeerClosedError) as caught:
            await client.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1011, "error in fragmented message")


async def test_iterable_that_raises_ends_the_connection() -> None:
    def pieces() -> Iterator[str]:
        yield "a"
        raise KeyError("oops")

    async with opened() as (connection, client):
        with pytest.raises(KeyError):
            await connection.send(pieces())
        await client.wait_closed()
        assert client.close_code == 1011


async def test_other_sends_wait_for_the_last_fragment() -> None:
    goes_on = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        yield "a"
        await goes_on.wait()
        yield "b"

    async with opened() as (connection, client):
        fragments = asyncio.ensure_future(connection.send(pieces()))
        await asyncio.sleep(0.01)
        others = [asyncio.ensure_future(connection.send(message)) for message in ("c", ["d", "e"], "f")]
        await (await connection.ping())  # control frames may come between
        cancelled = others.pop()
        cancelled.cancel()
        goes_on.set()
        await asyncio.gather(fragments, *others)
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert [await client.recv() for _ in range(3)] == ["ab", "c", "de"]


async def test_cancelled_fragments_end_the_connection() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "a"
        await asyncio.Event().wait()

    async with opened() as (connection, client):
        fragments = asyncio.ensure_future(connection.send(pieces()))
        await asyncio.sleep(0.01)
        fragments.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fragments
        await client.wait_closed()
        assert client.close_code == 1011


async def test_close_within_a_fragmented_message_says_so() -> None:
    goes_on = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        yield "a"
        await goes_on.wait()
        yield "b"

    async with opened() as (connection, client):
        fragments = asyncio.ensure_future(connection.send(pieces()))
        await asyncio.sleep(0.01)
        await connection.close()
        assert (client.close_code, client.close_reason) == (1011, "close during fragmented message")
        goes_on.set()
        with pytest.raises(ConnectionClosedError):
            await fragments


async def test_send_on_a_closed_connection_raises() -> None:
    async with opened() as (connection, client):
        await client.close(1000, "bye")
        for message in ("a", b"b", ["c"], each(["d"])):
            with pytest.raises(ConnectionClosed) as caught:
                await connection.send(message)
            assert caught.value.rcvd == Close(1000, "bye")


# ---- A peer that reads slowly ----


async def test_send_waits_until_the_peer_reads() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    async with peer(write_limit=1000) as (connection, reader, _):
        sending = asyncio.ensure_future(_fill(connection, 200))
        done, _ = await asyncio.wait([sending], timeout=0.2)
        assert not done
        assert len(await read_events(client, reader, lambda events: len(events) == 200)) == 200
        await sending


async def test_cancelled_send_leaves_the_connection_usable() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    async with peer(write_limit=1000) as (connection, reader, _):
        filling = asyncio.ensure_future(_fill(connection, 10_000))
        await asyncio.sleep(0.1)
        for method in (connection.ping, connection.pong, lambda: connection.send("never sent")):
            waiting = asyncio.ensure_future(method())
            await asyncio.sleep(0)
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        filling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await filling
        last = asyncio.ensure_future(connection.send("last"))
        events = await read_events(client, reader, lambda events: events and events[-1] == Message(b"last", True))
        assert {len(event.data) for event in events[:-1]} == {100_000}
        await last


async def test_send_that_never_pauses_does_not_fill_the_memory() -> None:
    async with peer() as (connection, reader, _):
        sending = asyncio.ensure_future(_fill(connection, 10_000))
        await asyncio.sleep(0.1)
        assert connection.engine.stats().held_len + connection.transport.get_write_buffer_size() < 1 << 20
        assert not sending.done()
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def test_send_that_waits_ends_with_the_connection() -> None:
    async with peer(write_limit=1000) as (connection, _, writer):
        sending = asyncio.ensure_future(_fill(connection, 10_000))
        await asyncio.sleep(0.1)
        writer.transport.abort()
        with pytest.raises(ConnectionClosedError):
            await sending


async def test_fragments_wait_until_the_peer_reads() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    made = 0

    def pieces() -> Iterator[bytes]:
        nonlocal made
        while made < 150:
            made += 1
            yield bytes(100_000)

    async with peer(write_limit=1000) as (connection, reader, _):
        sending = asyncio.ensure_future(connection.send(pieces()))
        await asyncio.sleep(0.2)
        assert made < 150 and not sending.done()
        [message] = await read_events(client, reader, bool)
        assert len(message.data) == 15_000_000
        await sending


async def _fill(connection: ServerConnection, count: int) -> None:
    for _ in range(count):
        await connection.send(bytes(100_000))


async def read_events(client: Connection, reader: asyncio.StreamReader, enough: Any) -> list[Any]:
    """Reads until the events of the engine of the client are enough."""
    events: list[Any] = []
    while not enough(events):
        data = await reader.read(1 << 16)
        assert data, "the stream has ended"
        events += client.receive(data)
    return events

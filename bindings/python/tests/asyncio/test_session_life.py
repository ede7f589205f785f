# SPDX-License-Identifier: MIT
"""The life of a session: what it holds, and that it goes."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from typing import Any

import pytest
from session_peers import Client, PlainSession, WrittenDown, give, joined, on_paper, turns, until
from tidewire import BufferPool, Connection, Role
from tidewire.asyncio.session import Session
from tidewire.exceptions import ConnectionClosed


async def end_of(session: PlainSession, peer: Any) -> None:
    await peer.close(1000)
    await until(lambda: session.lost)


@pytest.mark.parametrize("callback", [False, True])
async def test_closed_session_goes_without_the_garbage_collector(callback: bool) -> None:
    gc.collect()
    gc.disable()
    try:
        options: dict[str, Any] = {"on_message": PlainSession.send_now} if callback else {}
        async with joined(**options) as (session, peer):
            await peer.send("a")
            if callback:
                await peer.receive(1)
            else:
                assert await session.recv() == "a"
            gone = weakref.ref(session), weakref.ref(session.engine)
            await end_of(session, peer)
        del session, peer
        await turns()
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


async def test_cancelled_receiver_keeps_nothing() -> None:
    gc.collect()
    gc.disable()
    try:
        session, _, _ = on_paper()
        gone = weakref.ref(session)
        task = asyncio.ensure_future(session.recv())
        await turns()
        task.cancel()
        await asyncio.wait([task])
        session.connection_lost(None)
        del session, task
        await turns()
        assert gone() is None
    finally:
        gc.enable()


async def test_cycles_through_a_session_are_collected() -> None:
    session, _, client = on_paper()
    give(session, client.bytes_of("queued"))
    session.put([session, session.recv()])
    session.connection_lost(None)
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None


async def test_engine_outlives_its_session() -> None:
    session, _, client = on_paper()
    give(session, client.bytes_of("a"))
    engine = session.engine
    session.connection_lost(None)
    del session
    gc.collect()
    assert engine.stats().messages_received == 1


async def test_idle_session_holds_no_read_buffer() -> None:
    pool = BufferPool()

    def buffers_in_use() -> int:
        return sum(row.in_use for row in pool.stats().classes)

    session, client = PlainSession(), Client()
    session.begin(Connection(Role.SERVER, upgraded=True, pool=pool), WrittenDown())
    for message in ("a", "b" * 100_000, b"c"):
        give(session, client.bytes_of(message))
        assert buffers_in_use() == 0
        assert await session.recv() == message
    session.get_buffer(-1)
    assert buffers_in_use() == 1
    session.flush()  # there was nothing to read
    assert buffers_in_use() == 0


async def test_session_is_small() -> None:
    class Slim(Session):
        __slots__ = ()

    session = Slim()
    assert not hasattr(session, "__dict__")
    assert sys.getsizeof(session) < 512  # bytes


async def test_view_of_the_room_ends_with_the_read() -> None:
    session, _, client = on_paper()
    data = client.bytes_of("a")
    room = session.get_buffer(-1)
    room[: len(data)] = data
    part = room[:1]
    with pytest.raises(BufferError):
        session.buffer_updated(len(data))
    part.release()
    session.buffer_updated(len(data))
    with pytest.raises(ValueError):
        room[0]
    assert await session.recv() == "a"


async def test_view_that_somebody_keeps_is_not_taken_for_the_loops() -> None:
    session, _, client = on_paper()
    data = client.bytes_of("a")
    room = session.get_buffer(-1)
    room[: len(data)] = data
    held = memoryview(room)  # as uvloop holds it, but the view itself is kept too
    with pytest.raises(BufferError):
        session.buffer_updated(len(data))
    held.release()
    session.buffer_updated(len(data))
    assert await session.recv() == "a"


async def test_read_that_brings_nothing_may_be_repeated() -> None:
    session, _, client = on_paper()
    for _ in range(3):
        session.get_buffer(-1)
    session.buffer_updated(0)
    give(session, client.bytes_of("a"))
    session.get_buffer(-1)
    session.connection_lost(None)
    assert await session.recv() == "a"
    with pytest.raises(ConnectionClosed):
        await session.recv()


async def test_more_than_the_room_is_refused() -> None:
    session, _, _ = on_paper()
    room = session.get_buffer(-1)
    with pytest.raises(ValueError):
        session.buffer_updated(len(room) + 1)


async def test_session_is_attached_once() -> None:
    session, transport, _ = on_paper()
    with pytest.raises(ValueError, match="attached already"):
        session.attach(Connection(Role.SERVER, upgraded=True), transport, asyncio.get_running_loop())
    with pytest.raises(AttributeError):
        session.transport = transport
    with pytest.raises(AttributeError):
        del session.transport
    assert session.transport is transport


async def test_attach_refuses_what_does_not_fit() -> None:
    engine = Connection(Role.SERVER, upgraded=True)
    _, transport, _ = on_paper()
    session = PlainSession()
    loop = asyncio.get_running_loop()
    with pytest.raises(TypeError, match="on_message must be callable"):
        session.attach(engine, transport, loop, on_message=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="high must be between"):
        session.attach(engine, transport, loop, high=-1)
    with pytest.raises(AttributeError):
        session.attach(engine, object(), loop)  # type: ignore[arg-type]
    session.transport = transport
    session.attach(engine, transport, loop, high=None, low=None)
    assert session.engine is engine

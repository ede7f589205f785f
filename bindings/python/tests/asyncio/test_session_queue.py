# SPDX-License-Identifier: MIT
"""Receiving from a session: its queue, its awaitables, and when reading pauses."""

from __future__ import annotations

import asyncio
import collections.abc
import gc
from typing import Any

import pytest
from session_peers import PlainSession, give, joined, on_paper, turns, until
from tidewire import Deflate, DeflateConfig
from tidewire.exceptions import ConcurrencyError, ConnectionClosedError, ConnectionClosedOK


def at_once(awaitable: Any) -> Any:
    """Returns the result of an awaitable that does not wait."""
    with pytest.raises(StopIteration) as stop:
        awaitable.send(None)
    return stop.value.value


# ---- Messages ----


async def test_server_receives_text_as_str_and_binary_as_bytes_in_order() -> None:
    large = bytes(range(256)) * 5000
    async with joined() as (session, peer):
        await peer.send("text", b"binary", "", large, "\N{SNOWMAN}" * 100_000)
        expected = ["text", b"binary", "", large, "\N{SNOWMAN}" * 100_000]
        assert [await session.recv() for _ in expected] == expected


async def test_server_decodes_as_it_is_told() -> None:
    async with joined() as (session, peer):
        await peer.send("\u00fc", "\u00fc", b"\xc3\xbc", b"\xc3\xbc", b"\xff", "last")
        assert await session.recv(decode=False) == b"\xc3\xbc"
        assert await session.recv(True) == "\u00fc"
        assert await session.recv(decode=True) == "\u00fc"
        assert await session.recv(None) == b"\xc3\xbc"
        with pytest.raises(UnicodeDecodeError):
            await session.recv(decode=True)
        assert await session.recv() == "last"


async def test_server_takes_what_waits_without_a_turn_of_the_loop() -> None:
    session, _, client = on_paper()
    give(session, client.bytes_of(*map(str, range(100))))
    assert session.queued == 100
    assert [at_once(session.recv()) for _ in range(50)] == [str(i) for i in range(50)]
    assert [at_once(session.__anext__()) for _ in range(50)] == [str(i) for i in range(50, 100)]
    assert session.queued == 0


async def test_server_receives_what_was_read_before_it_began() -> None:
    session, _, client = on_paper()
    session.feed(client.bytes_of(*map(str, range(5000)), bytes(100_000)))
    assert [await session.recv() for _ in range(5000)] == [str(i) for i in range(5000)]
    assert await session.recv() == bytes(100_000)


async def test_server_receives_what_was_put_into_the_queue() -> None:
    async with joined(high=2, low=1) as (session, _):
        session.put(("any", "thing"))
        session.put("message")
        assert await session.take() == ("any", "thing")
        session.put(1)
        assert [await session.recv(), await session.recv()] == ["message", "unpacked 1"]
        receiving = asyncio.ensure_future(session.take())
        await turns()
        session.put(2)
        assert await receiving == 2


async def test_server_is_told_of_control_frames_in_order() -> None:
    async with joined() as (session, peer):
        peer.engine.ping(b"here?")
        await peer.send("after")
        assert await session.recv() == "after"
        assert [event.data for event in session.events] == [b"here?"]
        assert [event.data for event in await peer.receive(1)] == [b"here?"]


# ---- Waiting ----


async def test_server_waits_and_is_woken() -> None:
    async with joined() as (session, peer):
        for number in range(10):
            receiving = asyncio.ensure_future(session.recv())
            await turns()
            assert session.waiting and not receiving.done()
            await peer.send(str(number))
            assert await receiving == str(number)
            assert not session.waiting


async def test_server_loses_nothing_when_it_gives_up_waiting() -> None:
    async with joined() as (session, peer):
        for number in range(20):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(session.recv(), 0.001)
            await peer.send(str(number))
            await until(lambda: session.queued == 1)
            assert await asyncio.wait_for(session.recv(), 10) == str(number)


async def test_server_loses_nothing_when_it_is_cancelled_as_a_message_comes() -> None:
    session, _, client = on_paper()
    for number in range(3):
        receiving = asyncio.ensure_future(session.recv())
        await turns()
        give(session, client.bytes_of(str(number)))  # wakes the task, which has not run yet
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        assert await session.recv() == str(number)


async def test_second_recv_is_refused_while_one_waits() -> None:
    async with joined() as (session, peer):
        receiving = asyncio.ensure_future(session.recv())
        await turns()
        for again in (session.recv, session.take, session.__anext__):
            with pytest.raises(ConcurrencyError):
                await again()
        await peer.send("for the first")
        assert await receiving == "for the first"
        receiving = asyncio.ensure_future(session.recv())
        await turns()
        receiving.cancel()
        await turns()
        await peer.send("for the next")
        assert await session.recv() == "for the next"


async def test_recv_is_refused_while_the_session_is_reserved() -> None:
    session, _, client = on_paper()
    give(session, client.bytes_of("a", "b"))
    session.reserved = True
    with pytest.raises(ConcurrencyError):
        await session.recv()
    assert await session.take() == "a"
    session.reserved = False
    assert await session.recv() == "b"


async def test_awaitables_serve_as_coroutines() -> None:
    async with joined() as (session, peer):
        assert isinstance(session.recv(), collections.abc.Coroutine)
        assert isinstance(await asyncio.create_task(session.send("x")) or session.send("y"), collections.abc.Coroutine)
        assert await peer.receive(2) == ["x", "y"]
        task = asyncio.create_task(session.recv())
        await peer.send("1", "2", "3")
        assert await task == "1"
        assert await asyncio.gather(session.recv(), session.recv()) == ["2", "3"]
        assert await asyncio.gather(session.send("z"), asyncio.wait_for(session.send("z"), 10)) == [None, None]


async def test_awaitable_serves_once_and_may_be_left() -> None:
    session, _, client = on_paper()
    give(session, client.bytes_of("a", "b", "c"))
    awaitable = session.recv()
    assert await awaitable == "a"
    with pytest.raises(RuntimeError, match="already awaited"):
        await awaitable
    session.recv()  # never awaited: no warning, and nothing is taken
    gc.collect()
    closed = session.recv()
    closed.close()
    with pytest.raises(RuntimeError, match="already awaited"):
        await closed
    with pytest.raises(ZeroDivisionError):
        session.recv().throw(ZeroDivisionError())
    assert await session.recv() == "b"


# ---- The end ----


async def test_server_receives_what_was_queued_before_the_end() -> None:
    async with joined() as (session, peer):
        await peer.send("a", "b")
        await peer.close(1000)
        assert [await session.recv(), await session.recv()] == ["a", "b"]
        for _ in range(2):
            with pytest.raises(ConnectionClosedOK):
                await session.recv()


async def test_iteration_ends_with_the_connection() -> None:
    async with joined() as (session, peer):
        await peer.send("a", b"b")
        await peer.close(1000)
        assert [message async for message in session] == ["a", b"b"]


async def test_iteration_raises_when_the_connection_breaks() -> None:
    received = []
    async with joined() as (session, peer):
        await peer.send("a")
        peer.sock.close()
        with pytest.raises(ConnectionClosedError):
            async for message in session:
                received.append(message)
    assert received == ["a"]


async def test_waiting_recv_raises_when_the_connection_ends() -> None:
    async with joined() as (session, peer):
        receiving = asyncio.ensure_future(session.recv())
        await turns()
        await peer.close(1001)
        with pytest.raises(ConnectionClosedOK):
            await receiving


# ---- Pausing ----


async def test_reading_pauses_above_high_and_resumes_at_low() -> None:
    session, transport, client = on_paper(high=4, low=2)
    give(session, client.bytes_of(*"abcd"))
    assert transport.done == []
    give(session, client.bytes_of("e"))
    assert transport.done == ["pause_reading"]
    assert [at_once(session.recv()) for _ in range(2)] == ["a", "b"]
    assert transport.done == ["pause_reading"]
    assert at_once(session.recv()) == "c"
    assert transport.done == ["pause_reading", "resume_reading"]


async def test_reading_goes_on_for_a_consumer_that_keeps_up() -> None:
    session, transport, client = on_paper(high=4, low=2)
    received: list[Any] = []

    async def consume() -> None:
        async for message in session:
            received.append(message)

    task = asyncio.ensure_future(consume())
    for _ in range(3):
        await turns()
        give(session, client.bytes_of(*map(str, range(100))))
        await turns()
    assert received == [str(i) for i in range(100)] * 3
    assert transport.done == []
    task.cancel()
    await asyncio.wait([task])


async def test_reading_pauses_for_a_consumer_that_was_woken_and_does_not_go_on() -> None:
    session, transport, client = on_paper(high=4, low=2)
    receiving = asyncio.ensure_future(session.recv())
    await turns()
    give(session, client.bytes_of(*map(str, range(10))))
    await turns()
    assert await receiving == "0"
    assert transport.done == ["pause_reading"]


async def test_a_read_that_becomes_megabytes_is_taken_in_parts() -> None:
    agreed = DeflateConfig(max_ratio=2000)
    engine = {"deflate": agreed, "negotiated": Deflate(15, 15, False, False), "max_memory_len": 2**40}
    message = bytes(100_000)
    async with joined(engine=engine, high=4, low=1) as (session, peer):
        await peer.send(*[message] * 200)
        await until(lambda: session.queued > 4)
        await turns(50)
        assert session.queued * len(message) < 2 << 20
        for _ in range(200):
            assert await session.recv() == message
        assert session.queued == 0
        await peer.send("reading goes on")
        assert await session.recv() == "reading goes on"


async def test_what_nobody_will_receive_is_thrown_away() -> None:
    async with joined(high=2, low=0) as (session, peer):
        await peer.send(*["unread"] * 100)
        await until(lambda: session.queued == 100)
        session.discard()
        assert session.queued == 0
        await peer.send(*["unread"] * 100)
        await peer.close(1000)
        with pytest.raises(ConnectionClosedOK):
            await session.recv()


async def test_pause_that_was_asked_for_ends_when_somebody_waits() -> None:
    session, transport, client = on_paper()
    session.pause_receiving()
    give(session, client.bytes_of("on its way"))
    assert at_once(session.recv()) == "on its way"
    receiving = asyncio.ensure_future(session.recv())
    await turns()
    assert transport.done[0] == "pause_reading" and transport.done[-1] == "resume_reading"
    receiving.cancel()
    await asyncio.wait([receiving])


def test_methods_are_refused_before_attach() -> None:
    session = PlainSession()
    with pytest.raises(AttributeError):
        _ = session.transport
    with pytest.raises(ValueError, match="not attached"):
        session.flush()
    with pytest.raises(ValueError, match="not attached"):
        session.get_buffer(-1)
    with pytest.raises(ValueError, match="not attached"):
        session.recv().send(None)
    with pytest.raises(TypeError, match="engine must be a Connection"):
        session.attach(None, None, None)  # type: ignore[arg-type]

# SPDX-License-Identifier: MIT
"""Sending from a session: when it is written, and by whom."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from session_peers import PlainSession, give, joined, on_paper, turns, until
from tidewire import Connection, PreparedMessage, Role, UsageError

SMALL_BUFFER = 4096


# ---- When ----


async def test_messages_of_one_turn_leave_in_one_write() -> None:
    session, transport, client = on_paper()
    for number in range(10):
        await session.send(str(number))
    session.send_now(b"x")
    session.send_batch(["y", "z"])
    session.send_prepared(PreparedMessage("prepared"))
    assert transport.written == []
    await turns(1)
    assert len(transport.written) == 1
    assert client.read(transport) == [*map(str, range(10)), b"x", "y", "z", "prepared"]


async def test_answers_of_a_woken_consumer_leave_in_its_turn() -> None:
    session, transport, client = on_paper()

    async def echo() -> None:
        async for message in session:
            await session.send(message)

    task = asyncio.ensure_future(echo())
    await turns()
    for _ in range(3):
        give(session, client.bytes_of("a", "b", "c"))
        assert transport.written == []
        await turns(1)
        assert len(transport.written) == 1
        assert client.read(transport) == ["a", "b", "c"]
    task.cancel()
    await asyncio.wait([task])


async def test_consumer_that_only_listens_does_not_delay_a_pong() -> None:
    session, transport, client = on_paper()
    received = []

    async def listen() -> None:
        async for message in session:
            received.append(message)

    task = asyncio.ensure_future(listen())
    for number in range(4):
        await turns()
        client.engine.ping(bytes([number]))
        give(session, client.bytes_of("a"))
        await turns(1)
        assert [event.data for event in client.read(transport)] == [bytes([number])]
    assert received == ["a"] * 4
    task.cancel()
    await asyncio.wait([task])


async def test_flush_writes_at_once() -> None:
    session, transport, client = on_paper()
    session.send_now("a")
    session.flush()
    assert client.read(transport) == ["a"]
    session.flush()
    await turns()
    assert transport.written == []


async def test_sender_that_never_waits_is_written_in_pieces() -> None:
    session, transport, client = on_paper()
    for _ in range(50):
        await session.send(bytes(200_000))  # does not suspend: the loop gets no turn
    assert len(transport.written) > 1
    session.flush()
    assert client.read(transport) == [bytes(200_000)] * 50


# ---- What ----


async def test_server_sends_every_kind_of_message() -> None:
    async with joined() as (session, peer):
        large = bytes(range(256)) * 1000
        await session.send("text")
        await session.send(b"binary")
        await session.send(bytearray(b"array"))
        await session.send(memoryview(b"view"))
        await session.send(b"as text", text=True)
        await session.send("as binary", False)
        await session.send(large)
        await session.send("\N{SNOWMAN}" * 20_000)
        expected = ["text", b"binary", b"array", b"view", "as text", b"as binary", large, "\N{SNOWMAN}" * 20_000]
        assert await peer.receive(len(expected)) == expected


async def test_server_refuses_what_is_not_text() -> None:
    async with joined() as (session, peer):
        with pytest.raises(UsageError, match="TW_ERR_TEXT"):
            await session.send(b"\xff", text=True)
        with pytest.raises(UnicodeEncodeError):
            await session.send("\ud800")
        with pytest.raises(TypeError):
            session.send_now(1)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            session.send_batch(["not sent", 1])  # type: ignore[list-item]
        await session.send("goes on")
        assert await peer.receive(1) == ["goes on"]


async def test_large_bytes_are_held_until_they_are_written() -> None:
    async with joined(send_buffer=SMALL_BUFFER) as (session, peer):
        expected = []
        for number in range(20):
            session.send_now(bytes([number]) * 50_000)
            expected.append(bytes([number]) * 50_000)
        assert await peer.receive(20) == expected


async def test_server_whose_session_cannot_send_goes_the_slow_way() -> None:
    async with joined() as (session, peer):
        await session.send(["fragments"])
        session._write_paused = True
        await session.send("waits", True)
        session._write_paused = False
        session.engine.close(1000)
        await session.send("too late")
        assert session.slow == [(["fragments"], None), ("waits", True), ("too late", None)]
        with pytest.raises(UsageError):
            session.send_now("too late")
        session.flush()
        await peer.receive(1)


# ---- Whereto ----


async def test_what_the_socket_does_not_take_goes_through_the_transport_and_back() -> None:
    async with joined(send_buffer=SMALL_BUFFER) as (session, peer):
        paused: list[bool] = []
        session._on_pause = lambda: paused.append(True)  # type: ignore[method-assign]
        session._on_resume = lambda: paused.append(False)  # type: ignore[method-assign]
        session.transport.set_write_buffer_limits(10_000, 1000)
        for round_ in range(3):
            expected = [bytes([round_, number]) * 5000 for number in range(30)]
            for message in expected:
                session.send_now(message)
            session.flush()
            assert session.transport.get_write_buffer_size() > 10_000
            await turns()
            assert paused == [True] and session._write_paused
            session.send_now("behind")  # the socket may have room by now, but the transport has the rest
            assert await peer.receive(31) == [*expected, "behind"]
            await until(lambda: not session._write_paused)
            assert paused == [True, False]
            paused.clear()
            session.send_now("direct")
            session.flush()
            assert session.transport.get_write_buffer_size() == 0
            assert await peer.receive(1) == ["direct"]


async def test_broken_socket_ends_the_connection() -> None:
    async with joined() as (session, peer):
        session.transport.pause_reading()  # so that only the write can tell
        peer.sock.close()
        for _ in range(10):
            if session.lost:
                break
            session.send_now("into the void")
            session.flush()
            await turns()
        await until(lambda: session.lost)
        assert len(session.lost_with) == 1


async def test_nothing_is_written_once_the_transport_closes() -> None:
    async with joined() as (session, _):
        other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with other:
            session.transport.abort()
            session.send_now("never")
            session.flush()
            await until(lambda: session.lost)
            session.flush()
        with pytest.raises(AttributeError):
            session.transport = session.transport


async def test_output_that_is_looked_at_is_not_written_twice() -> None:
    async with joined() as (session, peer):
        session.send_now("a")
        [view] = session.engine.output()
        part = view[1:]
        with pytest.raises(BufferError):
            session.flush()
        part.release()
        session.send_now("b")
        session.flush()
        assert await peer.receive(2) == ["a", "b"]


# ---- The end ----


async def test_orderly_end_closes_the_transport() -> None:
    async with joined() as (session, peer):
        session.send_now("last")
        session.end_with(1000, "bye")
        message, close = await peer.receive(2)
        assert (message, close.code, close.reason) == ("last", 1000, "bye")
        await peer.flush()
        await until(lambda: session.close_rcvd is not None)
        assert await asyncio.get_running_loop().sock_recv(peer.sock, 1) == b""
        peer.sock.close()
        await until(lambda: session.lost)
        assert session.lost_with == [None]


async def test_failure_of_the_peer_is_answered_and_told_after_what_came_before() -> None:
    session, transport, client = on_paper()
    with session.get_buffer(-1) as room:
        data = client.bytes_of("good") + b"\x81\x01x"  # not masked
        room[: len(data)] = data
    session.buffer_updated(len(data))
    assert session.failure is not None and session.failure.close_code == 1002
    assert await session.recv() == "good"
    [close] = client.read(transport)
    assert close.code == 1002
    assert transport.done == ["close"]
    failure = session.failure
    give(session, b"\x81\x01x")
    assert session.failure is failure


async def test_timers_are_armed_for_the_nearest_deadline() -> None:
    armed: list[int] = []

    class Timed(PlainSession):
        def _arm(self, deadline_ns: int) -> None:
            armed.append(deadline_ns)

    async with joined(Timed, engine={"ping_interval_ns": 10**12, "close_timeout_ns": 10**10}) as (session, peer):
        first = list(armed)
        session.send_now("a")
        session.flush()
        assert armed == first
        session.end_with(1000)
        assert len(armed) == len(first) + 1 and armed[-1] < first[-1]
        await peer.receive(2)


async def test_pings_and_time_outs_come_with_the_timer() -> None:
    times: dict[str, Any] = {"ping_interval_ns": 10**7, "pong_timeout_ns": 10**7}
    async with joined(engine=times) as (session, peer):
        await peer.receive(1)  # and no pong
        await until(lambda: session.failure is not None)
        assert session.failure is not None and session.failure.name == "TW_ERR_TIMEOUT_PONG"


async def test_client_masks_what_it_sends() -> None:
    session, transport, _ = on_paper()
    ours = PlainSession()
    ours.begin(Connection(Role.CLIENT, upgraded=True), transport)
    for message in ("a", b"b" * 20_000, "c" * 20_000):
        ours.send_now(message)
    ours.flush()
    session.feed(b"".join(transport.written))
    assert [await session.recv() for _ in range(3)] == ["a", b"b" * 20_000, "c" * 20_000]

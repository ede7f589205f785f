# SPDX-License-Identifier: MIT
"""A connection with the coroutine API: receiving, pings, and what can be asked of it."""

from __future__ import annotations

import asyncio
import gc
import uuid
import weakref

import pytest
import tidewire
from server_peers import GET, opened, peer, port_of, raw_client, send_all, until
from tidewire import Connection, Role
from tidewire.asyncio.server import ServerConnection, serve
from tidewire.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ProtocolError,
)
from tidewire.frames import Close

# ---- Receiving ----


@pytest.mark.parametrize(
    "message", ["", "é" * 10, b"", b"\x00\xff", "x" * 300_000, b"y" * 300_000], ids=lambda m: repr(m[:2])
)
@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_connection_receives_what_was_sent(message: str | bytes, compression: str | None) -> None:
    async with opened(compression=compression) as (connection, client):
        await client.send(message)
        received = await connection.recv()
        assert received == message and type(received) is type(message)


async def test_recv_decodes_as_it_is_told() -> None:
    async with opened() as (connection, client):
        for message in ("é", "é", "é".encode(), "é".encode(), ["é", "é"], ["é", "é"]):
            await client.send(message)
        assert await connection.recv(decode=True) == "é"
        assert await connection.recv(decode=False) == "é".encode()
        assert await connection.recv(decode=True) == "é"
        assert await connection.recv(decode=False) == "é".encode()
        assert await connection.recv() == "éé"
        assert await connection.recv(decode=False) == "éé".encode()


async def test_iteration_ends_when_the_peer_closes() -> None:
    async with opened() as (connection, client):
        for number in range(50):
            await client.send(str(number))
        closing = asyncio.ensure_future(client.close())
        assert [message async for message in connection] == [str(number) for number in range(50)]
        await closing


async def test_iteration_raises_when_the_connection_fails() -> None:
    async with opened() as (connection, client):
        await client.send("a")
        closing = asyncio.ensure_future(client.close(4000))
        received = []
        with pytest.raises(ConnectionClosedError):
            async for message in connection:
                received.append(message)
        assert received == ["a"]
        await closing


async def test_cancelled_recv_loses_nothing() -> None:
    async with opened() as (connection, client):
        for number in range(20):
            receiving = asyncio.ensure_future(connection.recv())
            await asyncio.sleep(0)
            if number % 2:
                await client.send(f"in time {number}")
                await asyncio.sleep(0.001)
            receiving.cancel()
            try:
                assert await receiving == f"in time {number}"
            except asyncio.CancelledError:
                if number % 2:
                    assert await connection.recv() == f"in time {number}"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(connection.recv(), 0.001)
        await client.send("last")
        assert await connection.recv() == "last"


async def test_second_recv_is_refused() -> None:
    async with opened() as (connection, client):
        receiving = asyncio.ensure_future(connection.recv())
        await asyncio.sleep(0)
        with pytest.raises(ConcurrencyError):
            await connection.recv()
        with pytest.raises(ConcurrencyError):
            async for _ in connection.recv_streaming():
                raise AssertionError("nothing came")
        await client.send("for the first")
        assert await receiving == "for the first"


async def test_messages_that_wait_pause_the_reading() -> None:
    async with opened(max_queue=(4, 1), compression=None) as (connection, client):
        sending = asyncio.ensure_future(send_all(client, 200, 100_000))
        done, _ = await asyncio.wait([sending], timeout=0.2)
        assert not done  # the system's buffers are full
        for number in range(200):
            message = await connection.recv()
            assert message[:8] == number.to_bytes(8, "big")
        await sending


# ---- Pings ----


async def test_ping_tells_the_latency() -> None:
    async with opened(ping_interval=None) as (connection, _):
        assert connection.latency == 0
        latency = await (await connection.ping())
        assert latency > 0 and connection.latency == latency
        assert await (await connection.ping("text")) > 0
        assert await (await connection.ping(bytearray(b"bytes"))) > 0


async def test_keepalive_measures_the_latency() -> None:
    async with opened(ping_interval=0.01) as (connection, _):
        await until(lambda: connection.latency > 0)


async def test_later_pong_settles_earlier_pings() -> None:
    client = Connection(Role.CLIENT, upgraded=True, manual_pong=True)
    async with peer() as (connection, _, writer):
        first, second, third = [await connection.ping(data) for data in ("1", "2", "3")]
        with pytest.raises(ConcurrencyError):
            await connection.ping("2")
        client.pong(b"unknown")
        client.pong(b"2")
        writer.write(client.data_to_send())
        assert await first >= await second > 0
        assert not third.done()
        writer.close()
        with pytest.raises(ConnectionClosedError):
            await third


async def test_ping_that_was_cancelled_does_no_harm() -> None:
    client = Connection(Role.CLIENT, upgraded=True, manual_pong=True)
    async with peer() as (connection, _, writer):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(await connection.ping("1"), 0.001)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(await connection.ping("2"), 0.001)
        client.pong(b"1")
        client.send("after")
        writer.write(client.data_to_send())
        assert await connection.recv() == "after"
        writer.close()
        await connection.wait_closed()


async def test_pings_are_answered_and_unasked_pongs_ignored() -> None:
    async with opened() as (connection, client):
        await connection.pong(b"nobody asked")
        await connection.pong("nobody asked")
        await (await client.ping())


@pytest.mark.parametrize("method", ["ping", "pong"])
async def test_data_of_pings_is_checked(method: str) -> None:
    async with opened() as (connection, client):
        with pytest.raises(ProtocolError):
            await getattr(connection, method)(bytes(126))
        with pytest.raises(TypeError):
            await getattr(connection, method)(5)
        await connection.send("still open")
        assert await client.recv() == "still open"


async def test_peer_that_does_not_answer_pings_is_closed_with_1011() -> None:
    async with peer(ping_interval=0.02, ping_timeout=0.02, close_timeout=0.05) as (connection, _, _):
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.rcvd is None and caught.value.sent == Close(1011)
        assert isinstance(caught.value.__cause__, tidewire.LimitError)
        assert caught.value.__cause__.limit == "pong_timeout_ns"
        await connection.wait_closed()


# ---- What can be asked ----


async def test_connection_knows_its_ends() -> None:
    async with opened(connect={"user_agent_header": "test/1"}) as (connection, client):
        assert connection.local_address == client.remote_address
        assert connection.remote_address == client.local_address
        assert connection.request is not None and connection.request.headers["User-Agent"] == "test/1"
        assert connection.request is connection.request and connection.response is connection.response
        assert connection.response is not None and connection.response.status_code == 101
        assert isinstance(connection.id, uuid.UUID) and connection.id == connection.id
        assert connection.state is tidewire.State.OPEN
        address = connection.remote_address
        await client.close()
        await connection.wait_closed()
        assert connection.remote_address == address  # for logs


async def test_closed_connection_is_freed() -> None:
    references: list[weakref.ref[ServerConnection]] = []

    async def handler(connection: ServerConnection) -> None:
        references.append(weakref.ref(connection))
        with pytest.raises(ConnectionClosed):
            while True:
                await connection.send(await connection.recv())

    gc.collect()
    gc.disable()
    try:
        async with serve(handler, "127.0.0.1", 0) as server:
            client = Connection(Role.CLIENT, upgraded=True)
            async with raw_client(port_of(server), GET) as (reader, writer):
                await reader.readuntil(b"\r\n\r\n")
                client.close()
                writer.write(client.data_to_send())
                await reader.read()
            await until(lambda: not server._tasks)
        await asyncio.sleep(0.01)
        assert [reference() for reference in references] == [None]
    finally:
        gc.enable()

# SPDX-License-Identifier: MIT
"""A connection with the coroutine API: receiving, pings, the end, and what the exceptions tell."""

from __future__ import annotations

import asyncio
import gc
import uuid
import weakref
from typing import Any

import pytest
import tidewire
from server_peers import UPGRADE, opened, port_of, raw_client, until
from tidewire import Connection, Role
from tidewire.asyncio.server import ServerConnection, serve
from tidewire.exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    ProtocolError,
)
from tidewire.frames import Close
from websockets.exceptions import ConnectionClosedError as PeerClosedError

REQUEST = b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n"


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
        sending = asyncio.ensure_future(_send_all(client, 200, 100_000))
        done, _ = await asyncio.wait([sending], timeout=0.2)
        assert not done  # the system's buffers are full
        for number in range(200):
            message = await connection.recv()
            assert message[:8] == number.to_bytes(8, "big")
        await sending


async def _send_all(client: Any, count: int, size: int) -> None:
    for number in range(count):
        await client.send(number.to_bytes(8, "big") + bytes(size))


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
    async with _raw_peer(client) as (connection, writer):
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
    async with _raw_peer(client) as (connection, writer):
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
    client = Connection(Role.CLIENT, upgraded=True, manual_pong=True)
    async with _raw_peer(client, ping_interval=0.02, ping_timeout=0.02, close_timeout=0.05) as (connection, _):
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.rcvd is None and caught.value.sent == Close(1011)
        assert isinstance(caught.value.__cause__, tidewire.LimitError)
        assert caught.value.__cause__.limit == "pong_timeout_ns"
        await connection.wait_closed()


# ---- The end ----


async def test_close_tells_code_and_reason() -> None:
    async with opened() as (connection, client):
        assert connection.close_code is None and connection.close_reason is None
        await connection.close(4321, "grüße")
        assert connection.state is tidewire.State.CLOSED
        assert (connection.close_code, connection.close_reason) == (4321, "grüße")
        with pytest.raises(PeerClosedError) as theirs:
            await client.recv()
        assert theirs.value.rcvd is not None
        assert (theirs.value.rcvd.code, theirs.value.rcvd.reason) == (4321, "grüße")
        with pytest.raises(ConnectionClosedError) as ours:
            await connection.recv()
        assert (ours.value.rcvd, ours.value.sent) == (Close(4321, "grüße"), Close(4321, "grüße"))
        assert ours.value.rcvd_then_sent is False


async def test_peer_closes_and_its_reason_is_returned() -> None:
    async with opened() as (connection, client):
        await client.close(4000, "enough")
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.rcvd == caught.value.sent == Close(4000, "enough")
        assert caught.value.rcvd_then_sent is True and caught.value.__cause__ is None
        assert (client.close_code, client.close_reason) == (4000, "enough")


@pytest.mark.parametrize("code, good", [(1000, True), (1001, True), (1011, False), (3000, False)])
async def test_codes_decide_which_exception_it_is(code: int, good: bool) -> None:
    async with opened() as (connection, client):
        await client.close(code)
        kind = ConnectionClosedOK if good else ConnectionClosedError
        for action in (connection.recv, lambda: connection.send("x"), connection.ping, connection.pong):
            with pytest.raises(kind):
                await action()
        for _ in range(2):
            await connection.close()  # does nothing
            await connection.wait_closed()


@pytest.mark.parametrize(
    "code, reason", [(0, ""), (999, ""), (1005, ""), (1006, ""), (1015, ""), (5000, ""), (1000, "x" * 124)]
)
async def test_close_refuses_what_must_not_be_sent(code: int, reason: str) -> None:
    async with opened() as (connection, client):
        with pytest.raises(ProtocolError):
            await connection.close(code, reason)
        await connection.send("still open")
        assert await client.recv() == "still open"


async def test_close_without_a_code_is_1005() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    async with _raw_peer(client) as (connection, writer):
        writer.write(bytes.fromhex("8880 00000000"))
        with pytest.raises(ConnectionClosedOK) as caught:
            await connection.recv()
        assert caught.value.rcvd == caught.value.sent == Close(1005)
        assert (connection.close_code, connection.close_reason) == (1005, "")


async def test_peer_that_goes_without_a_word_is_1006() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    async with _raw_peer(client) as (connection, writer):
        ping = await connection.ping()
        writer.close()
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.rcvd is None and caught.value.sent is None and caught.value.rcvd_then_sent is None
        assert str(caught.value) == "no close frame received or sent"
        assert (connection.close_code, connection.close_reason) == (1006, "")
        with pytest.raises(ConnectionClosedError):
            await ping


async def test_peer_that_breaks_the_protocol_is_told() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    async with _raw_peer(client) as (connection, writer):
        client.send("before")
        writer.write(client.data_to_send() + bytes.fromhex("8182 00000000 ffff"))
        assert await connection.recv() == "before"
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.rcvd is None and caught.value.sent == Close(1007)
        assert isinstance(caught.value.__cause__, tidewire.ProtocolError)
        assert caught.value.__cause__.name == "TW_ERR_UTF8"


async def test_message_above_max_size_is_refused_with_1009() -> None:
    async with opened(max_size=1000) as (connection, client):
        await client.send("x" * 1001)
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.sent == Close(1009)
        with pytest.raises(PeerClosedError) as theirs:
            await client.recv()
        assert theirs.value.rcvd is not None and theirs.value.rcvd.code == 1009


async def test_peer_that_does_not_answer_the_close_frame_is_dropped() -> None:
    client = Connection(Role.CLIENT, upgraded=True, manual_close=True)
    async with _raw_peer(client, close_timeout=0.05) as (connection, _):
        await connection.close()
        with pytest.raises(ConnectionClosedError) as caught:
            await connection.recv()
        assert caught.value.rcvd is None and caught.value.sent == Close(1000)
        assert isinstance(caught.value.__cause__, tidewire.LimitError)


async def test_cancelled_close_goes_on_by_itself() -> None:
    async with opened() as (connection, client):
        closing = asyncio.ensure_future(connection.close(4000))
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await connection.wait_closed()
        assert connection.close_code == 4000


async def test_cancelled_wait_closed_leaves_the_connection_open() -> None:
    async with opened() as (connection, client):
        waiting = asyncio.ensure_future(connection.wait_closed())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await client.send("still open")
        assert await connection.recv() == "still open"


async def test_block_that_raises_closes_with_1011() -> None:
    async with opened() as (connection, client):
        with pytest.raises(KeyError):
            async with connection as entered:
                assert entered is connection
                raise KeyError("oops")
        await client.wait_closed()
        assert client.close_code == 1011


async def test_block_that_ends_with_a_full_queue_does_not_wait_in_vain() -> None:
    async with opened(max_queue=1, compression=None, close_timeout=None) as (connection, client):
        sending = asyncio.ensure_future(_send_all(client, 200, 100_000))
        await asyncio.sleep(0.1)
        assert not sending.done()
        async with connection:
            assert (await connection.recv())[:8] == bytes(8)
        await asyncio.gather(sending, return_exceptions=True)  # its last messages meet a closed connection
        assert connection.close_code == 1000


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
            async with raw_client(port_of(server), REQUEST) as (reader, writer):
                await reader.readuntil(b"\r\n\r\n")
                client.close()
                writer.write(client.data_to_send())
                await reader.read()
            await until(lambda: not server._tasks)
        await asyncio.sleep(0.01)
        assert [reference() for reference in references] == [None]
    finally:
        gc.enable()


class _raw_peer:  # noqa: N801
    """A connection whose peer does what `client` says: ours, and the peer's writer."""

    def __init__(self, client: Connection, **options: Any) -> None:
        self.client = client
        self.options = options

    async def __aenter__(self) -> tuple[ServerConnection, asyncio.StreamWriter]:
        arrived: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

        async def handler(connection: ServerConnection) -> None:
            arrived.set_result(connection)
            await connection.wait_closed()

        self.server = await serve(handler, "127.0.0.1", 0, compression=None, **self.options)
        self.peer = raw_client(port_of(self.server), REQUEST)
        reader, writer = await self.peer.__aenter__()
        await reader.readuntil(b"\r\n\r\n")
        return await arrived, writer

    async def __aexit__(self, *details: object) -> None:
        await self.peer.__aexit__(None, None, None)
        self.server.close()
        await self.server.wait_closed()

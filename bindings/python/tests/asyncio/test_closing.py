# SPDX-License-Identifier: MIT
"""The end of a connection with the coroutine API, and what the exceptions tell of it."""

from __future__ import annotations

import asyncio

import pytest
import tidewire
from server_peers import opened, peer, send_all
from tidewire import Connection, Role
from tidewire.exceptions import ConnectionClosedError, ConnectionClosedOK, ProtocolError
from tidewire.frames import Close
from websockets.exceptions import ConnectionClosedError as PeerClosedError


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
    async with peer() as (connection, _, writer):
        writer.write(bytes.fromhex("8880 00000000"))
        with pytest.raises(ConnectionClosedOK) as caught:
            await connection.recv()
        assert caught.value.rcvd == caught.value.sent == Close(1005)
        assert (connection.close_code, connection.close_reason) == (1005, "")


async def test_peer_that_goes_without_a_word_is_1006() -> None:
    async with peer() as (connection, _, writer):
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
    async with peer() as (connection, _, writer):
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
    async with peer(close_timeout=0.05) as (connection, _, _):
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
        sending = asyncio.ensure_future(send_all(client, 200, 100_000))
        await asyncio.sleep(0.1)
        assert not sending.done()
        async with connection:
            assert (await connection.recv())[:8] == bytes(8)
        await asyncio.gather(sending, return_exceptions=True)  # its last messages meet a closed connection
        assert connection.close_code == 1000

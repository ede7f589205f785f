# SPDX-License-Identifier: MIT
"""Expectations of closing, of pings, and of what is raised on a connection that is closed."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from dropin_support import Library, opened, uri_of


async def test_messages_before_the_close_are_received_after_it(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        for end, peer, library in ((one, other, client), (other, one, server)):
            if end is one:
                await peer.send("first")
                await peer.send(b"second")
                await peer.close()
                await end.wait_closed()
                assert await end.recv() == "first"
                assert await end.recv() == b"second"
            for _ in range(2):
                with pytest.raises(library.exceptions.ConnectionClosedOK):
                    await end.recv()


async def test_exception_tells_both_close_frames_and_their_order(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await one.close(4001, "my reason")
        with pytest.raises(client.exceptions.ConnectionClosedError) as ours:
            await one.recv()
        with pytest.raises(server.exceptions.ConnectionClosedError) as theirs:
            await other.recv()
        for close in (ours.value.sent, theirs.value.rcvd):
            assert (close.code, close.reason) == (4001, "my reason")
        for close in (ours.value.rcvd, theirs.value.sent):
            assert close.code == 4001  # the answer may leave the reason out
        assert ours.value.rcvd_then_sent is False and theirs.value.rcvd_then_sent is True
        assert str(ours.value).startswith("sent 4001 (private use) my reason; then received 4001 (private use)")
        assert str(theirs.value).startswith("received 4001 (private use) my reason; then sent 4001 (private use)")
        assert one.close_code == other.close_code == 4001
        assert other.close_reason == "my reason"


async def test_close_code_is_none_until_the_connection_is_closed(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        for end, library in ((one, client), (other, server)):
            assert end.close_code is None and end.close_reason is None
            assert end.state is library.State.OPEN and end.state.name == "OPEN"
        await one.close()
        await other.wait_closed()
        for end, library in ((one, client), (other, server)):
            assert (end.close_code, end.close_reason) == (1000, "")
            assert end.state is library.State.CLOSED


async def test_close_can_be_repeated(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await asyncio.gather(one.close(), one.close(), other.close(1001))
        await one.close(1011)
        assert one.close_code in (1000, 1001)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 3000, 4999])
async def test_iteration_ends_or_raises_by_the_close_code(server: Library, client: Library, code: int) -> None:
    async with opened(server, client) as (one, other):
        await one.send("a")
        await one.close(code)
        received = []
        try:
            async for message in other:
                received.append(message)
        except server.exceptions.ConnectionClosedError as error:
            assert code not in (1000, 1001) and error.rcvd.code == code
        else:
            assert code in (1000, 1001)
        assert received == ["a"]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2000, 5000])
async def test_close_with_a_code_that_must_not_be_sent_is_refused(server: Library, client: Library, code: int) -> None:
    async with opened(server, client) as (one, other):
        with pytest.raises((client.exceptions.ProtocolError, ValueError)):
            await one.close(code)
        await one.send("still open")
        assert await other.recv() == "still open"


async def test_everything_raises_after_the_close(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await other.close(1000, "done")
        for action in (
            lambda: one.send("a"),
            lambda: one.send(["a", "b"]),
            lambda: one.ping(),
            lambda: one.pong(),
            lambda: one.recv(),
            lambda: anext(one.recv_streaming()),
        ):
            with pytest.raises(client.exceptions.ConnectionClosedOK) as caught:
                await action()
            assert caught.value.rcvd.reason == "done"
        await one.wait_closed()


async def test_connection_that_is_lost_raises_without_close_frames(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        other.transport.abort()
        with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
            await one.recv()
        assert caught.value.rcvd is None and caught.value.rcvd_then_sent is None
        assert one.close_code == 1006 and one.close_reason == ""


async def test_context_ends_with_1000_or_after_an_exception_with_1011(server: Library, client: Library) -> None:
    codes = []

    async def handler(connection: Any) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with server.serve(handler, "127.0.0.1", 0) as listening:
        async with client.connect(uri_of(listening)):
            pass
        with pytest.raises(ZeroDivisionError):
            async with client.connect(uri_of(listening)):
                raise ZeroDivisionError
    assert codes == [1000, 1011]


async def test_handler_that_returns_closes_with_1000_and_one_that_raises_with_1011(
    server: Library, client: Library, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(connection: Any) -> None:
        if connection.request.path == "/raise":
            raise ZeroDivisionError("in the handler")

    caplog.set_level(logging.ERROR)
    async with server.serve(handler, "127.0.0.1", 0) as listening:
        async with client.connect(uri_of(listening)) as connection:
            with pytest.raises(client.exceptions.ConnectionClosedOK) as normal:
                await connection.recv()
            assert normal.value.rcvd.code == 1000
        assert not caplog.records
        async with client.connect(uri_of(listening, "/raise")) as connection:
            with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
                await connection.recv()
            assert caught.value.rcvd.code == 1011
    assert any("handler" in record.getMessage() and record.exc_info for record in caplog.records)


async def test_server_that_closes_tells_its_clients_1001(server: Library, client: Library) -> None:
    ended = []

    async def handler(connection: Any) -> None:
        try:
            await connection.recv()
        finally:
            ended.append(connection.close_code)

    async with server.serve(handler, "127.0.0.1", 0) as listening:
        assert listening.is_serving()
        async with client.connect(uri_of(listening)) as connection:
            while not listening.connections:
                await asyncio.sleep(0.001)
            assert len(listening.connections) == 1
            listening.close()
            with pytest.raises(client.exceptions.ConnectionClosedOK) as caught:
                await connection.recv()
            assert caught.value.rcvd.code == 1001
            await listening.wait_closed()
            assert ended == [1001] and not listening.connections and not listening.is_serving()


async def test_server_closes_with_the_code_that_it_is_told(server: Library, client: Library) -> None:
    async def handler(connection: Any) -> None:
        await connection.wait_closed()

    async with server.serve(handler, "127.0.0.1", 0) as listening:
        async with client.connect(uri_of(listening)) as connection:
            await (await connection.ping())
            listening.close(code=1012, reason="again soon")
            with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
                await connection.recv()
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1012, "again soon")


async def test_server_may_leave_its_connections_open(server: Library, client: Library) -> None:
    async def handler(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    async with server.serve(handler, "127.0.0.1", 0) as listening:
        async with client.connect(uri_of(listening)) as connection:
            await (await connection.ping())
            listening.close(close_connections=False)
            await asyncio.sleep(0.01)
            await connection.send("still here")
            assert await connection.recv() == "still here"
        await listening.wait_closed()


async def test_ping_returns_a_future_of_the_latency(server: Library, client: Library) -> None:
    async with opened(server, client) as ends:
        for end in ends:
            pong = await end.ping()
            latency = await pong
            assert isinstance(latency, float) and 0 <= latency < 60
            assert end.latency == latency
            for data in ("text", b"bytes", bytearray(b"array"), memoryview(b"view"), b""):
                assert await (await end.ping(data)) >= 0
            with pytest.raises(TypeError):
                await end.ping(7)


async def test_ping_need_not_be_awaited_and_later_pong_answers_earlier_pings(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, _):
        first = await one.ping(b"1")
        second = await one.ping(b"2")
        await second
        assert first.done() and first.result() >= second.result() - 1
        await one.ping()


async def test_ping_with_data_that_is_under_way_is_refused(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, _):
        pong = await one.ping("same")
        with pytest.raises(client.exceptions.ConcurrencyError):
            await one.ping(b"same")
        await pong
        await (await one.ping("same"))


async def test_ping_whose_answer_never_came_raises_when_the_connection_is_lost(
    server: Library, client: Library
) -> None:
    async with opened(server, client) as (one, other):
        other.transport.pause_reading()
        pong = await one.ping()
        other.transport.abort()
        with pytest.raises((client.exceptions.ConnectionClosedError, asyncio.CancelledError)):
            await pong


async def test_pong_that_nobody_asked_for_is_ignored(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await one.pong()
        await one.pong(b"beat")
        await other.pong("text")
        with pytest.raises(TypeError):
            await one.pong(None)
        await one.send("a")
        assert await other.recv() == "a"


async def test_keepalive_closes_with_1011_when_no_pong_comes(server: Library, client: Library) -> None:
    options = {"ping_interval": 0.05, "ping_timeout": 0.05}
    async with opened(server, client, connect=options) as (one, other):
        other.transport.pause_reading()
        with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
            await one.recv()
        assert caught.value.sent.code == 1011 and caught.value.rcvd is None
        other.transport.abort()


async def test_keepalive_measures_the_latency(server: Library, client: Library) -> None:
    async with opened(server, client, connect={"ping_interval": 0.02}) as (one, _):
        assert one.latency == 0
        while one.latency == 0:
            await asyncio.sleep(0.01)
        assert 0 < one.latency < 60


async def test_close_gives_up_on_a_peer_that_does_not_answer(server: Library, client: Library) -> None:
    async with opened(server, client, connect={"close_timeout": 0.05}) as (one, other):
        other.transport.pause_reading()
        await one.close()
        with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
            await one.recv()
        assert caught.value.sent.code == 1000 and caught.value.rcvd is None
        assert one.close_code == 1006
        other.transport.abort()

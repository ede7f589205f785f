# SPDX-License-Identifier: MIT
"""Expectations of sending and receiving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from dropin_support import Library, opened


@pytest.mark.parametrize(
    "sent,received",
    [
        ("", ""),
        ("\u2603 snow", "\u2603 snow"),
        (b"", b""),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::1], b"abcd"),
        ("x" * 65536, "x" * 65536),
        (["a", "", "bc"], "abc"),
        ((b"a", bytearray(b"b"), memoryview(b"c")), b"abc"),
        (["only"], "only"),
    ],
    ids=str.split("empty-text text empty-binary binary bytearray memoryview long strings buffers one-fragment"),
)
async def test_message_arrives_as_the_type_it_was_sent_as(
    server: Library, client: Library, sent: Any, received: str | bytes
) -> None:
    async with opened(server, client) as (one, other):
        for sender, receiver in ((one, other), (other, one)):
            assert await sender.send(sent) is None
            got = await receiver.recv()
            assert got == received and type(got) is type(received)


async def test_recv_decodes_as_it_is_told(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        for _ in range(2):
            await one.send("\u2603")
            await one.send("\u2603".encode())
        assert await other.recv(decode=False) == "\u2603".encode()
        assert await other.recv(decode=True) == "\u2603"
        assert await other.recv(decode=True) == "\u2603"
        assert await other.recv(decode=False) == "\u2603".encode()


async def test_send_takes_the_type_that_it_is_told(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await one.send("a", text=False)
        await one.send(b"b", text=True)
        await one.send(["c", "d"], text=False)
        await one.send([b"e", b"f"], text=True)
        assert [await other.recv() for _ in range(4)] == [b"a", "b", b"cd", "ef"]


async def test_send_of_an_async_iterable_makes_one_message(server: Library, client: Library) -> None:
    async def parts() -> AsyncIterator[str]:
        for part in ("a", "b", "c"):
            await asyncio.sleep(0)
            yield part

    async with opened(server, client) as (one, other):
        await one.send(parts())
        assert await other.recv() == "abc"


async def test_send_of_no_fragments_sends_nothing(server: Library, client: Library) -> None:
    async def nothing() -> AsyncIterator[str]:
        if client is None:
            yield "never"

    async with opened(server, client) as (one, other):
        await one.send([])
        await one.send(nothing())
        await one.send("next")
        assert await other.recv() == "next"


@pytest.mark.parametrize("message", [None, 7, {"a": "b"}, 1.5, object()], ids=lambda value: type(value).__name__)
async def test_send_of_another_type_is_refused_and_the_connection_goes_on(
    server: Library, client: Library, message: Any
) -> None:
    async with opened(server, client) as (one, other):
        with pytest.raises(TypeError):
            await one.send(message)
        await one.send("still open")
        assert await other.recv() == "still open"


@pytest.mark.parametrize("fragments", [["a", b"b"], [b"a", "b"], ["a", 7], ["a", None]], ids=repr)
async def test_send_of_mixed_fragments_fails_the_connection(server: Library, client: Library, fragments: Any) -> None:
    async with opened(server, client) as (one, other):
        with pytest.raises(TypeError):
            await one.send(fragments)
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            await other.recv()
        assert caught.value.rcvd.code == 1011


async def test_send_of_an_iterable_that_raises_fails_the_connection(server: Library, client: Library) -> None:
    def parts() -> Iterator[str]:
        yield "a"
        raise KeyError("mine")

    async with opened(server, client) as (one, other):
        with pytest.raises(KeyError, match="mine"):
            await one.send(parts())
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            await other.recv()
        assert caught.value.rcvd.code == 1011


async def test_send_waits_for_a_fragmented_message_to_end(server: Library, client: Library) -> None:
    goes_on = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        await goes_on.wait()
        yield b"b"

    async with opened(server, client) as (one, other):
        first = asyncio.create_task(one.send(parts()))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(one.send("whole"))
        await asyncio.sleep(0.01)
        assert not second.done()
        goes_on.set()
        await first
        await second
        assert [await other.recv(), await other.recv()] == [b"ab", "whole"]


async def test_recv_streaming_yields_the_fragments(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await one.send(["ab", "cd"])
        await one.send([b"ef", b"gh"])
        await one.send("whole")
        assert [part async for part in other.recv_streaming() if part] == ["ab", "cd"]
        assert [part async for part in other.recv_streaming() if part] == [b"ef", b"gh"]
        assert [part async for part in other.recv_streaming() if part] == ["whole"]


async def test_recv_streaming_decodes_across_fragments(server: Library, client: Library) -> None:
    snow = "\u2603".encode()
    async with opened(server, client) as (one, other):
        await one.send([snow[:1], snow[1:]], text=True)
        assert "".join([part async for part in other.recv_streaming()]) == "\u2603"
        await one.send([snow[:1], snow[1:]])
        assert "".join([part async for part in other.recv_streaming(decode=True)]) == "\u2603"
        await one.send("\u2603")
        assert b"".join([part async for part in other.recv_streaming(decode=False)]) == snow


async def test_recv_streaming_begins_before_the_message_ends(server: Library, client: Library) -> None:
    goes_on = asyncio.Event()

    async def parts() -> AsyncIterator[str]:
        yield "a"
        await goes_on.wait()
        yield "b"

    async with opened(server, client) as (one, other):
        sending = asyncio.create_task(one.send(parts()))
        received = []
        async for part in other.recv_streaming():
            received.append(part)
            goes_on.set()
        await sending
        assert "".join(received) == "ab"


async def test_recv_twice_at_once_is_refused(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        for end, library, peer in ((one, client, other), (other, server, one)):
            waiting = asyncio.create_task(end.recv())
            await asyncio.sleep(0)
            with pytest.raises(library.exceptions.ConcurrencyError) as caught:
                await end.recv()
            assert isinstance(caught.value, RuntimeError)
            with pytest.raises(library.exceptions.ConcurrencyError):
                await anext(end.recv_streaming())
            await peer.send("for the first")
            assert await waiting == "for the first"


async def test_recv_after_recv_streaming_that_stopped_midway_is_refused(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        await one.send(["a", "b", "c"])
        stream = other.recv_streaming()
        assert await anext(stream) == "a"
        with pytest.raises(server.exceptions.ConcurrencyError):
            await other.recv()
        await stream.aclose()


async def test_recv_that_was_cancelled_loses_nothing(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        for delay in (0.0, 0.001, 0.005):
            waiting = asyncio.create_task(other.recv())
            await asyncio.sleep(delay)
            await one.send(f"after {delay}")
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await other.recv() == f"after {delay}"


async def test_recv_with_a_timeout_can_be_repeated(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(other.recv(), 0.005)
        await one.send("late")
        assert await asyncio.wait_for(other.recv(), 30) == "late"


async def test_recv_cancelled_amid_a_fragmented_message_keeps_its_beginning(server: Library, client: Library) -> None:
    goes_on = asyncio.Event()

    async def parts() -> AsyncIterator[str]:
        yield "a"
        await goes_on.wait()
        yield "b"

    async with opened(server, client) as (one, other):
        sending = asyncio.create_task(one.send(parts()))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(other.recv(), 0.05)
        goes_on.set()
        await sending
        assert await other.recv() == "ab"


async def test_message_of_max_size_arrives_and_a_longer_one_fails_with_1009(server: Library, client: Library) -> None:
    limit = {"max_size": 1000, "compression": None}
    async with opened(server, client, serve=limit, connect=limit) as (one, other):
        await one.send("x" * 1000)
        assert len(await other.recv()) == 1000
        await one.send("x" * 1001)
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            await other.recv()
        assert caught.value.sent.code == 1009
        with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
            await one.recv()
        assert caught.value.rcvd.code == 1009


async def test_max_size_counts_what_is_inflated_and_all_fragments(server: Library, client: Library) -> None:
    for message in ("x" * 5000, ["x" * 600] * 5):
        async with opened(server, client, connect={"max_size": 2000}) as (one, other):
            await other.send(message)
            with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
                await one.recv()
            assert caught.value.sent.code == 1009


async def test_max_size_none_is_no_limit(server: Library, client: Library) -> None:
    options = {"max_size": None}
    message = bytes(3 << 20)
    async with opened(server, client, serve=options, connect=options) as (one, other):
        _, received = await asyncio.gather(one.send(message), other.recv())
        assert received == message


async def test_max_size_of_fragments_lets_longer_messages_through(server: Library, client: Library) -> None:
    async with opened(server, client, serve={"max_size": (None, 1000)}, connect={"compression": None}) as (one, other):
        await one.send([bytes(900)] * 5)
        assert len(await other.recv()) == 4500
        await one.send(bytes(1001))
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            await other.recv()
        assert caught.value.sent.code == 1009


async def test_text_that_compresses_extremely_well_arrives(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        _, received = await asyncio.gather(one.send("a" * 1_000_000), other.recv())
        assert received == "a" * 1_000_000


@pytest.mark.parametrize("max_queue", [1, 16, (4, 1), None], ids=repr)
async def test_messages_keep_their_order_whatever_the_queue_holds(
    server: Library, client: Library, max_queue: Any
) -> None:
    async with opened(server, client, serve={"max_queue": max_queue}) as (one, other):

        async def send_all() -> None:
            for number in range(500):
                await one.send(str(number))

        sending = asyncio.create_task(send_all())
        assert [await other.recv() for _ in range(500)] == [str(number) for number in range(500)]
        await sending


async def test_sender_waits_while_the_receiver_does_not_read(server: Library, client: Library) -> None:
    async with opened(server, client, connect={"compression": None}, serve={"max_queue": 2}) as (one, other):

        async def send_all() -> None:
            for _ in range(400):
                await one.send(bytes(65536))

        sending = asyncio.create_task(send_all())
        done, _ = await asyncio.wait([sending], timeout=0.3)
        assert not done  # 26 MB do not fit into the buffers of the system
        for _ in range(400):
            assert len(await other.recv()) == 65536
        await sending


async def test_text_that_is_not_utf8_is_refused_when_sent_or_fails_with_1007(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        try:
            await one.send(b"\xff", text=True)
        except (ValueError, client.exceptions.WebSocketException):
            await one.send("fine")
            assert await other.recv() == "fine"
            return
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            await other.recv()
        assert caught.value.sent.code == 1007


async def test_send_can_be_made_a_task(server: Library, client: Library) -> None:
    async with opened(server, client) as (one, other):
        tasks = [asyncio.create_task(one.send(message)) for message in ("a", b"b", ["c", "d"])]
        assert [await other.recv() for _ in tasks] == ["a", b"b", "cd"]
        assert await asyncio.gather(*tasks) == [None, None, None]

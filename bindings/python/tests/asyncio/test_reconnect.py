# SPDX-License-Identifier: MIT
"""A client that connects again and again."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator

import pytest
from client_peers import accepting, answering, echo_server, port_of, stream_server
from tidewire.asyncio.client import connect
from tidewire.client import backoff, process_exception
from tidewire.datastructures import Headers
from tidewire.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, InvalidURI, SecurityError
from tidewire.http11 import Request, Response
from websockets.asyncio.server import ServerConnection, serve

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"


class Delays:
    """Makes iterators of no delay, and counts them and their steps."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def __call__(self) -> Iterator[float]:
        self.made.append(0)
        while True:
            self.made[-1] += 1
            yield 0


def test_delays_begin_at_random_and_grow_up_to_a_limit() -> None:
    first, *rest = itertools.islice(backoff(), 20)
    assert 0 <= first < 5
    assert rest[0] == 3.1
    assert rest[1] == pytest.approx(3.1 * 1.618)
    assert rest == sorted(rest)
    assert rest[-1] == 90
    assert list(itertools.islice(backoff(0, 8, 10, 2), 4)) == [0, 8, 10, 10]


def test_what_the_network_did_may_go_better_next_time() -> None:
    cut_off = InvalidMessage("cut off")
    cut_off.__cause__ = EOFError()
    for error in (OSError(), ConnectionRefusedError(), TimeoutError(), cut_off):
        assert process_exception(error) is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_in_trouble_may_get_out_of_it(status: int) -> None:
    assert process_exception(InvalidStatus(Response(status, "", Headers()))) is None


def test_what_will_not_change_is_an_error() -> None:
    refusals = [InvalidStatus(Response(status, "", Headers())) for status in (200, 401, 404, 501)]
    for error in (*refusals, InvalidMessage("not HTTP"), SecurityError("x"), InvalidURI("u", "x"), ValueError()):
        assert process_exception(error) is error


async def test_client_connects_again_when_the_connection_is_closed() -> None:
    async def greet_and_go(connection: ServerConnection) -> None:
        await connection.send("hello")

    delays = Delays()
    greetings = 0
    async with serve(greet_and_go, "127.0.0.1", 0) as server:
        async for client in connect(f"ws://127.0.0.1:{port_of(server)}/", reconnect_delays=delays):
            try:
                async for message in client:
                    assert message == "hello"
                    greetings += 1
                if greetings == 3:
                    break
                await client.recv()
            except ConnectionClosed:
                continue
    assert greetings == 3
    assert delays.made == []


async def test_client_tries_again_with_delays_that_begin_anew_after_a_success(
    caplog: pytest.LogCaptureFixture,
) -> None:
    delays = Delays()
    answers = iter([BUSY, b"", BUSY, None, BUSY, None])

    async def answer_in_turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = next(answers)
        if answer is not None:
            await answering(answer)(reader, writer)
            return
        request = Request.parse(await reader.readuntil(b"\r\n\r\n"))
        writer.write(accepting(request) + bytes.fromhex("88 02 03e8"))
        await reader.read()

    connected = 0
    async with stream_server(answer_in_turn) as port:
        with caplog.at_level(logging.INFO, "tidewire.client"):
            async for client in connect(f"ws://127.0.0.1:{port}/", reconnect_delays=delays):
                await client.wait_closed()
                connected += 1
                if connected == 2:
                    break
    assert delays.made == [3, 1]
    messages = [record.getMessage() for record in caplog.records if record.name == "tidewire.client"]
    assert len(messages) == 4
    assert all(message.startswith("connect failed; reconnecting in 0.0 seconds: ") for message in messages)
    assert "HTTP 503" in messages[0]


async def test_an_error_that_will_not_change_ends_the_loop() -> None:
    async with stream_server(answering(GONE)) as port:
        with pytest.raises(InvalidStatus, match="410"):
            async for _ in connect(f"ws://127.0.0.1:{port}/", reconnect_delays=Delays()):
                raise AssertionError("connected")


async def test_process_exception_decides() -> None:
    seen: list[Exception] = []

    def decide(error: Exception) -> Exception | None:
        seen.append(error)
        return None if len(seen) < 3 else RuntimeError("enough")

    async with stream_server(answering(GONE)) as port:
        with pytest.raises(RuntimeError, match="enough") as info:
            async for _ in connect(f"ws://127.0.0.1:{port}/", process_exception=decide, reconnect_delays=Delays()):
                raise AssertionError("connected")
    assert len(seen) == 3
    assert info.value.__cause__ is seen[-1]


async def test_client_finds_the_server_once_it_is_there() -> None:
    async with stream_server(answering(GONE)) as port:
        pass  # a port on which nobody listens any more

    opened = asyncio.Event()

    def delays() -> Iterator[float]:
        while True:
            opened.set()
            yield 0.01

    async def serve_later() -> None:
        await opened.wait()
        async with serve(lambda connection: connection.send("at last"), "127.0.0.1", port):
            await done.wait()

    done = asyncio.Event()
    server = asyncio.ensure_future(serve_later())
    async for client in connect(f"ws://127.0.0.1:{port}/", reconnect_delays=delays):
        assert await client.recv() == "at last"
        break
    done.set()
    await server


async def test_cancelling_while_it_waits_ends_the_loop() -> None:
    waiting = asyncio.Event()

    def delays() -> Iterator[float]:
        waiting.set()
        yield 3600

    async def connect_for_ever(port: int) -> None:
        async for _ in connect(f"ws://127.0.0.1:{port}/", reconnect_delays=delays):
            raise AssertionError("connected")

    async with stream_server(answering(BUSY)) as port:
        task = asyncio.ensure_future(connect_for_ever(port))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_each_round_closes_its_connection() -> None:
    async with echo_server() as server:
        clients = []
        async for client in connect(f"ws://127.0.0.1:{port_of(server)}/"):
            clients.append(client)
            if len(clients) == 3:
                break
        assert [client.close_code for client in clients] == [1000, 1000, None]
        await clients[-1].close()

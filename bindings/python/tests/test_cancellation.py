# SPDX-License-Identifier: MIT
"""Whatever a task waits for, it may be cancelled there: the connection ends, and the server goes on.

Each scenario is run again and again, and cancelled at the first point where it suspends, then at the second, and so on,
until it comes to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

import pytest
from tidewire.asyncio.client import connect
from tidewire.asyncio.server import serve
from tidewire.exceptions import ConnectionClosed

SECONDS = 60  # against hanging
MANY = 500  # suspensions: no scenario has nearly as many
CLOSE_TIMEOUT = 0.2  # seconds: a close that was cancelled is over when it has passed

Scenario = Callable[[str], Awaitable[None]]


class CancelledAt:
    """Awaits a coroutine, and cancels the task when it suspends for the given time; `at_once`, or one turn of the loop
    later, when what it waits for may have come."""

    def __init__(self, coroutine: Awaitable[None], count: int, at_once: bool) -> None:
        self._inner = coroutine.__await__()
        self._left = count
        self._at_once = at_once

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[], Any] = lambda: next(self._inner)  # noqa: E731
        while True:
            try:
                waits_for = step()
            except StopIteration:
                return
            self._left -= 1
            if self._left == 0:
                task = asyncio.current_task()
                assert task is not None
                if self._at_once:
                    task.cancel()
                else:
                    asyncio.get_running_loop().call_soon(task.cancel)
            try:
                yield waits_for
            except BaseException as error:
                thrown = error
                step = lambda: self._inner.throw(thrown)  # noqa: B023, E731
            else:
                step = lambda: next(self._inner)  # noqa: E731


async def handler(connection: Any) -> None:
    """Echoes; says a lot, or says nothing and hears nothing, where the path asks for it."""
    with contextlib.suppress(ConnectionClosed):
        if connection.request.path == "/deaf":
            connection.transport.pause_reading()
            await asyncio.sleep(CLOSE_TIMEOUT / 2)
            connection.transport.resume_reading()
        async for message in connection:
            await connection.send(message)


def process_request(connection: Any, request: Any) -> Any:
    if request.path == "/moved":
        response = connection.respond(302, "")
        response.headers["Location"] = "/"
        return response
    return None


def dial(uri: str) -> connect:
    return connect(uri, close_timeout=CLOSE_TIMEOUT)


async def connects(uri: str) -> None:
    async with dial(uri):
        pass


async def is_redirected(uri: str) -> None:
    async with dial(uri + "moved"):
        pass


async def sends_and_receives(uri: str) -> None:
    async with dial(uri) as connection:
        for _ in range(3):
            await connection.send("a")
            assert await connection.recv() == "a"


async def sends_more_than_fits(uri: str) -> None:
    async with dial(uri + "deaf") as connection:
        for _ in range(100):
            await connection.send(bytes(65536))


async def sends_fragments(uri: str) -> None:
    async def parts() -> AsyncIterator[str]:
        for _ in range(3):
            await asyncio.sleep(0)
            yield "a"

    async with dial(uri) as connection:
        await connection.send(parts())
        assert await connection.recv() == "aaa"


async def receives_in_parts(uri: str) -> None:
    async with dial(uri) as connection:
        await connection.send(["a", "b"])
        parts = [part async for part in connection.recv_streaming()]
        assert "".join(map(str, parts)) == "ab"


async def pings(uri: str) -> None:
    async with dial(uri) as connection:
        assert await (await connection.ping()) >= 0
        await connection.pong()


async def closes(uri: str) -> None:
    connection = await dial(uri)
    try:
        await connection.send("unread")
    finally:
        await connection.close(4000, "enough")
        await connection.wait_closed()


async def reconnects(uri: str) -> None:
    visits = 0
    async for connection in dial(uri):
        await connection.close()
        visits += 1
        if visits == 2:
            break


async def serves(_: str) -> None:
    async with serve(handler, "127.0.0.1", 0, close_timeout=CLOSE_TIMEOUT) as server:
        await sends_and_receives(uri_of(server))


def uri_of(server: Any) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


SCENARIOS: list[Scenario] = [
    connects,
    is_redirected,
    sends_and_receives,
    sends_more_than_fits,
    sends_fragments,
    receives_in_parts,
    pings,
    closes,
    reconnects,
    serves,
]


def descriptors() -> int:
    """How many descriptors are open. A connection that asyncio has accepted in the turn in which its server is closed is
    left to the garbage collector by asyncio itself, before any protocol of ours is made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return len(os.listdir("/proc/self/fd"))


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what must come soon; the time-out of the test says when it does not."""
    while not condition():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("at_once", [True, False], ids=["at-once", "a-turn-later"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_server_goes_on_and_nothing_is_left_wherever_a_task_is_cancelled_that(
    scenario: Scenario, at_once: bool
) -> None:
    async def main() -> int:
        options: Any = {"process_request": process_request, "close_timeout": CLOSE_TIMEOUT}
        async with serve(handler, "127.0.0.1", 0, **options) as server:
            uri = uri_of(server)
            tasks = len(asyncio.all_tasks())
            await scenario(uri)
            await until(lambda: not server.connections and len(asyncio.all_tasks()) == tasks)
            before = descriptors()
            for count in range(1, MANY):
                task = asyncio.create_task(run(CancelledAt(scenario(uri), count, at_once)))
                await asyncio.wait([task])
                await sends_and_receives(uri)
                await until(lambda: not server.connections and len(asyncio.all_tasks()) == tasks)
                await until(lambda: descriptors() <= before)
                if not task.cancelled():
                    task.result()
                    return count
        raise AssertionError("the scenario does not end")

    assert asyncio.run(asyncio.wait_for(main(), SECONDS)) > 1


async def run(awaitable: Awaitable[None]) -> None:
    await awaitable

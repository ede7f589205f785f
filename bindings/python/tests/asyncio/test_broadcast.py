# SPDX-License-Identifier: MIT
"""broadcast: one message for many connections."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from server_peers import echo, opened, until, uri_of
from tidewire.asyncio.server import broadcast, serve
from tidewire.exceptions import ConcurrencyError
from websockets.asyncio.client import connect


@pytest.mark.parametrize(
    "message, text, expected",
    [
        ("é", None, "é"),
        ("é", False, "é".encode()),
        (b"\xc3\xa9", None, b"\xc3\xa9"),
        (bytearray(b"\xc3\xa9"), True, "é"),
        (memoryview(b"abc" * 1000), None, b"abc" * 1000),
    ],
    ids=["text", "text as binary", "binary", "binary as text", "compressed"],
)
async def test_broadcast_reaches_all_connections(message: Any, text: bool | None, expected: str | bytes) -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        clients = [await connect(uri_of(server), compression=kind) for kind in ("deflate", None, "deflate")]
        await until(lambda: len(server.connections) == 3)
        broadcast(server.connections, message, text=text)
        assert [await client.recv() for client in clients] == [expected] * 3
        for client in clients:
            await client.close()


async def test_broadcast_leaves_out_connections_that_are_not_open() -> None:
    async with opened() as (connection, client):
        await client.close()
        broadcast([connection], "nobody hears this")
        broadcast([], "nor this")


@pytest.mark.parametrize("message", [["a"], 5, None, {"a": 1}], ids=repr)
async def test_broadcast_refuses_what_is_not_one_message(message: Any) -> None:
    with pytest.raises(TypeError):
        broadcast([], message)


async def test_broadcast_leaves_out_connections_that_are_sending_fragments(caplog: pytest.LogCaptureFixture) -> None:
    goes_on = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        yield "a"
        await goes_on.wait()
        yield "b"

    async with opened() as (connection, client):
        sending = asyncio.ensure_future(connection.send(pieces()))
        await asyncio.sleep(0.01)
        broadcast([connection], "not now")
        warnings = [record.getMessage() for record in caplog.records if record.name == "tidewire.server"]
        assert warnings == ["skipped broadcast: sending a fragmented message"]
        if sys.version_info >= (3, 11):
            with pytest.raises(ExceptionGroup) as caught:  # noqa: F821
                broadcast([connection], "not now", raise_exceptions=True)
            assert [type(error) for error in caught.value.exceptions] == [ConcurrencyError]
        goes_on.set()
        await sending
        broadcast([connection], "now")
        assert [await client.recv(), await client.recv()] == ["ab", "now"]


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="ExceptionGroup is there")
def test_broadcast_cannot_raise_groups_before_python_3_11() -> None:
    with pytest.raises(ValueError, match="3.11"):
        broadcast([], "a", raise_exceptions=True)

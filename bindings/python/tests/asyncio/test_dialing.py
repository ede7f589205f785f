# SPDX-License-Identifier: MIT
"""What is read before a session begins, with a transport whose events come in an order that sockets seldom have."""

from __future__ import annotations

import asyncio

import pytest
from tidewire.asyncio.dialing import judge_proxy, read_response
from tidewire.asyncio.opening import HeadReader
from tidewire.exceptions import InvalidProxyMessage

HEAD = b"HTTP/1.1 404 Not Found\r\n\r\n"
PART = b"x" * 200_000


class Transport(asyncio.Transport):
    """A transport whose input the test brings."""

    def __init__(self, reader: HeadReader) -> None:
        super().__init__()
        self.protocol: asyncio.BaseProtocol = reader
        self.reading = True
        self.closing = False
        reader.connection_made(self)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closing

    def receive(self, data: bytes) -> None:
        """Lets data come."""
        assert isinstance(self.protocol, asyncio.Protocol)
        self.protocol.data_received(data)


async def test_the_body_is_read_on_where_too_much_was_read_ahead() -> None:
    reader = HeadReader()
    transport = Transport(reader)
    transport.receive(HEAD + PART)
    transport.receive(PART)
    assert not transport.reading
    reading = asyncio.ensure_future(read_response(reader, await reader.head))
    await asyncio.sleep(0)
    assert transport.reading
    transport.receive(b"the rest")
    assert isinstance(transport.protocol, asyncio.Protocol)
    transport.protocol.eof_received()
    assert (await reading).body == PART + PART + b"the rest"


async def test_the_body_is_what_came_where_the_transport_is_gone_already() -> None:
    reader = HeadReader()
    transport = Transport(reader)
    transport.receive(HEAD + PART)
    transport.closing = True
    reader.connection_lost(None)
    assert (await read_response(reader, await reader.head)).body == PART


async def test_the_body_ends_with_a_transport_that_is_lost_on_the_way() -> None:
    reader = HeadReader()
    transport = Transport(reader)
    transport.receive(HEAD + PART)
    transport.closing = True
    reading = asyncio.ensure_future(read_response(reader, await reader.head))
    await asyncio.sleep(0)
    assert isinstance(transport.protocol, asyncio.Protocol)
    transport.protocol.connection_lost(ConnectionResetError())
    assert (await reading).body == PART


async def test_a_proxy_that_hangs_up_behind_its_answer_has_not_connected() -> None:
    reader = HeadReader()
    transport = Transport(reader)
    transport.receive(b"HTTP/1.1 200 Connected\r\n\r\n")
    head = await reader.head
    await judge_proxy(reader, head)
    transport.closing = True
    with pytest.raises(InvalidProxyMessage, match="closed"):
        await judge_proxy(reader, head)

# SPDX-License-Identifier: MIT
"""PreparedMessage: encoded once, sent by many connections."""

from __future__ import annotations

import gc
import sys

import pytest
from tidewire import (
    BufferPool,
    Chunk,
    Connection,
    Deflate,
    DeflateConfig,
    Message,
    MessageView,
    Opcode,
    PreparedMessage,
    Role,
    UsageError,
)
from wire import LENGTHS, counting_random, frame, pattern, upgraded

LARGE = pattern(100_000)


class TestPrepared:
    @pytest.mark.parametrize("length", LENGTHS)
    @pytest.mark.parametrize("role", Role)
    def test_is_sent_as_the_message_itself(self, role, length):
        prepared = PreparedMessage(pattern(length))
        once, ready = (upgraded(role, random=counting_random()) for _ in range(2))
        for _ in range(3):
            once.send(pattern(length))
            assert ready.send_prepared(prepared) is None
        assert ready.data_to_send() == once.data_to_send()

    def test_of_every_kind(self):
        for prepared, opcode, payload in (
            (PreparedMessage("grün"), Opcode.TEXT, "grün".encode()),
            (PreparedMessage(b"text", is_text=True), Opcode.TEXT, b"text"),
            (PreparedMessage(Message(b"text", True)), Opcode.TEXT, b"text"),
            (PreparedMessage(MessageView(bytearray(b"view"))), Opcode.BINARY, b"view"),
            (PreparedMessage(bytearray(b"\xff"), False), Opcode.BINARY, b"\xff"),
            (PreparedMessage(memoryview(b"")), Opcode.BINARY, b""),
        ):
            connection = upgraded()
            connection.send_prepared(prepared)
            assert connection.data_to_send() == frame(opcode, payload)

    def test_is_a_copy(self):
        data = bytearray(LARGE)
        prepared = PreparedMessage(data)
        data[:] = bytes(len(data))
        data.clear()
        connection = upgraded()
        connection.send_prepared(prepared)
        assert connection.data_to_send() == frame(Opcode.BINARY, LARGE)

    def test_is_shared_by_many(self):
        pool = BufferPool()
        prepared = PreparedMessage(LARGE, pool=pool)
        lent = pool.stats().in_use_len
        connections = [upgraded(pool=pool) for _ in range(100)]
        for connection in connections:
            connection.send_prepared(prepared)
        assert pool.stats().in_use_len < lent + 100 * 5000
        assert {connection.data_to_send() for connection in connections} == {frame(Opcode.BINARY, LARGE)}

    def test_may_go_before_it_is_written(self):
        """Its pool stays until then, even one that no connection has."""
        for arguments in ({}, {"pool": BufferPool()}):
            connection = upgraded(**arguments)
            for pool in (None, BufferPool(), arguments.get("pool")):
                connection.send_prepared(PreparedMessage(LARGE, pool=pool))
            del pool, arguments
            gc.collect()
            assert connection.data_to_send() == frame(Opcode.BINARY, LARGE) * 3

    def test_gives_its_pool_back(self):
        pool = BufferPool()
        count = sys.getrefcount(pool)
        connection = upgraded()
        connection.send_prepared(PreparedMessage(LARGE, pool=pool))
        assert sys.getrefcount(pool) == count + 1
        connection.data_to_send()
        assert sys.getrefcount(pool) == count
        assert pool.stats().in_use_len == 0

    @pytest.mark.parametrize("compress", [True, False, None])
    def test_is_compressed_as_the_message_itself(self, compress):
        for length in (10, 100, 1000, 100_000):
            data = b"again and " * (length // 10)
            prepared = PreparedMessage(data, True, compress=compress)
            for role in Role:
                once, ready = (
                    upgraded(role, deflate=DeflateConfig(), negotiated=Deflate(), random=counting_random())
                    for _ in range(2)
                )
                once.send_text(data, compress=compress)
                ready.send_prepared(prepared)
                assert ready.data_to_send() == once.data_to_send()

    def test_is_compressed_with_what_went_before(self):
        config = DeflateConfig(max_context_len=1 << 20)
        client = Connection(Role.CLIENT, host="a", deflate=config)
        server = Connection(Role.SERVER, deflate=config)
        server.receive(client.data_to_send())
        client.receive(server.data_to_send())
        prepared = PreparedMessage("over and over " * 100)
        for _ in range(3):
            server.send_prepared(prepared)
            assert client.receive(server.data_to_send()) == [Message(b"over and over " * 100, True)]

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ((), TypeError, r"PreparedMessage\(\) missing required argument 'data'"),
            ((1,), TypeError, "data must be bytes-like, not int"),
            ((b"\xff", True), UsageError, "TW_ERR_TEXT"),
            ((Message(b"\xff", True),), UsageError, "TW_ERR_TEXT"),
            ((Chunk(b"a", Opcode.TEXT),), UsageError, "TW_ERR_ARGUMENT"),
            ((Chunk(b"a", Opcode.CONTINUATION, True),), UsageError, "TW_ERR_ARGUMENT"),
            (("\ud800",), UnicodeEncodeError, "surrogates"),
        ],
    )
    def test_wrong_arguments_are_refused(self, arguments, error, message):
        with pytest.raises(error, match=message):
            PreparedMessage(*arguments)

    def test_wrong_objects_are_refused(self):
        with pytest.raises(TypeError, match="pool must be a BufferPool, not int"):
            PreparedMessage(b"", pool=1)
        with pytest.raises(TypeError, match="prepared must be a PreparedMessage, not bytes"):
            upgraded().send_prepared(b"")
        with pytest.raises(UsageError, match="Connection.__init__ was not called"):
            Connection.__new__(Connection).send_prepared(PreparedMessage(b""))
        closed = upgraded()
        closed.close()
        with pytest.raises(UsageError) as raised:
            closed.send_prepared(PreparedMessage(b""))
        assert raised.value.name == "TW_ERR_STATE"

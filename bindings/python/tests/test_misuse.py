# SPDX-License-Identifier: MIT
"""Whatever is called in whatever order, with whatever is kept: an exception at worst, and never foreign memory."""

from __future__ import annotations

import gc
import random
import sys
import threading

import pytest
from tidewire import (
    BufferPool,
    Chunk,
    Connection,
    Deflate,
    DeflateConfig,
    Error,
    Message,
    MessageView,
    Opcode,
    PreparedMessage,
    Role,
    UsageError,
)
from wire import KEY, binary, frame, open_deflating, pattern, text, upgraded

POOLS = [BufferPool(), BufferPool(classes=[512, 4096], max_idle_len=100_000), None]


class Walk:
    """Random calls on a few connections that share pools and buffers. What they return is kept, and used again."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.connections = [self.make() for _ in range(3)]
        self.kept: list[object] = [bytearray(pattern(length)) for length in (0, 10, 9_000, 70_000)]

    def make(self) -> Connection:
        deflate = {"deflate": DeflateConfig(), "negotiated": Deflate()} if self.chance.random() < 0.3 else {}
        return upgraded(
            self.chance.choice(list(Role)),
            pool=self.chance.choice(POOLS),
            trusted=True,
            min_view_len=self.chance.choice([1, 1000, None]),
            min_borrow_len=self.chance.choice([1, 8192]),
            read_len=256,
            stream=self.chance.random() < 0.1,
            max_message_len=self.chance.choice([1000, 1 << 24]),
            message_timeout_ns=100,
            **deflate,
        )

    def data(self) -> object:
        """Input, most of which makes sense."""
        payload = pattern(self.chance.choice([0, 5, 300, 20_000]))
        made = self.chance.choice(
            [
                text(b"text"),
                binary(payload),
                binary(payload)[: self.chance.randrange(len(payload) + 1) + 6],
                binary(payload, fin=False),
                frame(Opcode.CONTINUATION, payload, KEY),
                payload,
                frame(Opcode.PING, b"", KEY),
            ]
        )
        return self.chance.choice([made, bytearray(made), self.any()])

    def any(self) -> object:
        return self.chance.choice(self.kept) if self.kept else b""

    def keep(self, thing: object) -> None:
        if isinstance(thing, tuple | list):
            for part in thing:
                self.keep(part)
        elif isinstance(thing, MessageView):
            self.kept += [thing, thing.data, thing.data[1:]]
        elif isinstance(thing, memoryview):
            self.kept += [thing, thing[: self.chance.randrange(len(thing) + 1)], thing.obj]
        elif isinstance(thing, Message | Chunk):
            self.kept.append(thing)

    def step(self) -> None:
        chance, connection = self.chance, self.chance.choice(self.connections)
        options = {"borrow": chance.random() < 0.7, "mask_in_place": chance.random() < 0.3}
        calls = [
            lambda: connection.receive(self.data()),
            lambda: connection.receive_some(self.data(), chance.choice([1, 64])),
            lambda: connection.receive_into(self.data(), self.any()),
            lambda: connection.receive_into(self.data(), self.kept[3]),
            lambda: connection.read_buffer(chance.choice([0, 100_000])),
            lambda: connection.read_commit(chance.choice([0, 1, 100, 240, 5_000])),
            lambda: connection.read_commit_some(chance.choice([0, 1, 100, 240]), 1),
            lambda: self.fill(connection),
            lambda: connection.send(self.any(), **options),
            lambda: connection.send_text(self.any(), **options),
            lambda: connection.send_binary(self.any(), more=True, **options),
            lambda: connection.send_continuation(self.any(), **options),
            lambda: connection.send_batch([self.any() for _ in range(3)], **options),
            lambda: connection.send_prepared(PreparedMessage(self.any(), pool=chance.choice(POOLS))),
            lambda: connection.output(),
            lambda: connection.consume(chance.choice([0, 1, 100, 10_000])),
            lambda: self.use(connection.data_to_send()),
            lambda: connection.tick(chance.choice([0, 1, 1, 1, 1, 200])),
            lambda: connection.stats(),
            lambda: self.replace(connection),
            lambda: self.use(self.any()),
            lambda: self.kept.pop(chance.randrange(4, len(self.kept))),
            lambda: self.any().release(),
            lambda: self.any().clear(),
            lambda: self.any().extend(bytes(100)),
            lambda: self.any()[:].__setitem__(slice(None), b""),
            lambda: chance.choice(POOLS).acquire(chance.choice([1, 5_000])),
            lambda: chance.choice(POOLS).trim(),
        ]
        try:
            self.keep(chance.choice(calls)())
        except (Error, BufferError, TypeError, ValueError, AttributeError, IndexError):
            pass  # any refusal will do

    def fill(self, connection: Connection) -> list[object]:
        data = self.data()
        room = connection.read_buffer()
        length = min(len(room), len(data))
        room[:length] = memoryview(data)[:length]
        return [room, connection.read_commit(length)]

    def replace(self, connection: Connection) -> None:
        if self.chance.random() < 0.5:
            self.connections[self.connections.index(connection)] = self.make()

    def use(self, thing: object) -> None:
        """Reads all of its memory, and writes to it where that is allowed."""
        view = memoryview(thing.data if isinstance(thing, Message | MessageView | Chunk) else thing)
        data = bytes(view)
        if not view.readonly:
            view[:] = data


@pytest.mark.parametrize("seed", range(10))
def test_calls_in_any_order(seed):
    walk = Walk(seed)
    for number in range(1000):
        walk.step()
        if number % 100 == 0:
            gc.collect()
            del walk.kept[60:]
    del walk
    gc.collect()


def test_pools_are_whole_after_all_that():
    gc.collect()
    for pool in POOLS[:2]:
        assert pool.stats().in_use_len == 0


def refused_inside(connection):
    """A callable that tries every method of a connection that is in the middle of a call."""
    refused = []

    def calls(count=0):
        for call in (
            lambda: connection.receive(b""),
            lambda: connection.receive_some(b""),
            lambda: connection.receive_into(b"", bytearray(8)),
            connection.read_buffer,
            lambda: connection.read_commit(0),
            lambda: connection.read_commit_some(0),
            lambda: connection.send(b"", borrow=True),
            lambda: connection.send_batch([b""]),
            lambda: connection.send_prepared(PreparedMessage(b"")),
            connection.output,
            connection.data_to_send,
            lambda: connection.consume(0),
            lambda: connection.close(),
            lambda: connection.tick(0),
            connection.receive_eof,
        ):
            with pytest.raises(UsageError, match="the connection is in use by another call"):
                call()
            refused.append(call)
        return bytes(count)

    return calls, refused


def test_calls_from_inside_a_call():
    inside = {}
    connection = upgraded(Role.CLIENT, random=lambda count: inside["calls"](count), min_borrow_len=1)
    inside["calls"], refused = refused_inside(connection)
    for send in (
        lambda: connection.send(b"a"),
        lambda: connection.send_batch([b"a"] * 100),
        lambda: connection.send(bytearray(100), borrow=True, mask_in_place=True),
        lambda: connection.send_prepared(PreparedMessage(b"a")),
    ):
        refused.clear()
        for _ in range(20):  # keys are drawn some at a time
            send()
        assert refused
    inside["calls"] = bytes
    assert connection.data_to_send()


def test_calls_while_a_loan_is_given_back():
    class Buffer(bytearray):
        def __del__(self):
            self.calls()

    connection = upgraded()
    calls, refused = refused_inside(connection)
    for _ in range(3):
        buffer = Buffer(100_000)
        buffer.calls = calls
        connection.send(buffer, borrow=True)
    del buffer
    assert not refused
    connection.consume(250_000)
    assert len(refused) == 2 * 15
    connection.data_to_send()
    assert len(refused) == 3 * 15


def test_a_list_that_changes_while_it_is_sent():
    messages = []

    class Changing:
        def __iter__(self):
            messages.clear()
            yield b"one"
            messages.extend([b"x"] * 1000)
            yield b"two"

    connection = upgraded()
    connection.send_batch(Changing())
    assert connection.data_to_send() == frame(Opcode.BINARY, b"one") + frame(Opcode.BINARY, b"two")


def test_a_buffer_that_changes_while_it_is_taken():
    """Since Python 3.12 a class may show memory by code of its own, which may do anything."""
    connection = upgraded()

    class Showing:
        def __init__(self, memory):
            self.memory = memory

        def __buffer__(self, flags):
            with pytest.raises(UsageError, match="the connection is in use by another call"):
                connection.receive(b"")
            return memoryview(self.memory)

    if sys.version_info < (3, 12):
        pytest.skip("this Python asks the type alone")
    data = Showing(bytearray(text(b"a")))
    connection.receive(data)
    connection.receive_into(text(b"a"), Showing(bytearray(9)))
    connection.send(data, borrow=True)
    connection.send_batch([data, data], borrow=True)
    connection.data_to_send()


def test_objects_that_were_never_initialised():
    connection = Connection.__new__(Connection)
    for call in (
        lambda: connection.receive_into(b"", bytearray(1)),
        connection.read_buffer,
        lambda: connection.read_commit(0),
        lambda: connection.read_commit_some(0),
        lambda: connection.send(b"", borrow=True),
        lambda: connection.send_batch([]),
    ):
        with pytest.raises(UsageError, match="Connection.__init__ was not called"):
            call()
    for kind in (type(upgraded().read_buffer().obj), type(view_of_a_message().obj), type(view_of_a_buffer().obj)):
        with pytest.raises(TypeError, match="cannot create"):
            kind()


def view_of_a_message():
    [message] = upgraded(min_view_len=1).receive(text(b"a"))
    return message.data


def view_of_a_buffer():
    [message], _ = upgraded().receive_into(text(b"a"), bytearray(1))
    return message.data


def test_connections_end_in_other_threads():
    """Leases and loans may come back from any thread, in any order."""
    pool = BufferPool()
    kept = []
    for _ in range(50):
        connection = upgraded(pool=pool, min_view_len=1)
        kept += connection.receive(binary(pattern(30_000))[:20_000])
        kept += connection.receive(binary(pattern(30_000))[20_000:])
        connection.send(pool.acquire(20_000), borrow=True)
        kept.append(connection)
    random.Random(1).shuffle(kept)
    parts = [kept[start::4] for start in range(4)]
    del kept, connection
    threads = [threading.Thread(target=part.clear) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool.stats().in_use_len == 0


def test_a_failed_inflation_leaves_the_buffer():
    client, server = open_deflating()
    client.send(pattern(50_000), compress=True)
    data = bytearray(client.data_to_send())
    data[-100:] = bytes(100)
    buffer = bytearray(60_000)
    try:
        server.receive_into(data, buffer)
        server.receive_into(data, buffer)
    except Error:
        buffer.clear()
    else:
        pytest.fail("nothing was raised")

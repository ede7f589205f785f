# SPDX-License-Identifier: MIT
"""Nothing is left behind: neither on the good paths nor on those that end in an exception."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import tidewire
from tidewire import (
    BufferPool,
    Connection,
    Deflate,
    DeflateConfig,
    Error,
    Frame,
    Message,
    MessageView,
    Opcode,
    PreparedMessage,
    Role,
)
from wire import KEY, frame, open_pair, upgraded

DATA = b"data" * 100
MASKED = frame(Opcode.TEXT, DATA, KEY)
LARGE = frame(Opcode.BINARY, DATA * 100, KEY)
POOL = BufferPool()
CONFIG = DeflateConfig()


CLASSES = [BufferPool, Connection, Frame, Message, MessageView, PreparedMessage]


def resident() -> int:
    """Bytes of physical memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def raises(function, *arguments, **keywords):
    try:
        function(*arguments, **keywords)
    except (Error, TypeError, BufferError):
        return
    pytest.fail("nothing was raised")


def talk():
    client, server = open_pair(pool=POOL, subprotocols=["a"], headers=[("A", "b")])
    client.send(DATA)
    client.send("text", more=True)
    client.send_continuation("more")
    client.ping()
    for event in server.receive(client.data_to_send()):
        repr(event)
        if isinstance(event, Message):
            server.send(event)
    client.receive(bytearray(server.data_to_send()))
    server.close(1000, "bye")
    client.receive(server.data_to_send())


def compress():
    client = Connection(Role.CLIENT, host="a", deflate=CONFIG, pool=POOL)
    server = Connection(Role.SERVER, deflate=CONFIG, pool=POOL, stream=True)
    server.receive(client.data_to_send())
    client.receive(server.data_to_send())
    client.send(DATA, compress=True)
    [chunk], _ = server.receive_some(client.data_to_send(), max_events=1)
    repr(chunk), hash(chunk), chunk == chunk
    server.send(chunk, compress=False)
    client.receive(server.data_to_send())
    client.deflate, client.close_info, client.stats()


def negotiate():
    key = tidewire.generate_key()
    agreement = tidewire.check_request(tidewire.build_request(key, host="a", deflate=CONFIG), deflate=CONFIG)
    response = tidewire.build_response(agreement, headers={"a": "b"}, deflate=CONFIG)
    tidewire.check_response(response, key, deflate=CONFIG)
    upgraded(deflate=CONFIG, negotiated=agreement.deflate)
    tidewire.build_refusal(-200 - 10)
    raises(tidewire.check_request, response)
    raises(tidewire.check_request, b"", subprotocols="a")
    raises(tidewire.check_response, response, "")
    raises(tidewire.build_response, agreement._replace(accept=1))
    raises(tidewire.build_response, agreement._replace(deflate=1))
    raises(tidewire.build_response, 1)
    raises(upgraded, deflate=1)
    raises(upgraded, deflate=DeflateConfig(level=10))
    raises(upgraded, deflate=CONFIG, negotiated=1)


def wait():
    connection = upgraded(ping_interval_ns=1000)
    connection.tick(10**15)
    connection.tick(10**15 + 1000)
    repr(connection.deadline_ns)
    raises(connection.tick, 10**18)
    raises(connection.tick, "1")
    raises(connection.receive_some, b"", 0)

    broken = upgraded(Role.CLIENT, random=lambda count: b"", ping_interval_ns=1)
    broken.tick(0)
    broken.tick(1)


def fail():
    connection = upgraded()
    raises(connection.receive, MASKED + b"\xff" + MASKED)
    repr(connection.error)
    raises(connection.receive, MASKED)
    connection.data_to_send()
    raises(connection.send, "late")
    raises(Connection, Role.CLIENT)
    raises(Connection, Role.CLIENT, host="a", headers=[("a", "b"), ("c",)])
    raises(Connection, Role.CLIENT, host="a", random=lambda count: b"")
    raises(Connection.__new__(Connection).receive, b"")


class Logger:
    def isEnabledFor(self, level):
        return True

    def log(self, level, text, line):
        assert text % line


def log():
    logger = Logger()
    logger.connection = connection = upgraded(logger=logger)  # a cycle, which the garbage collector finds
    connection.ping()
    raises(connection.receive, MASKED + b"\xff" + MASKED)
    upgraded(logger=logger)
    raises(upgraded, logger=1)


def views():
    connection = upgraded()
    connection.send(DATA)
    part = connection.output()[0][1:]
    raises(connection.consume, 1)
    del part
    connection.output()
    connection.consume(3)
    connection.output()


def read():
    connection = upgraded(pool=POOL, min_view_len=1000)
    room = connection.read_buffer()
    raises(connection.read_commit, len(room) + 1)
    room = connection.read_buffer(100_000)
    room[: len(LARGE)] = LARGE
    part = room[1:]
    raises(connection.read_commit, len(LARGE))
    del part
    events, more = connection.read_commit_some(len(LARGE), max_events=1)
    while more:
        some, more = connection.read_commit_some(0)
        events += some
    fresh = upgraded(pool=POOL, min_view_len=1000)
    fresh.receive(LARGE[:10_000])
    room = fresh.read_buffer()
    room[:] = LARGE[10_000:]
    events += fresh.read_commit(len(room))
    for event in events:
        repr(event), hash(event.is_text), event.data[5:] == b"", event == event
    raises(connection.read_commit, 1)
    raises(connection.read_commit, "1")
    raises(connection.read_buffer, -1)
    raises(connection.read_commit_some, 0, 0)


def receive_into():
    connection = upgraded(pool=POOL)
    buffer = bytearray(1000)
    [message], _ = connection.receive_into(MASKED, buffer)
    message.text, message.data[1:]
    del message
    connection.receive_into(MASKED[:100], memoryview(buffer))
    raises(buffer.clear)
    raises(connection.receive, MASKED)
    raises(connection.receive_into, MASKED, bytearray(1000))
    connection.receive_into(bytearray(MASKED[100:]), buffer)
    connection.receive_into(LARGE, buffer)
    connection.receive_into(MASKED[:100], buffer)
    raises(connection.receive_eof)
    buffer.clear()
    raises(connection.receive_into, b"", b"")
    raises(connection.receive_into, buffer, buffer)
    raises(upgraded(stream=True).receive_into, b"", buffer)


def borrow():
    connection = upgraded(pool=POOL, min_borrow_len=1)
    buffer = bytearray(DATA)
    for thing in (buffer, memoryview(buffer), DATA, "text", Message(DATA), MessageView(buffer)):
        connection.send(thing, borrow=True)
    connection.send(buffer, borrow=True, more=True)
    connection.send_continuation(buffer, borrow=True)
    connection.send_batch([buffer, DATA, "text", Message(b"")], borrow=True)
    connection.output()
    connection.consume(1000)
    connection.data_to_send()
    del thing
    buffer.clear()
    raises(connection.send, DATA, borrow=True, mask_in_place=True)
    raises(connection.send, buffer, mask_in_place=True)
    raises(connection.send_batch, [buffer, Message(b"\xff", True)], borrow=True)
    raises(connection.send_batch, ["text", 1])
    raises(connection.send_batch, "text")
    client = upgraded(Role.CLIENT, pool=POOL)
    client.send(bytearray(LARGE), borrow=True, mask_in_place=True)
    client.send(client.read_buffer(), borrow=True)  # a cycle, which the garbage collector finds


def prepare():
    for prepared in (
        PreparedMessage("text"),
        PreparedMessage(LARGE, pool=POOL),
        PreparedMessage(Message(DATA, True), compress=True, pool=BufferPool()),
    ):
        plain = upgraded(pool=POOL)
        plain.send_prepared(prepared)
        compressing = upgraded(deflate=CONFIG, negotiated=Deflate())
        compressing.send_prepared(prepared)
        compressing.data_to_send()
        raises(upgraded(max_output_len=1).send_prepared, prepared)
    raises(PreparedMessage, b"\xff", True)
    raises(PreparedMessage, b"", pool=1)
    raises(plain.send_prepared, b"")


def frames():
    large = tidewire.encode_frames([Frame(1, DATA * 100, masking_key=KEY), Frame(9, b"a")])
    decoded, _ = tidewire.decode_frames(bytearray(large))
    hash(decoded[1]), repr(decoded[0]), decoded[0] == decoded[1]
    raises(tidewire.decode_frames, bytearray(large + b"\xff\xff"))
    raises(tidewire.decode_frames, large)
    raises(tidewire.encode_frames, [decoded[0], 1])
    raises(Frame, 1, "text")
    raises(Frame, 1, masking_key=b"abc")
    tidewire.masking_keys(100)
    raises(tidewire.masking_keys, -1)
    raises(tidewire.masking_keys, "1")


def kernels():
    target = bytearray(DATA)
    tidewire.mask_into(target, target, KEY)
    tidewire.mask(DATA, KEY)
    tidewire.validate_utf8(DATA)
    raises(tidewire.mask, DATA, b"")
    raises(tidewire.mask, memoryview(DATA)[::2], KEY)
    raises(tidewire.mask_into, DATA, DATA, KEY)
    raises(tidewire.mask, DATA, KEY, -1)


def pools():
    pool = BufferPool()
    buffer = pool.acquire(1000)
    view = memoryview(buffer)
    raises(buffer.release)
    del view
    pool.acquire(100).release()
    pool.acquire(777, exact=True)
    pool.stats()
    BufferPool(classes=pool.advise())
    pool.trim(1000)
    raises(pool.acquire, "1")
    raises(pool.trim, -1)
    for wrong in ([2, 1], [(1,)], ["1"], 1, []):
        raises(BufferPool, classes=wrong)


WORKS = [
    *(talk, compress, negotiate, wait, fail, log, views, read, receive_into, borrow, prepare, frames, kernels, pools),
]


@pytest.mark.parametrize("work", WORKS)
def test_memory_stays_as_it_is(work):
    """A single object of 64 bytes that is lost in each round would show as 1.3 MB."""
    for _ in range(2_000):  # caches fill, allocators settle
        work()
    gc.collect()
    blocks, before = sys.getallocatedblocks(), resident()
    for _ in range(20_000):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 1_000
    assert resident() - before < 1_000_000


@pytest.mark.parametrize("work", WORKS)
def test_references_are_given_back(work):
    """Objects that live for ever hide a lost or a stolen reference from the count of blocks."""
    shared = [None, True, False, (), b"", "", DATA, LARGE, KEY, POOL, *CLASSES, *Opcode, *Role]
    for _ in range(2_000):  # free lists settle
        work()
    gc.collect()
    counts = [sys.getrefcount(thing) for thing in shared]
    for _ in range(1_000):
        work()
    gc.collect()
    for thing, count in zip(shared, counts, strict=True):
        assert abs(sys.getrefcount(thing) - count) < 100, thing

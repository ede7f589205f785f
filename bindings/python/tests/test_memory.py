# SPDX-License-Identifier: MIT
"""Nothing is left behind: neither on the good paths nor on those that end in an exception."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import tidewire
from tidewire import BufferPool, Connection, DeflateConfig, Error, Frame, Message, Opcode, Role
from wire import KEY, frame, open_pair, upgraded

DATA = b"data" * 100
MASKED = frame(Opcode.TEXT, DATA, KEY)
POOL = BufferPool()
CONFIG = DeflateConfig()


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


def views():
    connection = upgraded()
    connection.send(DATA)
    part = connection.output()[0][1:]
    raises(connection.consume, 1)
    del part
    connection.output()
    connection.consume(3)
    connection.output()


def frames():
    large = tidewire.encode_frames([Frame(1, DATA * 100, masking_key=KEY), Frame(9, b"a")])
    decoded, _ = tidewire.decode_frames(bytearray(large))
    hash(decoded[1]), repr(decoded[0]), decoded[0] == decoded[1]
    raises(tidewire.decode_frames, bytearray(large + b"\xff\xff"))
    raises(tidewire.decode_frames, large)
    raises(tidewire.encode_frames, [decoded[0], 1])
    raises(Frame, 1, "text")
    raises(Frame, 1, masking_key=b"abc")


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
    pool.stats()
    raises(pool.acquire, "1")


WORKS = [talk, compress, negotiate, wait, fail, views, frames, kernels, pools]


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
    shared = [None, True, False, (), b"", "", DATA, KEY, POOL, Message, Frame, Connection, *Opcode, *Role]
    for _ in range(2_000):  # free lists settle
        work()
    gc.collect()
    counts = [sys.getrefcount(thing) for thing in shared]
    for _ in range(1_000):
        work()
    gc.collect()
    for thing, count in zip(shared, counts, strict=True):
        assert abs(sys.getrefcount(thing) - count) < 100, thing

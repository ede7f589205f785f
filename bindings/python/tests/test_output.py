# SPDX-License-Identifier: MIT
"""data_to_send, output and consume: everything at once, or in pieces of any length."""

from __future__ import annotations

import gc
import socket
import weakref

import pytest
from tidewire import BufferPool, Opcode, Role, UsageError, Want
from wire import frame, pattern, upgraded


def queue(connection, count=3):
    """Queues messages and returns the bytes that they become."""
    expected = b""
    for i in range(count):
        payload = pattern(i * 997 % 5_000)
        connection.send(payload)
        expected += frame(Opcode.BINARY, payload)
    return expected


def joined(views):
    return b"".join(views)


def test_all_output_at_once():
    connection = upgraded()
    assert connection.data_to_send() == b""
    expected = queue(connection, 300)
    assert connection.wants == Want.READ | Want.WRITE
    assert connection.data_to_send() == expected
    assert connection.wants == Want.READ
    assert connection.data_to_send() == b""


def test_a_slow_reader_is_a_reason_to_pause():
    connection = upgraded(output_high_len=1000, output_low_len=500)
    connection.send(bytes(996))
    assert connection.wants == Want.READ | Want.WRITE | Want.PAUSE
    connection.consume(499)
    assert Want.PAUSE in connection.wants
    connection.consume(1)
    assert connection.wants == Want.READ | Want.WRITE
    connection.send(bytes(496))
    assert Want.PAUSE in connection.wants
    connection.data_to_send()
    assert connection.wants == Want.READ


def test_the_pause_ends_with_a_quarter_by_default():
    connection = upgraded(output_high_len=1000)
    connection.send(bytes(996))
    connection.consume(749)
    assert Want.PAUSE in connection.wants
    connection.consume(1)
    assert Want.PAUSE not in connection.wants


def test_large_messages_take_many_views():
    connection = upgraded(max_output_len=1 << 30)
    expected = b""
    for _ in range(200):
        connection.send(pattern(100_000))
        expected += frame(Opcode.BINARY, pattern(100_000))
    assert len(connection.output()) > 64  # more than are asked for at first
    assert joined(connection.output()) == expected
    assert connection.data_to_send() == expected


def test_output_shows_and_consume_takes():
    connection = upgraded()
    expected = queue(connection)
    assert joined(connection.output()) == expected
    assert joined(connection.output()) == expected
    connection.consume(len(expected))
    assert connection.output() == []


@pytest.mark.parametrize("step", [1, 2, 3, 125, 4096])
def test_output_may_be_consumed_in_any_steps(step):
    connection = upgraded(pool=BufferPool())
    expected = queue(connection)
    written = b""
    while views := connection.output():
        part = joined(views)[:step]
        written += part
        connection.consume(len(part))
    assert written == expected


def test_messages_may_be_queued_between_partial_writes():
    connection = upgraded()
    expected = queue(connection)
    connection.consume(100)
    expected += queue(connection)
    assert joined(connection.output()) == expected[100:]


def test_views_are_read_only_and_end_with_the_next_call():
    connection = upgraded()
    for end in (connection.data_to_send, lambda: connection.consume(1), connection.output):
        queue(connection)
        [view, *_] = connection.output()
        assert view.readonly
        end()
        with pytest.raises(ValueError, match="released memoryview"):
            bytes(view)


def test_views_stay_while_messages_are_queued():
    connection = upgraded()
    expected = queue(connection)
    views = connection.output()
    queue(connection, 100)
    connection.receive(b"")
    assert joined(views) == expected


def test_a_slice_in_use_keeps_the_output():
    connection = upgraded()
    expected = queue(connection)
    part = connection.output()[0][1:2]
    for take in (connection.data_to_send, lambda: connection.consume(1)):
        with pytest.raises(BufferError, match="a view of the queued output is still in use"):
            take()
    assert joined(connection.output()) == expected
    assert part == expected[1:2]
    del part
    assert connection.data_to_send() == expected


def test_the_returned_list_is_the_callers():
    connection = upgraded()
    queue(connection)
    views = connection.output()
    kept = views.pop()
    views.clear()
    connection.data_to_send()
    with pytest.raises(ValueError, match="released memoryview"):
        bytes(kept)


def test_views_keep_the_connection():
    connection = upgraded()
    expected = queue(connection)
    views = connection.output()
    del connection
    gc.collect()
    assert joined(views) == expected


def test_forgotten_views_are_collected_with_the_connection():
    class Tracked:
        pass

    class Source:
        """Part of the same cycle: the connection holds it, it holds what is tracked."""

        def __init__(self):
            self.tracked = Tracked()

        def __call__(self, count):
            return bytes(count)

    source = Source()
    gone = weakref.ref(source.tracked)
    connection = upgraded(Role.CLIENT, random=source)
    source.connection = connection
    connection.send(b"queued")
    connection.output()
    del connection, source
    gc.collect()
    assert gone() is None


def test_consuming_more_than_there_is_is_refused():
    connection = upgraded()
    expected = queue(connection)
    with pytest.raises(UsageError) as raised:
        connection.consume(len(expected) + 1)
    assert raised.value.name == "TW_ERR_ARGUMENT"
    assert connection.data_to_send() == expected
    connection.consume(0)
    with pytest.raises(UsageError, match="len must be between 0"):
        connection.consume(-1)
    with pytest.raises(TypeError, match="len must be an int, not str"):
        connection.consume("1")


def test_views_go_into_one_system_call():
    connection = upgraded()
    expected = queue(connection, 20)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        received = b""
        while views := connection.output():
            connection.consume(ours.sendmsg(views[:1000]))
            received += theirs.recv(1 << 16)
        assert received == expected

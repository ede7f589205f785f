# SPDX-License-Identifier: MIT
"""Sending without copies and many at once: borrow, mask_in_place and send_batch."""

from __future__ import annotations

import array
import gc
import mmap
import random
import sys
import weakref

import pytest
from tidewire import (
    BufferPool,
    Chunk,
    Deflate,
    DeflateConfig,
    LimitError,
    Message,
    MessageView,
    Opcode,
    Role,
    UsageError,
)
from wire import KEY, LENGTHS, counting_random, frame, masked, pattern, readable_buffers, text, upgraded

LARGE = pattern(100_000)


def is_locked(buffer: bytearray) -> bool:
    try:
        buffer.append(0)
    except BufferError:
        return True
    buffer.pop()
    return False


class TestBorrow:
    @pytest.mark.parametrize("length", LENGTHS)
    @pytest.mark.parametrize("role", Role)
    def test_sends_what_a_copy_would(self, role, length):
        plain, borrowing = (upgraded(role, random=counting_random(), min_borrow_len=1) for _ in range(2))
        for buffer in readable_buffers(pattern(length)):
            plain.send(buffer)
            borrowing.send(buffer, borrow=True)
            assert borrowing.data_to_send() == plain.data_to_send()

    def test_does_not_copy(self):
        connection = upgraded()
        held = connection.stats().held_len
        data = bytes(1_000_000)
        connection.send(data, borrow=True)
        assert connection.stats().held_len < held + 10_000
        assert len(connection.output()) == 2

    def test_copies_what_is_short(self):
        connection = upgraded(min_borrow_len=1000)
        for data, copied in ((bytearray(999), True), (bytearray(1000), False)):
            connection.send(data, borrow=True)
            data[0] = 1
            assert (connection.data_to_send()[-len(data)] == 0) is copied

    def test_holds_the_buffer_until_its_last_byte_is_consumed(self):
        connection = upgraded()
        first, second = bytearray(LARGE), bytearray(LARGE)
        connection.send("before")
        connection.send(first, borrow=True)
        connection.send(second, borrow=True)
        connection.send("after")
        length = len(frame(Opcode.TEXT, b"before") + frame(Opcode.BINARY, LARGE))
        connection.consume(length - 1)
        assert is_locked(first)
        connection.consume(1)
        assert not is_locked(first)
        assert is_locked(second)
        assert connection.data_to_send() == frame(Opcode.BINARY, LARGE) + frame(Opcode.TEXT, b"after")
        assert not is_locked(second)

    def test_holds_objects_of_every_kind(self):
        for make in (
            lambda: bytes(LARGE),
            lambda: "a" * 100_000,
            lambda: "ü" * 50_000,
            lambda: memoryview(bytearray(LARGE)),
            lambda: array.array("B", LARGE),
            lambda: Message(bytes(bytearray(LARGE))),
            lambda: Message(b"text" * 25_000, is_text=True),
            lambda: MessageView(bytearray(LARGE)),
            lambda: Chunk(bytes(bytearray(LARGE)), Opcode.BINARY, True),
        ):
            copying, borrowing = upgraded(), upgraded()
            copying.send(make())
            borrowing.send(make(), borrow=True)
            gc.collect()
            [bytes(bytearray(100_000)) for _ in range(10)]  # would take the place of what was freed
            assert borrowing.data_to_send() == copying.data_to_send()

    def test_gives_every_object_back(self):
        data = bytes(bytearray(LARGE))
        string = "a" * 100_000
        counts = sys.getrefcount(data), sys.getrefcount(string)
        connection = upgraded()
        connection.send(data, borrow=True)
        connection.send(string, borrow=True)
        connection.send_batch([data, string, data], borrow=True)
        assert sys.getrefcount(data) == counts[0] + 3
        connection.data_to_send()
        assert (sys.getrefcount(data), sys.getrefcount(string)) == counts
        connection.send(data, borrow=True)
        del connection
        assert sys.getrefcount(data) == counts[0]

    def test_a_map_stays_open(self):
        mapped = mmap.mmap(-1, 100_000)
        connection = upgraded()
        connection.send(mapped, borrow=True)
        with pytest.raises(BufferError):
            mapped.close()
        connection.data_to_send()
        mapped.close()

    def test_a_pools_buffer_stays_lent(self):
        pool = BufferPool()
        buffer = pool.acquire(50_000)
        connection = upgraded()
        connection.send(buffer, borrow=True)
        with pytest.raises(BufferError):
            buffer.release()
        del buffer
        assert pool.stats().in_use_len >= 50_000
        connection.data_to_send()
        assert pool.stats().in_use_len == 0

    def test_what_is_refused_is_not_held(self):
        connection = upgraded(max_output_len=1000)
        buffer = bytearray(LARGE)
        with pytest.raises(LimitError):
            connection.send(buffer, borrow=True)
        assert not is_locked(buffer)
        with pytest.raises(UsageError):
            connection.send_text(bytearray(b"\xff"), borrow=True)
        with pytest.raises(TypeError, match="data must be bytes-like"):
            connection.send(1, borrow=True)

    def test_fragments(self):
        connection = upgraded()
        one, two = bytearray(LARGE), bytearray(LARGE)
        connection.send(one, more=True, borrow=True)
        connection.ping()
        connection.send_continuation(two, borrow=True)
        assert is_locked(one) and is_locked(two)
        assert connection.data_to_send() == (
            frame(Opcode.BINARY, LARGE, fin=False) + frame(Opcode.PING) + frame(Opcode.CONTINUATION, LARGE)
        )
        assert not is_locked(one) and not is_locked(two)

    @pytest.mark.parametrize("step", [1, 4096, 99_999, 150_000])
    def test_partial_writes(self, step):
        connection = upgraded()
        buffers = [bytearray(pattern(length)) for length in (20_000, 9_000, 30_000)]
        expected = b""
        for buffer in buffers:
            connection.send(buffer, borrow=True)
            connection.send("between")
            expected += frame(Opcode.BINARY, buffer) + frame(Opcode.TEXT, b"between")
        written = b""
        while views := connection.output():
            part = b"".join(views)[:step]
            written += part
            connection.consume(len(part))
        assert written == expected
        assert not any(map(is_locked, buffers))

    def test_the_buffer_of_a_connection_that_reads_on(self):
        """What read_buffer returned is sent from where it lies: it stays until it is consumed."""
        connection = upgraded(read_len=65536, max_read_len=65536)
        room = connection.read_buffer()
        room[:] = bytes(len(room))
        length = len(room)
        connection.send(room, borrow=True)
        del room
        with pytest.raises(BufferError, match="a view of the read buffer is still in use"):
            connection.receive(b"")
        assert connection.data_to_send() == frame(Opcode.BINARY, bytes(length))
        assert connection.receive(text(b"a")) == [Message(b"a", True)]

    def test_cycles_are_collected(self):
        class Buffer(bytearray):
            pass

        class Tracked:
            pass

        buffer = Buffer(LARGE)
        buffer.connection = upgraded()
        buffer.tracked = Tracked()
        gone = weakref.ref(buffer.tracked)
        buffer.connection.send(buffer, borrow=True)
        views = buffer.connection.output()
        target = Buffer(100)
        target.connection = buffer.connection
        buffer.connection.receive_into(text(bytes(50))[:20], target)
        del buffer, target
        gc.collect()
        assert gone() is not None
        del views
        gc.collect()
        assert gone() is None

    def test_a_cycle_through_the_read_buffer_is_collected(self):
        connection = upgraded(read_len=65536)
        gone = weakref.ref(connection)
        connection.send(connection.read_buffer(), borrow=True)
        del connection
        gc.collect()
        assert gone() is None


class TestMaskInPlace:
    def test_masks_where_the_data_lies(self):
        connection = upgraded(Role.CLIENT, random=lambda count: KEY * (count // 4))
        data = bytearray(LARGE)
        connection.send(data, borrow=True, mask_in_place=True)
        assert is_locked(data)
        assert connection.data_to_send() == frame(Opcode.BINARY, LARGE, KEY)
        assert data == masked(LARGE, KEY)

    def test_is_nothing_to_a_server(self):
        connection = upgraded()
        data = bytearray(LARGE)
        connection.send(data, borrow=True, mask_in_place=True)
        assert connection.data_to_send() == frame(Opcode.BINARY, LARGE)
        assert data == LARGE

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("wrong", [LARGE, "text", memoryview(LARGE), Message(LARGE), Message(b"", True)])
    def test_never_writes_to_what_is_read_only(self, role, wrong):
        connection = upgraded(role)
        for send in (connection.send, lambda data, **options: connection.send_batch([data], **options)):
            with pytest.raises(TypeError, match="data must be bytes-like, not str|data is written to and must be writ"):
                send(wrong, borrow=True, mask_in_place=True)
        assert connection.data_to_send() == b""

    def test_needs_borrow(self):
        for send in (upgraded().send, upgraded().send_batch):
            with pytest.raises(UsageError, match="mask_in_place needs borrow"):
                send([bytearray()], mask_in_place=True)

    def test_what_is_refused_is_not_masked(self):
        connection = upgraded(Role.CLIENT, max_output_len=1000)
        data = bytearray(LARGE)
        with pytest.raises(LimitError):
            connection.send(data, borrow=True, mask_in_place=True)
        assert data == LARGE


class TestBatch:
    def test_sends_as_single_calls_would(self):
        chance = random.Random(1)
        for _ in range(100):
            messages = [
                chance.choice(
                    [
                        "text",
                        "grün",
                        b"",
                        bytearray(pattern(chance.randrange(300))),
                        pattern(chance.randrange(20_000)),
                        Message(b"text", True),
                        Message(b"\xff"),
                        MessageView(b"view"),
                        array.array("I", [1, 2, 3]),
                    ]
                )
                for _ in range(chance.randrange(40))
            ]
            options = {"borrow": chance.random() < 0.5}
            role = chance.choice(list(Role))
            one, many = (upgraded(role, random=counting_random()) for _ in range(2))
            for message in messages:
                one.send(message, **options)
            assert many.send_batch(messages, **options) is None
            assert many.stats().messages_sent == len(messages)
            assert many.data_to_send() == one.data_to_send()

    def test_takes_any_iterable(self):
        connection = upgraded()
        for messages in (["a", "b"], ("a", "b"), iter(["a", "b"]), {"a": 1, "b": 2}):
            connection.send_batch(messages)
            assert connection.data_to_send() == frame(Opcode.TEXT, b"a") + frame(Opcode.TEXT, b"b")
        connection.send_batch([])
        assert connection.data_to_send() == b""

    def test_sends_fragments(self):
        connection = upgraded()
        connection.send_batch([Chunk(b"a", Opcode.TEXT), Chunk(b"b", Opcode.CONTINUATION, True)])
        assert connection.data_to_send() == frame(Opcode.TEXT, b"a", fin=False) + frame(0, b"b")

    def test_is_one_flush(self):
        connection = upgraded()
        connection.send_batch([b"x" * 20] * 100)
        assert len(connection.output()) <= 2

    def test_says_which_message_was_refused(self):
        connection = upgraded()
        with pytest.raises(UsageError) as raised:
            connection.send_batch(["a", b"b", Message(b"\xff", True), "d"])
        assert (raised.value.name, raised.value.offset) == ("TW_ERR_TEXT", 2)
        assert connection.data_to_send() == frame(Opcode.TEXT, b"a") + frame(Opcode.BINARY, b"b")

    def test_holds_what_was_queued_and_no_more(self):
        connection = upgraded(max_output_len=150_000)
        buffers = [bytearray(LARGE) for _ in range(3)]
        with pytest.raises(LimitError) as raised:
            connection.send_batch(buffers, borrow=True)
        assert raised.value.offset == 1
        assert [is_locked(buffer) for buffer in buffers] == [True, False, False]
        connection.data_to_send()
        assert not is_locked(buffers[0])

    def test_queues_nothing_where_one_is_no_message(self):
        connection = upgraded()
        for wrong in (["a", 1], ["a", None], ["a", memoryview(b"abcd")[::2]]):
            with pytest.raises(TypeError, match="data must be"):
                connection.send_batch(wrong)
        for wrong in ("text", b"bytes", bytearray(3)):
            with pytest.raises(TypeError, match="messages must be an iterable of messages, not"):
                connection.send_batch(wrong)
        with pytest.raises(TypeError, match="not iterable"):
            connection.send_batch(1)
        assert connection.data_to_send() == b""

    def test_compression_is_chosen_for_all(self):
        for compress, short in ((True, True), (False, False), (None, False)):
            connection = upgraded(deflate=DeflateConfig(), negotiated=Deflate())
            connection.send_batch([bytes(100), bytes(100)], compress=compress)
            assert (len(connection.data_to_send()) < 200) is short

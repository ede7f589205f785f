# SPDX-License-Identifier: MIT
"""Connection.receive_into: messages are put together in the caller's memory."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap

import pytest
from tidewire import Error, Message, MessageView, Opcode, Ping, UsageError
from wire import KEY, LENGTHS, binary, frame, open_deflating, pattern, text, upgraded, writable_buffers


def receive_into(connection, data, buffer, **arguments):
    """The events of each call until all is taken."""
    rest = memoryview(data)
    turns = []
    while rest:
        events, taken = connection.receive_into(rest, buffer, **arguments)
        assert events or taken
        # A message in the buffer is gone with the next one.
        turns.append([Message(bytes(e.data), e.is_text) if isinstance(e, MessageView) else e for e in events])
        rest = rest[taken:]
    return turns


def receive_rest(connection, data, buffer):
    return sum(receive_into(connection, data, buffer), [])


class TestReceiveInto:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_a_message_in_buffers_of_every_kind(self, length):
        for buffer in writable_buffers(bytes(length + 4)):
            [message], taken = upgraded().receive_into(bytearray(binary(pattern(length))), buffer)
            assert taken == len(binary(pattern(length)))
            assert type(message) is MessageView
            assert message.data == pattern(length)
            assert bytes(memoryview(buffer))[:length] == pattern(length)
            assert not message.data.readonly and message.data.format == "B"

    def test_in_memory_of_other_shapes(self):
        data = text(b"abcdefgh")
        for buffer in ((ctypes.c_int16 * 4)(), memoryview(bytearray(8)).cast("B", (2, 4)), array.array("d", [0])):
            [message], _ = upgraded().receive_into(data, buffer)
            assert message.data == b"abcdefgh"
            assert message.text == "abcdefgh"

    def test_in_numpy_arrays(self):
        numpy = pytest.importorskip("numpy", reason="not everybody has NumPy")
        for items in (numpy.zeros(8, "u1"), numpy.zeros((2, 2), "i2"), numpy.zeros(1, [("a", "i4"), ("b", "f4")])):
            [message], _ = upgraded().receive_into(text(b"abcdefgh"), items)
            assert message.data == items.tobytes() == b"abcdefgh"
        with pytest.raises(TypeError, match="buffer must be one contiguous piece"):
            upgraded().receive_into(b"", numpy.zeros(8, "u1")[::2])

    def test_stops_after_each_message(self):
        data = text(b"one") + frame(Opcode.PING, b"", KEY) + text(b"two") + text(b"three")
        turns = receive_into(upgraded(), data, bytearray(10))
        assert turns == [[Message(b"one", True)], [Ping(), Message(b"two", True)], [Message(b"three", True)]]

    @pytest.mark.parametrize("step", [1, 3, 1000])
    def test_a_message_that_is_cut(self, step):
        connection = upgraded()
        data = binary(pattern(5000), fin=False) + frame(0, pattern(3000), KEY)
        buffer = bytearray(8000)
        events = []
        for at in range(0, len(data), step):
            events += connection.receive_into(data[at : at + step], buffer)[0]
        assert [bytes(event.data) for event in events] == [pattern(5000) + pattern(3000)]
        assert buffer == pattern(5000) + pattern(3000)

    def test_a_message_that_is_too_long_comes_as_ever(self):
        data = binary(pattern(50), fin=False) + frame(0, pattern(51), KEY)
        for cut in (1, 30, 70, len(data)):
            connection = upgraded()
            buffer = bytearray(100)
            events = connection.receive_into(data[:cut], buffer)[0] + receive_rest(connection, data[cut:], buffer)
            assert events == [Message(pattern(50) + pattern(51))]
            connection.receive_into(b"", buffer)

    def test_compressed_messages(self):
        client, server = open_deflating()
        client.send(pattern(10_000), compress=True)
        data = client.data_to_send()
        buffer = bytearray(10_000)
        events = []
        for byte in data:
            events += server.receive_into(bytes([byte]), buffer)[0]
        assert [event.data for event in events] == [pattern(10_000)]
        assert buffer == pattern(10_000)

    def test_an_empty_message(self):
        [message], _ = upgraded().receive_into(text(b""), bytearray(8))
        assert message == MessageView(b"", True)
        [message], _ = upgraded().receive_into(text(b""), bytearray())
        assert message == MessageView(b"", True)

    def test_the_buffer_is_held_while_a_message_is_cut(self):
        connection = upgraded()
        buffer = bytearray(100)
        connection.receive_into(binary(pattern(50))[:20], buffer)
        with pytest.raises(BufferError):
            buffer.clear()
        for take in (
            lambda: connection.receive_into(b"1", bytearray(100)),
            lambda: connection.receive_into(b"1", memoryview(buffer)[:99]),
            lambda: connection.receive(b"1"),
            lambda: connection.receive_some(b"1"),
            lambda: connection.receive(b""),
            connection.read_buffer,
        ):
            with pytest.raises(UsageError) as raised:
                take()
            assert raised.value.name == "TW_ERR_STATE"
            with pytest.raises(BufferError):
                buffer.clear()
        [message], _ = connection.receive_into(binary(pattern(50))[20:], memoryview(buffer))
        assert message.data == pattern(50)
        del message
        buffer.clear()

    def test_the_buffer_is_held_by_the_message(self):
        buffer = bytearray(100)
        [message], _ = upgraded().receive_into(text(b"abc"), buffer)
        view = message.data
        del message
        with pytest.raises(BufferError):
            buffer.clear()
        view.release()
        buffer.clear()

    def test_a_closed_map_is_no_danger(self):
        connection = upgraded()
        mapped = mmap.mmap(-1, 4096)
        connection.receive_into(binary(pattern(50))[:20], mapped)
        with pytest.raises(BufferError):
            mapped.close()
        del connection
        gc.collect()
        mapped.close()

    def test_the_buffer_goes_back_when_the_connection_ends(self):
        def end_by_input(connection, buffer):
            connection.receive_into(b"\xff" * 60, buffer)

        def end_by_time(connection, buffer):
            connection.tick(100)

        def end_by_peer(connection, buffer):
            connection.receive_eof()

        for end in (end_by_input, end_by_time, end_by_peer):
            connection = upgraded(message_timeout_ns=10)
            buffer = bytearray(100)
            connection.tick(0)
            connection.receive_into(text(bytes(50), fin=False), buffer)
            connection.tick(1)
            with pytest.raises(BufferError):
                buffer.clear()
            with pytest.raises(Error, match="TW_ERR"):
                end(connection, buffer)
            buffer.clear()

    def test_the_buffer_goes_back_when_no_message_is_under_way(self):
        connection = upgraded()
        buffer = bytearray(100)
        connection.receive_into(frame(Opcode.PING, b"", KEY), buffer)
        assert connection.receive(text(b"a")) == [Message(b"a", True)]
        buffer.clear()
        other = bytearray(100)
        connection.receive_into(frame(Opcode.PING, b"", KEY), other)
        connection.receive_into(text(b"abc"), bytearray(50))
        other.clear()

    def test_the_buffer_may_differ_between_messages(self):
        connection = upgraded()
        for length in (1, 10, 100):
            [message], _ = connection.receive_into(binary(pattern(length)), bytearray(length))
            assert message.data == pattern(length)

    @pytest.mark.parametrize(
        ("data", "buffer", "error", "message"),
        [
            (b"", b"read-only", TypeError, "buffer is written to and must be writable, not read-only bytes"),
            (b"", memoryview(bytearray(9))[::2], TypeError, "buffer must be one contiguous piece of memory"),
            (b"", 5, TypeError, "buffer must be bytes-like, not int"),
            ("", bytearray(), TypeError, "data must be bytes-like, not str"),
        ],
    )
    def test_wrong_arguments_are_refused(self, data, buffer, error, message):
        with pytest.raises(error, match=message):
            upgraded().receive_into(data, buffer)

    def test_data_and_buffer_may_not_overlap(self):
        memory = memoryview(bytearray(100))
        for data, buffer in ((memory, memory), (memory[:51], memory[50:]), (memory[10:20], memory)):
            with pytest.raises(UsageError, match="data and buffer must not overlap"):
                upgraded().receive_into(data, buffer)
        memory[:7] = text(b"a")
        assert upgraded().receive_into(memory[:7], memory[7:])[1] == 7

    def test_chunks_are_not_put_together(self):
        with pytest.raises(UsageError) as raised:
            upgraded(stream=True).receive_into(b"", bytearray(1))
        assert raised.value.name == "TW_ERR_STATE"

    def test_max_events(self):
        data = frame(Opcode.PING, b"", KEY) * 5 + text(b"a")
        turns = receive_into(upgraded(), data, bytearray(10), max_events=2)
        assert [len(events) for events in turns] == [2, 2, 2]

# SPDX-License-Identifier: MIT
"""Connection.receive: buffers, events and what comes before a failure. The rules are tested by the vectors."""

from __future__ import annotations

import gc

import pytest
from tidewire import (
    Close,
    Message,
    Opcode,
    Ping,
    Pong,
    ProtocolError,
    Role,
    State,
)
from wire import KEY, binary, frame, pattern, readable_buffers, text, upgraded, writable_buffers

# Around the header's forms, and around the piece in which read-only input is copied.
LENGTHS = [0, 1, 125, 126, 16 * 1024 - 14, 16 * 1024, 65535, 65536, 200_000]


class TestReceive:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_a_message_in_buffers_of_every_kind(self, length):
        data = binary(pattern(length))
        for buffer in readable_buffers(data):
            assert upgraded().receive(buffer) == [Message(pattern(length))]

    def test_writable_input_is_unmasked_in_place_and_read_only_input_is_not(self):
        data = binary(b"payload")
        for buffer in writable_buffers(data):
            upgraded().receive(buffer)
            assert bytes(memoryview(buffer)) == data[:6] + b"payload"
        upgraded().receive(data)
        upgraded().receive(memoryview(data))
        assert data == binary(b"payload")

    def test_events_own_their_data(self):
        buffer = bytearray(binary(b"small") + binary(pattern(100_000)))
        events = upgraded().receive(buffer)
        buffer[:] = bytes(len(buffer))
        gc.collect()
        assert events == [Message(b"small"), Message(pattern(100_000))]

    def test_all_events_of_a_read_in_order(self):
        expected = []
        data = b""
        for i in range(300):
            payload = str(i).encode()
            data += (
                text(payload) + binary(payload) + frame(Opcode.PING, payload, KEY) + frame(Opcode.PONG, payload, KEY)
            )
            expected += [Message(payload, True), Message(payload), Ping(payload), Pong(payload)]
        assert upgraded().receive(data) == expected
        assert upgraded().receive(bytearray(data)) == expected

    def test_a_message_in_fragments(self):
        connection = upgraded()
        data = text(b"gr\xc3", fin=False) + frame(0, b"\xbc", KEY, fin=False) + frame(0, b"n", KEY)
        [message] = connection.receive(data)
        assert message == Message("grün".encode(), is_text=True)
        assert message.text == "grün"
        assert message.offset == len(data) - 7

    def test_byte_by_byte(self):
        connection = upgraded()
        events = []
        for byte in text(b"one") + frame(Opcode.PING, b"two", KEY) + frame(Opcode.CLOSE, b"\x03\xe8bye", KEY):
            events += connection.receive(bytes([byte]))
        assert events == [Message(b"one", True), Ping(b"two"), Close(1000, "bye")]

    def test_nothing(self):
        for empty in (b"", bytearray(), memoryview(b"")):
            assert upgraded().receive(empty) == []

    def test_as_a_client(self):
        assert upgraded(Role.CLIENT).receive(frame(Opcode.TEXT, b"hi")) == [Message(b"hi", True)]

    def test_events_before_a_failure_are_not_lost(self):
        connection = upgraded()
        good = text(b"good") * 100
        with pytest.raises(ProtocolError) as raised:
            connection.receive(good + b"\x83\x80" + KEY)
        assert raised.value.events == [Message(b"good", True)] * 100
        assert raised.value.offset == len(good)
        with pytest.raises(ProtocolError) as again:
            connection.receive(text(b"more"))
        assert again.value.name == raised.value.name
        assert again.value.events == []

    def test_failure_between_two_pieces_of_read_only_input(self):
        good = binary(pattern(5_000)) * 20
        with pytest.raises(ProtocolError) as raised:
            upgraded().receive(good + b"\x83\x80" + KEY + text(b"not seen"))
        assert raised.value.events == [Message(pattern(5_000))] * 20
        assert raised.value.offset == len(good)

    def test_after_the_close_frame_nothing_counts(self):
        connection = upgraded()
        assert connection.receive(frame(Opcode.CLOSE, b"", KEY) + b"\xff" * 100_000) == [Close(1005)]
        assert connection.receive(b"\xff") == []

    @pytest.mark.parametrize("wrong", ["text", 1, None, [1]])
    def test_what_is_no_buffer_is_refused(self, wrong):
        with pytest.raises(TypeError, match="data must be bytes-like"):
            upgraded().receive(wrong)

    def test_views_with_gaps_are_refused(self):
        with pytest.raises(TypeError, match="data must be one contiguous piece of memory"):
            upgraded().receive(memoryview(bytearray(16))[::2])

    def test_end_of_stream(self):
        connection = upgraded()
        with pytest.raises(ProtocolError) as raised:
            connection.receive_eof()
        assert raised.value.name == "TW_ERR_EOF"
        assert connection.state is State.CLOSED
        closed = upgraded()
        closed.receive(frame(Opcode.CLOSE, b"", KEY))
        assert closed.receive_eof() is None

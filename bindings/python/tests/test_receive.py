# SPDX-License-Identifier: MIT
"""Connection.receive: buffers, events and what comes before a failure. The rules are tested by the vectors."""

from __future__ import annotations

import gc

import pytest
from tidewire import (
    Close,
    LimitError,
    Message,
    Opcode,
    Ping,
    Pong,
    ProtocolError,
    Role,
    State,
    UsageError,
)
from wire import KEY, LENGTHS, binary, frame, pattern, readable_buffers, text, upgraded, writable_buffers


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

    def test_another_limit_holds_from_then_on(self):
        connection = upgraded()
        connection.set_max_message_len(3)
        assert [event.data for event in connection.receive(frame(Opcode.BINARY, b"abc", KEY))] == [b"abc"]
        connection.set_max_message_len(4)
        assert [event.data for event in connection.receive(frame(Opcode.BINARY, b"abcd", KEY))] == [b"abcd"]
        with pytest.raises(UsageError, match="max_message_len must be between 1 and"):
            connection.set_max_message_len(0)
        with pytest.raises(LimitError) as raised:
            connection.receive(frame(Opcode.BINARY, b"abcde", KEY))
        assert raised.value.limit == "max_message_len"


class TestReceiveSome:
    """Its other use, compressed input, is tested with compression."""

    @staticmethod
    def in_turns(connection, data, **arguments):
        """The events of each call until all is taken."""
        rest = memoryview(data)
        turns = []
        while rest:
            events, taken = connection.receive_some(rest, **arguments)
            assert events or taken
            turns.append(events)
            rest = rest[taken:]
        return turns

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    @pytest.mark.parametrize("max_events", [1, 2, 63])
    def test_gives_so_many_events_at_a_time(self, kind, max_events):
        data = b"".join(text(str(i).encode()) for i in range(200))
        turns = self.in_turns(upgraded(), kind(data), max_events=max_events)
        assert all(len(events) <= max_events for events in turns)
        assert sum(turns, []) == [Message(str(i).encode(), True) for i in range(200)]

    def test_gives_64_at_most(self):
        data = text(b"") * 100
        for arguments in ({}, {"max_events": 64}, {"max_events": 2**64 - 1}):
            assert [len(events) for events in self.in_turns(upgraded(), data, **arguments)] == [64, 36]

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    def test_takes_large_messages_in_pieces_or_at_once(self, kind):
        data = binary(pattern(200_000)) * 2
        turns = self.in_turns(upgraded(), kind(data))
        assert sum(turns, []) == [Message(pattern(200_000))] * 2

    def test_takes_all_where_no_more_is_to_come(self):
        assert upgraded().receive_some(text(b"a")) == ([Message(b"a", True)], 7)
        assert upgraded().receive_some(text(b"a")[:-1]) == ([], 6)
        assert upgraded().receive_some(b"") == ([], 0)

    def test_events_before_a_failure_are_not_lost(self):
        connection = upgraded()
        with pytest.raises(ProtocolError) as raised:
            connection.receive_some(text(b"good") + b"\x83\x80" + KEY)
        assert raised.value.events == [Message(b"good", True)]
        assert raised.value.offset == 10

    def test_wrong_arguments_are_refused(self):
        with pytest.raises(UsageError, match="max_events must be between 1 and"):
            upgraded().receive_some(b"", 0)
        with pytest.raises(TypeError, match="max_events must be an int, not str"):
            upgraded().receive_some(b"", max_events="1")
        with pytest.raises(TypeError, match="data must be bytes-like, not str"):
            upgraded().receive_some("text")
        with pytest.raises(TypeError, match=r"receive_some\(\) missing required argument 'data'"):
            upgraded().receive_some()

# SPDX-License-Identifier: MIT
"""Reading without copies: read_buffer and read_commit, and messages that are handed over."""

from __future__ import annotations

import gc
import random
import socket

import pytest
from tidewire import (
    BufferPool,
    Close,
    LimitError,
    Message,
    MessageView,
    Opcode,
    ProtocolError,
    Role,
    UsageError,
)
from wire import KEY, LENGTHS, binary, frame, open_deflating, open_pair, pattern, text, upgraded


def read(connection, data, hint=0):
    """Puts data into the rooms that the connection offers, and returns the events."""
    events = []
    while data:
        with connection.read_buffer(hint) as room:
            part = data[: len(room)]
            room[: len(part)] = part
        events += connection.read_commit(len(part))
        data = data[len(part) :]
    return events


class TestReadBuffer:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_takes_messages_of_every_length(self, length):
        for arguments in ({}, {"pool": BufferPool()}, {"read_len": 256, "max_read_len": 256}):
            connection = upgraded(**arguments)
            data = binary(pattern(length)) + text(b"after")
            assert read(connection, data * 3) == [Message(pattern(length)), Message(b"after", True)] * 3

    def test_takes_what_recv_into_reads(self):
        connection = upgraded()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(text(b"hello"))
            assert connection.read_commit(ours.recv_into(connection.read_buffer())) == [Message(b"hello", True)]

    def test_is_writable_and_as_long_as_configured(self):
        room = upgraded(read_len=4096).read_buffer()
        assert not room.readonly
        assert 3500 < len(room) <= 4096
        assert 200 < len(upgraded(read_len=1).read_buffer()) <= 256

    def test_grows_while_it_is_filled(self):
        connection = upgraded(read_len=1024, max_read_len=16384)
        data = text(b"a") * 10_000
        lengths = []
        while len(lengths) < 6:
            room = connection.read_buffer()
            lengths.append(len(room))
            room[:], data = data[: len(room)], data[len(room) :]
            connection.read_commit(len(room))
        assert lengths == sorted(lengths)
        assert lengths[0] <= 1024 and 8192 < lengths[-1] <= 16384

    def test_follows_a_hint(self):
        connection = upgraded(max_read_len=65536)
        assert len(connection.read_buffer(hint=30_000)) >= 30_000
        assert len(connection.read_buffer(1 << 40)) <= 65536
        with pytest.raises(UsageError, match="hint must be between 0"):
            connection.read_buffer(-1)
        with pytest.raises(TypeError, match="hint must be an int, not str"):
            connection.read_buffer("1")

    def test_is_the_place_of_a_large_message(self):
        connection = upgraded()
        data = binary(pattern(1_000_000))
        connection.receive(data[:1000])
        room = connection.read_buffer()
        assert len(room) == len(data) - 1000
        room[:] = data[1000:]
        assert connection.read_commit(len(room)) == [Message(pattern(1_000_000))]

    def test_ends_with_the_next_call_that_takes_input(self):
        connection = upgraded()
        for end in (
            lambda: connection.read_commit(0),
            lambda: connection.read_commit_some(0),
            lambda: connection.receive(b""),
            lambda: connection.receive_some(b""),
            lambda: connection.receive_into(b"", bytearray(8)),
            connection.read_buffer,
        ):
            room = connection.read_buffer()
            source = room.obj
            end()
            with pytest.raises(ValueError, match="released memoryview"):
                room[0] = 1
            with pytest.raises(ValueError, match="the memory went back to its connection"):
                memoryview(source)

    def test_outlives_other_calls(self):
        connection = upgraded()
        room = connection.read_buffer()
        connection.send("meanwhile")
        connection.ping()
        connection.data_to_send()
        connection.tick(0)
        room[:7] = text(b"a")
        assert connection.read_commit(7) == [Message(b"a", True)]

    def test_may_be_written_to_after_a_failure(self):
        connection = upgraded(message_timeout_ns=10)
        connection.tick(0)
        connection.receive(binary(bytes(100_000))[:1000])
        connection.tick(1)
        room = connection.read_buffer()
        with pytest.raises(LimitError, match="TW_ERR_TIMEOUT_MESSAGE"):
            connection.tick(100)
        room[:] = bytes(len(room))
        with pytest.raises(LimitError, match="TW_ERR_TIMEOUT_MESSAGE"):
            connection.read_commit(len(room))

    def test_a_slice_that_is_in_use_is_in_the_way(self):
        connection = upgraded()
        room = connection.read_buffer()
        room[:7] = text(b"a")
        part = room[:7]
        for take in (
            lambda: connection.read_commit(7),
            lambda: connection.receive(b""),
            lambda: connection.receive(part),
            lambda: connection.receive_into(b"", part),
            connection.read_buffer,
        ):
            with pytest.raises(BufferError, match="a view of the read buffer is still in use"):
                take()
        assert bytes(part) == text(b"a")
        part.release()
        assert connection.read_commit(7) == [Message(b"a", True)]

    def test_lives_as_long_as_its_view(self):
        room = upgraded(pool=BufferPool()).read_buffer()
        gc.collect()
        room[:] = bytes(len(room))

    def test_what_was_not_offered_cannot_be_committed(self):
        connection = upgraded()
        with pytest.raises(UsageError) as raised:
            connection.read_commit(1)
        assert raised.value.name == "TW_ERR_ARGUMENT"
        room = connection.read_buffer()
        with pytest.raises(UsageError):
            connection.read_commit(len(room) + 1)
        with pytest.raises(UsageError, match="len must be between 0"):
            connection.read_commit(-1)
        with pytest.raises(TypeError, match="len must be an int, not bytes"):
            connection.read_commit(b"")
        assert read(connection, text(b"a")) == [Message(b"a", True)]

    def test_an_idle_connection_holds_nothing(self):
        connection = upgraded(pool=BufferPool())
        idle = connection.stats().held_len
        read(connection, text(b"a") * 100)
        assert connection.stats().held_len == idle

    def test_events_before_a_failure_are_not_lost(self):
        connection = upgraded()
        with pytest.raises(ProtocolError) as raised:
            read(connection, text(b"good") * 100 + b"\x83\x80" + KEY)
        assert raised.value.events == [Message(b"good", True)] * 100

    def test_some_events_at_a_time(self):
        connection = upgraded()
        data = text(b"a") * 200
        connection.read_buffer()[: len(data)] = data
        turns = [connection.read_commit_some(len(data))]
        assert (len(turns[0][0]), turns[0][1]) == (64, True)
        for take in (lambda: connection.receive(data), connection.read_buffer, lambda: connection.read_commit(1)):
            with pytest.raises(UsageError):
                take()
        while turns[-1][1]:
            turns.append(connection.read_commit_some(0, max_events=10))
        assert [len(events) for events, _ in turns] == [64] + [10] * 13 + [6]
        assert connection.read_commit_some(0) == ([], False)

    def test_inflated_data_comes_in_parts(self):
        client, server = open_deflating(max_call_len=10_000)
        client.send(bytes(100_000), compress=True)
        client.send("end")
        data = client.data_to_send()
        server.read_buffer()[: len(data)] = data
        events, more = server.read_commit_some(len(data))
        calls = 1
        while more:
            some, more = server.read_commit_some(0)
            events += some
            calls += 1
        assert events == [Message(bytes(100_000)), Message(b"end", True)]
        assert calls >= 10


class TestMessagesThatAreHandedOver:
    def in_pieces(self, connection, data, step=1000):
        return sum((connection.receive(data[at : at + step]) for at in range(0, len(data), step)), [])

    def test_come_as_views_from_a_length_on(self):
        connection = upgraded(min_view_len=100)
        short, long = connection.receive(text(b"x" * 99) + text(b"x" * 100))
        assert short == Message(b"x" * 99, True)
        assert long == MessageView(b"x" * 100, True)
        assert long.text == "x" * 100

    def test_outlive_the_connection(self):
        for arguments in ({}, {"pool": BufferPool()}):
            connection = upgraded(min_view_len=1, **arguments)
            whole, cut = self.in_pieces(connection, binary(pattern(500)) + binary(pattern(100_000)))
            connection.receive(binary(bytes(100_000)))
            del connection, arguments
            gc.collect()
            assert whole.data == pattern(500)
            assert cut.data == pattern(100_000)
            part = cut.data[1000:2000]
            del cut
            gc.collect()
            assert part == pattern(100_000)[1000:2000]
            part[:] = bytes(1000)

    def test_are_not_counted_against_the_connection(self):
        connection = upgraded(min_view_len=1)
        [message] = self.in_pieces(connection, binary(pattern(1_000_000)))
        assert connection.stats().held_len < 1000
        assert message.data == pattern(1_000_000)

    def test_are_not_copied(self):
        pool = BufferPool()
        connection = upgraded(min_view_len=1, pool=pool)
        [message] = self.in_pieces(connection, binary(pattern(100_000)))
        assert 100_000 <= pool.stats().in_use_len <= 140_000
        del message
        assert pool.stats().in_use_len == 0

    def test_come_from_read_commit_too(self):
        connection = upgraded(min_view_len=1000)
        assert read(connection, binary(pattern(100_000))) == [MessageView(pattern(100_000))]

    def test_come_from_receive_into_where_the_buffer_is_too_small(self):
        connection = upgraded(min_view_len=1000)
        buffer = bytearray(10)
        [message], _ = connection.receive_into(bytearray(binary(pattern(2000))), buffer)
        assert message == MessageView(pattern(2000))
        buffer.clear()

    def test_may_be_sent_and_masked_where_they_lie(self):
        client, server = open_pair(min_view_len=1)
        client.send(pattern(100_000))
        [message] = server.receive(client.data_to_send())
        sender = upgraded(Role.CLIENT)
        sender.send(message, borrow=True, mask_in_place=True)
        del message
        assert server.receive(sender.data_to_send()) == [MessageView(pattern(100_000))]

    def test_fill_the_places_of_others(self):
        """Memory that is handed out and comes back at random never shows what belongs to somebody else."""
        connection = upgraded(min_view_len=1, pool=BufferPool())
        chance = random.Random(5)
        kept = []
        for number in range(500):
            payload = bytes([number % 256]) * chance.randrange(1, 30_000)
            events = self.in_pieces(connection, binary(payload), chance.choice([100, 7000, 50_000]))
            kept += [(event, payload) for event in events]
            for event, expected in kept:
                assert event.data[:1] == expected[:1] and event.data[-1:] == expected[-1:]
            chance.shuffle(kept)
            del kept[chance.randrange(1, 20) :]
        assert all(event.data == expected for event, expected in kept)

    def test_the_close_frame_is_as_ever(self):
        connection = upgraded(min_view_len=1)
        assert connection.receive(frame(Opcode.CLOSE, b"\x03\xe8", KEY)) == [Close(1000)]

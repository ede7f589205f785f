# SPDX-License-Identifier: MIT
"""Connection: receiving, sending, closing, limits and misuse. The rules of the protocol are tested by the vectors."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from tidewire import (
    BufferPool,
    Close,
    Connection,
    Error,
    LimitError,
    Message,
    Opcode,
    Ping,
    Pong,
    ProtocolError,
    ResourceError,
    Role,
    State,
    UsageError,
    Want,
    decode_frames,
)
from wire import KEY, counting_random, frame, open_pair, pattern, readable_buffers, upgraded, writable_buffers

# Around the header's forms, and around the piece in which read-only input is copied.
LENGTHS = [0, 1, 125, 126, 16 * 1024 - 14, 16 * 1024, 65535, 65536, 200_000]


def text(payload, **keywords):
    return frame(Opcode.TEXT, payload, KEY, **keywords)


def binary(payload, **keywords):
    return frame(Opcode.BINARY, payload, KEY, **keywords)


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


class TestSend:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_a_message_from_buffers_of_every_kind(self, length):
        connection = upgraded()
        for buffer in readable_buffers(pattern(length)):
            connection.send(buffer)
            assert connection.data_to_send() == frame(Opcode.BINARY, pattern(length))
            connection.send_binary(buffer)
            assert connection.data_to_send() == frame(Opcode.BINARY, pattern(length))

    def test_text(self):
        connection = upgraded()
        for string in ("", "ASCII", "Grüße", "日本", "😀", "a" * 70_000):
            expected = frame(Opcode.TEXT, string.encode())
            for send in (connection.send, connection.send_text):
                send(string)
                assert connection.data_to_send() == expected
            connection.send_text(bytearray(string.encode()))
            assert connection.data_to_send() == expected

    def test_a_message_is_sent_as_what_it_is(self):
        connection = upgraded()
        for event in connection.receive(text("grün".encode()) + binary(b"\xff")):
            connection.send(event)
        assert connection.data_to_send() == frame(Opcode.TEXT, "grün".encode()) + frame(Opcode.BINARY, b"\xff")

    def test_the_data_is_copied(self):
        connection = upgraded()
        data = bytearray(b"before")
        connection.send(data)
        data[:] = b"after!"
        assert connection.data_to_send() == frame(Opcode.BINARY, b"before")

    def test_fragments(self):
        connection = upgraded()
        connection.send("gr", more=True)
        connection.send_continuation(b"\xc3", more=True)
        connection.ping(b"between")
        connection.send_continuation(b"\xbc", more=True)
        connection.send_continuation("n")
        assert connection.data_to_send() == (
            frame(Opcode.TEXT, b"gr", fin=False)
            + frame(Opcode.CONTINUATION, b"\xc3", fin=False)
            + frame(Opcode.PING, b"between")
            + frame(Opcode.CONTINUATION, b"\xbc", fin=False)
            + frame(Opcode.CONTINUATION, b"n")
        )

    def test_fragments_in_disorder_are_refused(self):
        connection = upgraded()
        with pytest.raises(UsageError) as raised:
            connection.send_continuation(b"")
        assert raised.value.name == "TW_ERR_STATE"
        connection.send_binary(b"", more=True)
        with pytest.raises(UsageError) as raised:
            connection.send(b"")
        assert raised.value.name == "TW_ERR_STATE"
        connection.send_continuation(b"")

    @pytest.mark.parametrize("wrong", [b"\xff", Message(b"\xff", is_text=True)])
    def test_text_that_is_not_utf8_is_refused(self, wrong):
        connection = upgraded()
        send = connection.send if isinstance(wrong, Message) else connection.send_text
        with pytest.raises(UsageError) as raised:
            send(wrong)
        assert raised.value.name == "TW_ERR_TEXT"
        assert connection.data_to_send() == b""
        assert connection.state is State.OPEN

    def test_lone_surrogates_are_refused(self):
        connection = upgraded()
        for send in (connection.send, connection.send_text, connection.send_continuation):
            with pytest.raises(UnicodeEncodeError):
                send("\ud800")

    @pytest.mark.parametrize("wrong", [1, None, [b""]])
    def test_what_is_no_message_is_refused(self, wrong):
        connection = upgraded()
        for send in (connection.send, connection.send_text, connection.send_binary, connection.send_continuation):
            with pytest.raises(TypeError, match="data must be bytes-like"):
                send(wrong)
        with pytest.raises(TypeError, match="data must be bytes-like, not str"):
            connection.send_binary("text")
        with pytest.raises(TypeError, match="data must be one contiguous piece"):
            connection.send(memoryview(b"abcd")[::2])

    def test_wrong_calls_are_refused_by_name(self):
        connection = upgraded()
        with pytest.raises(TypeError, match=r"send\(\) missing required argument 'data'"):
            connection.send()
        with pytest.raises(TypeError, match=r"send_text\(\) takes at most 1 positional"):
            connection.send_text("", True)
        with pytest.raises(TypeError, match=r"ping\(\) takes at most 1 positional"):
            connection.ping(b"", b"")
        with pytest.raises(TypeError, match=r"close\(\) got an unexpected keyword argument 'why'"):
            connection.close(why="")

    def test_pings_and_pongs(self):
        connection = upgraded()
        connection.ping()
        connection.pong()
        for buffer in readable_buffers(b"abcd"):
            connection.ping(buffer)
            connection.pong(buffer)
        frames, _ = decode_frames(bytearray(connection.data_to_send()))
        assert [(f.opcode, f.payload) for f in frames] == [(Opcode.PING, b""), (Opcode.PONG, b"")] + [
            (Opcode.PING, b"abcd"),
            (Opcode.PONG, b"abcd"),
        ] * len(readable_buffers(b"abcd"))

    def test_a_long_ping_is_refused(self):
        connection = upgraded()
        for send in (connection.ping, connection.pong):
            send(bytes(125))
            with pytest.raises(UsageError) as raised:
                send(bytes(126))
            assert raised.value.name == "TW_ERR_CONTROL_LENGTH"
            with pytest.raises(TypeError, match="data must be bytes-like, not str"):
                send("text")

    def test_a_client_masks_with_keys_of_its_random_source(self):
        connection = upgraded(Role.CLIENT, random=counting_random())
        connection.send("one")
        connection.send("two")
        assert connection.data_to_send() == frame(1, b"one", bytes([0, 1, 2, 3])) + frame(
            1, b"two", bytes([4, 5, 6, 7])
        )

    def test_masking_keys_differ_by_default(self):
        connection = upgraded(Role.CLIENT)
        for _ in range(1000):
            connection.send(b"")
        frames, _ = decode_frames(bytearray(connection.data_to_send()), role=Role.SERVER)
        assert len({f.masking_key for f in frames}) > 990


class TestClose:
    def test_what_came_before_the_peers_may_still_be_answered(self):
        connection = upgraded()
        question, _ = connection.receive(text(b"question") + frame(Opcode.CLOSE, b"\x03\xe8", KEY))
        connection.send(question)
        assert connection.data_to_send() == frame(Opcode.TEXT, b"question") + frame(Opcode.CLOSE, b"\x03\xe8")
        with pytest.raises(UsageError) as raised:
            connection.send("too late")
        assert raised.value.name == "TW_ERR_STATE"

    def test_the_answer_may_be_ours(self):
        connection = upgraded()
        connection.receive(frame(Opcode.CLOSE, b"\x03\xe8", KEY))
        connection.close(4000, "farewell")
        assert connection.data_to_send() == frame(Opcode.CLOSE, b"\x0f\xa0farewell")

    def test_both_sides_say_goodbye(self):
        client, server = open_pair()
        client.close(4000, "auf Wiederhören")
        assert client.state is State.CLOSING
        assert server.receive(client.data_to_send()) == [Close(4000, "auf Wiederhören")]
        assert server.state is State.CLOSING
        assert server.wants == Want.WRITE
        assert client.receive(server.data_to_send()) == [Close(4000)]
        assert client.state is server.state is State.CLOSED
        assert server.wants == client.wants == Want.CLOSE
        assert server.error is client.error is None

    @pytest.mark.parametrize(
        ("arguments", "payload"),
        [
            ((), b"\x03\xe8"),
            ((0,), b""),
            ((1001,), b"\x03\xe9"),
            ((3000, "x" * 123), b"\x0b\xb8" + b"x" * 123),
        ],
    )
    def test_code_and_reason(self, arguments, payload):
        connection = upgraded()
        connection.close(*arguments)
        assert connection.data_to_send() == frame(Opcode.CLOSE, payload)

    @pytest.mark.parametrize("code", [999, 1005, 1006, 1015, 5000, 65536 + 1000])
    def test_codes_that_must_not_be_sent(self, code):
        with pytest.raises(UsageError) as raised:
            upgraded().close(code)
        assert raised.value.name == "TW_ERR_SEND_CLOSE_CODE"

    def test_wrong_arguments(self):
        with pytest.raises(UsageError, match="code must be between 0 and 4294967295"):
            upgraded().close(-1)
        with pytest.raises(TypeError, match="code must be an int, not str"):
            upgraded().close("1000")
        with pytest.raises(TypeError, match="reason must be str, not bytes"):
            upgraded().close(1000, b"bytes")
        with pytest.raises(UnicodeEncodeError):
            upgraded().close(1000, "\ud800")
        with pytest.raises(UsageError) as raised:
            upgraded().close(1000, "ü" * 62)
        assert raised.value.name == "TW_ERR_CONTROL_LENGTH"

    def test_closing_twice_is_refused(self):
        connection = upgraded()
        connection.close()
        with pytest.raises(UsageError) as raised:
            connection.close()
        assert raised.value.name == "TW_ERR_STATE"
        with pytest.raises(UsageError) as raised:
            connection.send("too late")
        assert raised.value.name == "TW_ERR_STATE"


class TestConstruction:
    def test_a_client_needs_host(self):
        with pytest.raises(UsageError, match="a client needs host"):
            Connection(Role.CLIENT)
        assert Connection(Role.CLIENT, upgraded=True).state is State.OPEN

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({}, TypeError, r"Connection\(\) missing required argument 'role'"),
            ({"role": 2}, UsageError, "role must be between 0 and 1, not 2"),
            ({"role": "server"}, TypeError, "role must be an int, not str"),
            ({"role": 0, "other": 1}, TypeError, "unexpected keyword argument 'other'"),
            ({"role": 1, "host": 1}, TypeError, "host must be str, not int"),
            ({"role": 1, "host": "a\0b"}, UsageError, "host must not contain a zero byte"),
            ({"role": 0, "subprotocols": "chat"}, TypeError, "subprotocols must be an iterable, not a str"),
            ({"role": 0, "subprotocols": [1]}, TypeError, "subprotocols must be str, not int"),
            ({"role": 0, "subprotocols": 1}, TypeError, "not iterable"),
            ({"role": 0, "origins": "https://a"}, TypeError, "origins must be an iterable, not a str"),
            ({"role": 0, "headers": [("a",)]}, UsageError, "headers must be pairs of name and value"),
            ({"role": 0, "headers": "a: b"}, TypeError, "headers must be an iterable, not a str"),
            ({"role": 0, "headers": ["ab"]}, TypeError, "headers must be an iterable, not a str"),
            ({"role": 0, "headers": {"a": 1}}, TypeError, "header value must be str, not int"),
            ({"role": 0, "max_message_len": 0}, UsageError, "max_message_len must be at least 1"),
            ({"role": 0, "max_fragments": 2**32}, UsageError, "max_fragments must be between 0 and 4294967295"),
            ({"role": 0, "max_frame_len": "1"}, TypeError, "max_frame_len must be an int, not str"),
            ({"role": 0, "pool": 1}, TypeError, "pool must be a BufferPool, not int"),
            ({"role": 0, "random": 1}, TypeError, "random must be callable"),
        ],
    )
    def test_wrong_arguments_are_refused(self, arguments, error, message):
        with pytest.raises(error, match=message):
            Connection(**arguments)

    def test_options_are_given_by_name(self):
        with pytest.raises(TypeError, match="takes at most 1 positional"):
            Connection(Role.CLIENT, "example.com")

    def test_once(self):
        connection = upgraded()
        with pytest.raises(UsageError, match="Connection.__init__ was called already"):
            connection.__init__(Role.SERVER)

    def test_a_failed_construction_leaves_nothing_to_use(self):
        connection = Connection.__new__(Connection)
        with pytest.raises(UsageError, match="a client needs host"):
            connection.__init__(Role.CLIENT)
        for use in (
            lambda: connection.receive(b""),
            lambda: connection.send(""),
            connection.data_to_send,
            connection.output,
        ):
            with pytest.raises(UsageError, match="Connection.__init__ was not called"):
                use()
        assert connection.state is State.CLOSED
        assert connection.error is None
        connection.__init__(Role.SERVER)
        assert connection.state is State.CONNECTING

    def test_subclasses_may_take_other_arguments(self):
        class Chat(Connection):
            def __init__(self, name):
                super().__init__(Role.SERVER, upgraded=True)
                self.name = name

        chat = Chat("tea")
        assert chat.name == "tea"
        assert chat.receive(text(b"hi")) == [Message(b"hi", True)]

    def test_may_be_referred_to_weakly(self):
        connection = upgraded()
        reference = weakref.ref(connection)
        assert reference() is connection
        del connection
        assert reference() is None

    def test_shows_role_and_state(self):
        assert repr(upgraded()) == f"<Connection {Role.SERVER!r} {State.OPEN!r}>"

    def test_has_a_role(self):
        assert upgraded().role is Role.SERVER
        assert upgraded(Role.CLIENT).role is Role.CLIENT


class TestLimits:
    @pytest.mark.parametrize(
        ("limits", "data", "name"),
        [
            ({"max_frame_len": 10}, binary(bytes(11)), "max_frame_len"),
            ({"max_message_len": 10}, binary(bytes(6), fin=False) + frame(0, bytes(5), KEY), "max_message_len"),
            ({"max_fragments": 2}, binary(b"", fin=False) + frame(0, b"", KEY, fin=False) * 2, "max_fragments"),
        ],
    )
    def test_name_themselves(self, limits, data, name):
        connection = upgraded(**limits)
        with pytest.raises(LimitError) as raised:
            connection.receive(data)
        assert raised.value.limit == name
        assert raised.value.close_code == 1009
        assert f"limit {name}" in str(raised.value)

    def test_are_what_the_documentation_says(self):
        """The signature's numbers are for people; the engine's defaults are what counts."""
        for length, fits in ((16 * 1024 * 1024, True), (16 * 1024 * 1024 + 1, False)):
            header = b"\x82\xff" + length.to_bytes(8, "big") + KEY
            fragmented = b"\x02" + header[1:]
            for data in (header, fragmented):
                if fits:
                    assert upgraded().receive(data) == []
                else:
                    with pytest.raises(LimitError):
                        upgraded().receive(data)
        fragments = binary(b"", fin=False) + frame(0, b"", KEY, fin=False) * 1023
        assert upgraded().receive(fragments) == []
        with pytest.raises(LimitError):
            upgraded().receive(fragments + frame(0, b"", KEY))

    def test_output(self):
        connection = upgraded(max_output_len=1000)
        connection.send(bytes(900))
        with pytest.raises(LimitError) as raised:
            connection.send(bytes(900))
        assert raised.value.name == "TW_ERR_LIMIT_OUTPUT"
        assert connection.state is State.OPEN
        assert connection.data_to_send() == frame(Opcode.BINARY, bytes(900))
        connection.send(bytes(900))


class TestFailure:
    def test_is_told_to_the_peer_and_kept(self):
        connection = upgraded()
        assert connection.error is None
        with pytest.raises(ProtocolError) as raised:
            connection.receive(text(b"ok") + text(b"\xff"))
        error = connection.error
        assert isinstance(error, ProtocolError)
        for field in ("message", "status", "name", "offset", "close_code", "section", "limit"):
            assert getattr(error, field) == getattr(raised.value, field)
        assert connection.state is State.CLOSING
        assert connection.wants == Want.WRITE
        assert connection.data_to_send() == frame(Opcode.CLOSE, (1007).to_bytes(2, "big"))
        assert connection.state is State.CLOSED
        assert connection.wants == Want.CLOSE

    def test_what_came_before_may_still_be_answered(self):
        connection = upgraded()
        with pytest.raises(ProtocolError) as raised:
            connection.receive(text(b"question") + b"\xff\xff")
        for event in raised.value.events:
            connection.send(event)
        assert connection.data_to_send() == frame(Opcode.TEXT, b"question") + frame(Opcode.CLOSE, b"\x03\xea")
        with pytest.raises(UsageError) as raised:
            connection.send("too late")
        assert raised.value.name == "TW_ERR_STATE"

    def test_of_the_random_source_is_the_cause(self):
        def broken(count):
            raise OSError("no entropy")

        connection = upgraded(Role.CLIENT, random=broken)
        with pytest.raises(ResourceError) as raised:
            connection.send("hello")
        assert raised.value.name == "TW_ERR_RANDOM"
        assert isinstance(raised.value.__cause__, OSError)
        assert connection.state is State.OPEN
        with pytest.raises(ResourceError) as raised:
            connection.receive(frame(Opcode.TEXT, b"before") + frame(Opcode.PING, b""))
        assert raised.value.events[0] == Message(b"before", True)
        assert isinstance(raised.value.__cause__, OSError)

    @pytest.mark.parametrize("returned", [b"", b"too long" * 1000, "text", None])
    def test_of_a_random_source_that_returns_something_else(self, returned):
        with pytest.raises(ResourceError) as raised:
            Connection(Role.CLIENT, host="a", random=lambda count: returned)
        assert isinstance(raised.value.__cause__, (UsageError, TypeError))

    def test_the_cause_is_not_kept_for_the_next(self):
        answers = [OSError("once")]

        def random(count):
            if answers:
                raise answers.pop()
            return bytes(count)

        connection = upgraded(Role.CLIENT, random=random)
        with pytest.raises(ResourceError):
            connection.send("a")
        with pytest.raises(UsageError) as raised:
            connection.send_continuation("b")
        assert raised.value.__cause__ is None


class TestMisuse:
    def test_from_inside_a_call(self):
        tried = []

        def random(count):
            for use in (lambda: connection.send("inner"), lambda: connection.receive(b""), connection.data_to_send):
                with pytest.raises(UsageError, match="in use by another call"):
                    use()
                tried.append(use)
            return bytes(count)

        connection = upgraded(Role.CLIENT, random=random)
        connection.send("outer")
        assert tried
        assert connection.data_to_send() == frame(Opcode.TEXT, b"outer", bytes(4))

    def test_from_another_thread_inside_a_call(self):
        refused = []

        def other():
            try:
                connection.send("from elsewhere")
            except UsageError as error:
                refused.append(str(error))

        def random(count):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            return bytes(count)

        connection = upgraded(Role.CLIENT, random=random)
        connection.send("outer")
        assert len(refused) == 1
        assert "in use by another call" in refused[0]

    def test_after_a_refused_call_it_can_be_used(self):
        connection = upgraded()
        with pytest.raises(TypeError):
            connection.send(1)
        with pytest.raises(TypeError):
            connection.receive(1)
        connection.send("fine")
        assert connection.data_to_send() == frame(Opcode.TEXT, b"fine")

    def test_threads_may_take_turns(self):
        client, server = open_pair()
        received = []

        def talk(number):
            for i in range(200):
                with lock:
                    client.send(f"{number}:{i}")
                    received.extend(server.receive(client.data_to_send()))

        lock = threading.Lock()
        threads = [threading.Thread(target=talk, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(event.text for event in received) == sorted(f"{n}:{i}" for n in range(4) for i in range(200))


def test_connections_share_a_pool():
    pool = BufferPool()
    connections = [upgraded(pool=pool) for _ in range(20)]
    half = binary(pattern(10_000))[:5_000]
    for connection in connections:
        connection.receive(half)
    assert pool.stats().in_use_len > 0
    for connection in connections:
        assert connection.receive(binary(pattern(10_000))[5_000:]) == [Message(pattern(10_000))]
    assert pool.stats().in_use_len == 0  # the events own their data, so nothing is held for them
    for connection in connections:
        connection.send(pattern(10_000))
        connection.data_to_send()
    del connections, connection
    assert pool.stats().in_use_len == 0
    assert pool.stats().hits > 0


def test_a_pool_lives_as_long_as_its_connections():
    connection = upgraded(pool=BufferPool())
    gc.collect()
    assert connection.receive(binary(pattern(10_000))[:5_000]) == []
    assert connection.receive(binary(pattern(10_000))[5_000:]) == [Message(pattern(10_000))]


def test_every_failure_is_an_error():
    with pytest.raises(Error):
        upgraded().receive(b"\xff\xff")

# SPDX-License-Identifier: MIT
"""Connection as an object: construction, limits, failures and misuse."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from tidewire import (
    NEVER,
    BufferPool,
    CloseCause,
    Connection,
    Deflate,
    DeflateConfig,
    Error,
    LimitError,
    Message,
    Opcode,
    ProtocolError,
    ResourceError,
    Role,
    State,
    UsageError,
    Want,
)
from wire import KEY, binary, frame, open_pair, pattern, text, upgraded


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
            ({"role": 0, "max_message_len": 0}, UsageError, "max_message_len must be between 1 and"),
            ({"role": 0, "max_fragments": NEVER + 1}, UsageError, "max_fragments must be between 1 and"),
            ({"role": 0, "output_low_len": 0}, UsageError, "output_low_len must be between 1 and"),
            ({"role": 0, "ping_interval_ns": 0.5}, TypeError, "ping_interval_ns must be an int, not float"),
            ({"role": 0, "deflate": True}, TypeError, "deflate must be DeflateConfig, not bool"),
            ({"role": 0, "deflate": DeflateConfig(level=10)}, UsageError, "level must be between 1 and 9, not 10"),
            ({"role": 0, "negotiated": 1}, TypeError, "negotiated must be Deflate, not int"),
            ({"role": 0, "negotiated": Deflate()}, UsageError, "negotiated needs upgraded and deflate"),
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
            lambda: connection.tick(0),
            connection.data_to_send,
            connection.output,
        ):
            with pytest.raises(UsageError, match="Connection.__init__ was not called"):
                use()
        assert connection.state is State.CLOSED
        assert connection.error is connection.deflate is connection.deadline_ns is None
        assert connection.close_info == (0, 0, CloseCause.NOBODY)
        assert set(connection.stats()) == {0}
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
            ({"max_memory_len": 10_000}, binary(bytes(20_000))[:15_000], "max_memory_len"),
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

    def test_may_be_turned_off(self):
        for name in ("max_message_len", "max_frame_len", "max_fragments", "max_output_len", "max_control_rate"):
            assert upgraded(**{name: NEVER}).receive(text(b"a")) == [Message(b"a", True)]
        fragments = binary(b"", fin=False) + frame(0, b"", KEY, fin=False) * 5_000
        assert upgraded(max_fragments=NEVER).receive(fragments) == []

    def test_memory_for_sending(self):
        connection = upgraded(max_memory_len=10_000)
        with pytest.raises(LimitError) as raised:
            connection.send(bytes(20_000))
        assert raised.value.name == "TW_ERR_LIMIT_MEMORY"
        assert connection.state is State.OPEN
        connection.send(b"less")
        assert connection.data_to_send() == frame(Opcode.BINARY, b"less")

    def test_output(self):
        connection = upgraded(max_output_len=1000)
        connection.send(bytes(900))
        with pytest.raises(LimitError) as raised:
            connection.send(bytes(900))
        assert raised.value.name == "TW_ERR_LIMIT_OUTPUT"
        assert connection.state is State.OPEN
        assert connection.data_to_send() == frame(Opcode.BINARY, bytes(900))
        connection.send(bytes(900))


class TestStatistics:
    def test_count_what_came_and_went(self):
        connection = upgraded()
        incoming = text(b"one") + binary(b"two", fin=False) + frame(0, b"", KEY) + frame(Opcode.PING, b"", KEY)
        connection.receive(incoming)
        connection.send("three")
        outgoing = connection.data_to_send()
        stats = connection.stats()
        assert (stats.bytes_received, stats.bytes_sent) == (len(incoming), len(outgoing))
        assert (stats.messages_received, stats.messages_sent) == (2, 1)
        assert (stats.frames_received, stats.frames_sent) == (4, 2)
        assert (stats.control_frames_received, stats.control_frames_sent) == (1, 1)
        assert stats[8:12] == (0, 0, 0, 0)
        assert (stats.context_len, stats.rtt_ns) == (0, 0)

    def test_tell_what_is_held(self):
        connection = upgraded()
        idle = connection.stats().held_len
        assert 0 < idle < 1000
        connection.receive(binary(bytes(100_000))[:50_000])
        connection.send(bytes(10_000))
        assert connection.stats().held_len >= idle + 60_000
        connection.receive(binary(bytes(100_000))[50_000:])
        connection.data_to_send()
        assert connection.stats().held_len < idle + 10_000

    def test_count_the_handshake(self):
        client, server = open_pair()
        assert client.stats().bytes_sent == server.stats().bytes_received > 100
        assert server.stats().bytes_sent == client.stats().bytes_received > 100


class TestTrust:
    def test_takes_what_the_rules_forbid(self):
        for role in Role:
            connection = upgraded(role, trusted=True)
            assert connection.receive(frame(1, b"a") + frame(1, b"b", KEY)) == [
                Message(b"a", True),
                Message(b"b", True),
            ]
            assert connection.receive(frame(1, b"\xff")) == [Message(b"\xff", True)]

    def test_is_not_the_default(self):
        for data in (frame(1, b"a"), text(b"\xff")):
            with pytest.raises(ProtocolError):
                upgraded().receive(data)


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

    def test_of_the_random_source_that_the_engine_gets_over_is_no_cause(self):
        broken = []

        def random(count):
            if broken:
                raise OSError("no entropy")
            return bytes(count)

        connection = upgraded(Role.CLIENT, random=random, ping_interval_ns=10, idle_timeout_ns=NEVER)
        connection.tick(0)
        broken.append(True)
        assert connection.tick(10) == 20  # the ping is left out
        with pytest.raises(UsageError) as raised:
            connection.send_continuation("b")
        assert raised.value.__cause__ is None


class TestMisuse:
    def test_from_inside_a_call(self):
        tried = []

        def random(count):
            for use in (
                lambda: connection.send("inner"),
                lambda: connection.receive(b""),
                lambda: connection.receive_some(b""),
                lambda: connection.tick(0),
                connection.data_to_send,
            ):
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

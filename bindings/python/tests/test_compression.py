# SPDX-License-Identifier: MIT
"""permessage-deflate (RFC 7692) through Connection, with zlib and the `websockets` package on the other side."""

from __future__ import annotations

import dataclasses
import inspect
import zlib

import pytest
from tidewire import (
    BufferPool,
    Chunk,
    Connection,
    Deflate,
    DeflateConfig,
    LimitError,
    Message,
    Opcode,
    ProtocolError,
    Role,
    UsageError,
    decode_frames,
)
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.server import ServerProtocol
from websockets.uri import parse_uri
from wire import KEY, frame, pattern, upgraded

PROSE = "To be, or not to be, that is the question. " * 50
TAKEOVER = DeflateConfig(max_context_len=1 << 20)
RSV1 = 4


def pair(ours=None, theirs=None):
    """A client and a server that have shaken hands."""
    client = Connection(Role.CLIENT, host="example.com", deflate=ours)
    server = Connection(Role.SERVER, deflate=theirs)
    server.receive(client.data_to_send())
    client.receive(server.data_to_send())
    return client, server


def compressing(role=Role.SERVER, terms=None, config=None, **arguments):
    """A connection that agreed on compression elsewhere."""
    return upgraded(role, deflate=config or DeflateConfig(), negotiated=terms or Deflate(), **arguments)


def deflated(data: bytes, compressor=None) -> bytes:
    """The payload of a compressed message (RFC 7692 7.2.1)."""
    compressor = compressor or zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


def inflated(payload: bytes) -> bytes:
    return zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")


def from_client(data: bytes, opcode=Opcode.BINARY) -> bytes:
    return frame(opcode, deflated(data), KEY, rsv=RSV1)


def only_frame(connection):
    [found], _ = decode_frames(bytearray(connection.data_to_send()), allow_rsv=RSV1)
    return found


class TestAgreement:
    def test_both_want_it(self):
        client, server = pair(DeflateConfig(), DeflateConfig())
        assert client.deflate == server.deflate == Deflate()
        client.send(PROSE)
        data = client.data_to_send()
        assert len(data) < len(PROSE) // 4
        assert [event.text for event in server.receive(data)] == [PROSE]

    @pytest.mark.parametrize(("ours", "theirs"), [(None, None), (DeflateConfig(), None), (None, DeflateConfig())])
    def test_one_does_not(self, ours, theirs):
        client, server = pair(ours, theirs)
        assert client.deflate is server.deflate is None
        client.send(PROSE, compress=True)
        assert only_frame(client).payload == PROSE.encode()

    def test_it_is_not_known_before(self):
        assert Connection(Role.SERVER, deflate=DeflateConfig()).deflate is None

    def test_contexts_are_kept_where_both_have_room(self):
        client, server = pair(TAKEOVER, TAKEOVER)
        assert client.deflate == server.deflate == Deflate(15, 15, True, True)
        client, server = pair(TAKEOVER, DeflateConfig(max_context_len=64 * 1024))
        assert client.deflate == Deflate(15, 15, send_takeover=True, receive_takeover=False)
        assert server.deflate == Deflate(15, 15, send_takeover=False, receive_takeover=True)

    def test_windows(self):
        client, server = pair(DeflateConfig(receive_window_bits=10), DeflateConfig(receive_window_bits=9))
        assert client.deflate == Deflate(send_window_bits=9, receive_window_bits=10)
        assert server.deflate == Deflate(send_window_bits=10, receive_window_bits=9)

    def test_made_elsewhere(self):
        terms = Deflate(9, 12, receive_takeover=True)
        connection = compressing(terms=terms, config=TAKEOVER)
        assert connection.deflate == terms
        assert upgraded(deflate=DeflateConfig()).deflate is None


class TestSending:
    @pytest.mark.parametrize(
        ("length", "compress", "expected"),
        [
            (127, None, False),
            (128, None, True),
            (127, True, True),
            (0, True, True),
            (128, False, False),
            (128, True, True),
        ],
    )
    @pytest.mark.parametrize("send", ["send", "send_text", "send_binary"])
    def test_what_is_compressed(self, length, compress, expected, send):
        connection = compressing()
        getattr(connection, send)(b"a" * length, compress=compress)
        sent = only_frame(connection)
        assert sent.rsv == (RSV1 if expected else 0)
        assert (inflated(sent.payload) if expected else sent.payload) == b"a" * length

    def test_from_which_length(self):
        connection = compressing(config=DeflateConfig(min_len=10))
        connection.send(b"a" * 9)
        assert only_frame(connection).rsv == 0
        connection.send(b"a" * 10)
        assert only_frame(connection).rsv == RSV1

    def test_what_would_not_get_shorter_is_sent_as_it_is(self):
        connection = compressing()
        connection.send(zlib.compress(pattern(2000) + PROSE.encode(), 9))
        assert only_frame(connection).rsv == 0

    def test_fragments(self):
        connection = compressing()
        connection.send("a" * 200, more=True)
        connection.send_continuation("b" * 200)
        frames, _ = decode_frames(bytearray(connection.data_to_send()), allow_rsv=RSV1)
        assert [(f.opcode, f.rsv, f.fin) for f in frames] == [
            (Opcode.TEXT, RSV1, False),
            (Opcode.CONTINUATION, 0, True),
        ]
        assert inflated(b"".join(f.payload for f in frames)) == b"a" * 200 + b"b" * 200

    def test_only_the_first_fragment_decides(self):
        connection = compressing()
        connection.send("a", more=True)
        with pytest.raises(TypeError, match="unexpected keyword argument 'compress'"):
            connection.send_continuation("b", compress=True)

    def test_a_message_that_was_received(self):
        connection = compressing()
        [message] = connection.receive(from_client(PROSE.encode(), Opcode.TEXT))
        connection.send(message)
        assert inflated(only_frame(connection).payload).decode() == PROSE

    def test_contexts_make_the_second_shorter(self):
        client, server = pair(TAKEOVER, TAKEOVER)
        client.send(PROSE)
        first = client.data_to_send()
        client.send(PROSE)
        second = client.data_to_send()
        assert len(second) < len(first)
        assert [event.text for event in server.receive(first + second)] == [PROSE] * 2
        assert server.stats().context_len > 0

    def test_the_level_counts(self):
        def length(level):
            connection = compressing(config=DeflateConfig(level=level))
            connection.send("".join(f"{i * i} " for i in range(10_000)))
            return len(connection.data_to_send())

        assert length(9) < length(1)

    def test_windows_bound_the_distances(self):
        connection = compressing(terms=Deflate(send_window_bits=9))
        connection.send(pattern(251) * 2 + bytes(600) + pattern(251))
        payload = only_frame(connection).payload
        assert zlib.decompressobj(-9).decompress(payload + b"\0\0\xff\xff")


class TestReceiving:
    def test_statistics(self):
        connection = compressing()
        connection.receive(from_client(PROSE.encode()))
        connection.send(PROSE)
        sent = only_frame(connection)
        stats = connection.stats()
        assert (stats.deflated_received_len, stats.inflated_received_len) == (len(deflated(PROSE.encode())), len(PROSE))
        assert (stats.deflated_sent_len, stats.inflated_sent_len) == (len(sent.payload), len(PROSE))

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    @pytest.mark.parametrize("step", [1, 100, 1 << 20])
    def test_however_it_is_cut(self, kind, step):
        data = from_client(PROSE.encode(), Opcode.TEXT) + from_client(pattern(100_000)) + from_client(b"")
        connection = compressing()
        events = []
        for i in range(0, len(data), step):
            events += connection.receive(kind(data[i : i + step]))
        assert events == [Message(PROSE.encode(), True), Message(pattern(100_000)), Message(b"")]

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    def test_all_of_it_however_much_it_becomes(self, kind):
        connection = compressing(config=DeflateConfig(max_call_len=1000, max_ratio=2000))
        data = from_client(bytes(5_000_000)) + from_client(bytes(60_000)) * 20
        assert connection.receive(kind(data)) == [Message(bytes(5_000_000))] + [Message(bytes(60_000))] * 20

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    def test_no_more_than_was_asked_for_at_a_time(self, kind):
        connection = compressing(config=DeflateConfig(max_call_len=100_000))
        rest = memoryview(kind(from_client(bytes(60_000)) * 200))
        received = 0
        while rest:
            events, taken = connection.receive_some(rest)
            assert sum(len(event.data) for event in events) < 100_000 + 60_000
            received += len(events)
            rest = rest[taken:]
        assert received == 200

    def test_in_chunks(self):
        connection = compressing(config=DeflateConfig(max_call_len=1000, max_ratio=2000), stream=True)
        first, *others = connection.receive(from_client(bytes(1_000_000)))
        assert first.opcode is Opcode.BINARY
        assert all(type(chunk) is Chunk and chunk.opcode is Opcode.CONTINUATION for chunk in others)
        assert b"".join(chunk.data for chunk in [first, *others]) == bytes(1_000_000)
        assert [chunk.fin for chunk in [first, *others]] == [False] * len(others) + [True]

    @pytest.mark.parametrize(
        ("data", "error", "name", "close_code"),
        [
            (frame(2, b"\xff\xff", KEY, rsv=RSV1), ProtocolError, "TW_ERR_DEFLATE", 1007),
            (from_client(b"\xff", Opcode.TEXT), ProtocolError, "TW_ERR_UTF8", 1007),
            (frame(9, b"", KEY, rsv=RSV1), ProtocolError, "TW_ERR_RSV", 1002),
            (from_client(bytes(1_000_000)), LimitError, "TW_ERR_LIMIT_RATIO", 1009),
        ],
    )
    def test_failures(self, data, error, name, close_code):
        with pytest.raises(error) as raised:
            compressing().receive(frame(1, b"before", KEY) + data)
        assert (raised.value.name, raised.value.close_code) == (name, close_code)
        assert raised.value.events == [Message(b"before", True)]

    def test_limits_hold_for_what_it_becomes(self):
        with pytest.raises(LimitError) as raised:
            compressing(max_message_len=1000).receive(from_client(bytes(1001)))
        assert raised.value.limit == "max_message_len"
        assert compressing(max_message_len=1000).receive(from_client(bytes(1000))) == [Message(bytes(1000))]

    def test_compressed_without_agreement(self):
        with pytest.raises(ProtocolError) as raised:
            upgraded(deflate=DeflateConfig()).receive(from_client(b"a"))
        assert raised.value.name == "TW_ERR_RSV"

    def test_memory_is_borrowed_from_the_pool(self):
        pool = BufferPool()
        connection = compressing(pool=pool)
        idle = pool.stats().in_use_len
        data = from_client(pattern(10_000))
        connection.receive(data[:100])
        assert pool.stats().in_use_len > idle + 40_000
        connection.receive(data[100:])
        assert pool.stats().in_use_len == idle
        assert connection.stats().context_len == 0


class TestConfig:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"level": 0}, "level must be between 1 and 9, not 0"),
            ({"memory_level": 10}, "memory_level must be between 1 and 9, not 10"),
            ({"send_window_bits": 7}, "send_window_bits must be between 8 and 15, not 7"),
            ({"receive_window_bits": 16}, "receive_window_bits must be between 8 and 15, not 16"),
            ({"max_context_len": -1}, "max_context_len must be between 0 and"),
            ({"min_len": 0}, "min_len must be between 1 and"),
            ({"max_call_len": 0}, "max_call_len must be between 1 and"),
            ({"max_ratio": 0}, "max_ratio must be between 1 and"),
        ],
    )
    def test_what_is_out_of_range_is_refused(self, wrong, message):
        with pytest.raises(UsageError, match=message):
            upgraded(deflate=DeflateConfig(**wrong))

    @pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(DeflateConfig)])
    def test_fields_are_numbers(self, field):
        with pytest.raises(TypeError, match=f"{field} must be an int, not str"):
            upgraded(deflate=DeflateConfig(**{field: "1"}))

    @pytest.mark.parametrize("field", ["send_window_bits", "receive_window_bits"])
    def test_terms_are_checked(self, field):
        with pytest.raises(UsageError, match=f"{field} must be between 8 and 15, not 16"):
            compressing(terms=Deflate(**{field: 16}))

    def test_is_given_by_name_and_does_not_change(self):
        assert all(p.kind is p.KEYWORD_ONLY for p in inspect.signature(DeflateConfig).parameters.values())
        with pytest.raises(dataclasses.FrozenInstanceError):
            DeflateConfig().level = 2
        assert eval(repr(TAKEOVER)) == TAKEOVER


class TestWithWebsockets:
    def as_client(self):
        """We are the client."""
        factory = ServerPerMessageDeflateFactory(server_max_window_bits=12, client_max_window_bits=11)
        theirs = ServerProtocol(extensions=[factory])
        ours = Connection(Role.CLIENT, host="example.com", deflate=TAKEOVER)
        theirs.receive_data(ours.data_to_send())
        [request] = theirs.events_received()
        theirs.send_response(theirs.accept(request))
        ours.receive(b"".join(theirs.data_to_send()))
        assert ours.deflate == Deflate(11, 12, True, True)
        return ours, theirs

    def as_server(self):
        theirs = ClientProtocol(
            parse_uri("ws://example.com/"),
            extensions=[ClientPerMessageDeflateFactory(server_max_window_bits=12, client_max_window_bits=11)],
        )
        ours = Connection(Role.SERVER, deflate=TAKEOVER)
        theirs.send_request(theirs.connect())
        ours.receive(b"".join(theirs.data_to_send()))
        theirs.receive_data(ours.data_to_send())
        assert theirs.handshake_exc is None
        theirs.events_received()
        assert ours.deflate.send_window_bits == 12
        assert ours.deflate.send_takeover and ours.deflate.receive_takeover
        return ours, theirs

    @pytest.mark.parametrize("side", ["as_client", "as_server"])
    def test_messages_go_both_ways(self, side):
        ours, theirs = getattr(self, side)()
        for data in (PROSE.encode(), b"", pattern(100_000), PROSE.encode(), b"short"):
            ours.send(data, compress=True)
            theirs.receive_data(ours.data_to_send())
            [received] = theirs.events_received()
            assert received.data == data
            theirs.send_binary(data)
            assert ours.receive(b"".join(theirs.data_to_send())) == [Message(data)]
        assert ours.stats().inflated_received_len == ours.stats().inflated_sent_len > 100_000

# SPDX-License-Identifier: MIT
"""What must hold for any input: round trips, streams cut anywhere, and Python's own codecs as the reference.

The examples are the same in every run, so that a failure can be repeated; hypothesis prints the smallest it finds.
"""

from __future__ import annotations

import itertools

import pytest
import wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tidewire import (
    Chunk,
    Close,
    CloseInfo,
    Connection,
    Deflate,
    DeflateConfig,
    Error,
    Frame,
    LimitError,
    Message,
    MessageView,
    Opcode,
    Ping,
    Pong,
    PreparedMessage,
    ProtocolError,
    Role,
    UsageError,
    close_code_valid,
    decode_frames,
    encode_frames,
    mask,
    mask_into,
    validate_utf8,
)

some = settings(max_examples=100, deadline=None, derandomize=True, database=None)
few = settings(some, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

keys = st.binary(min_size=4, max_size=4)
# Bytes that look like text often enough: whole code points, cut ones, and surrogates.
almost_text = st.lists(
    st.one_of(
        st.binary(max_size=4), st.text(max_size=4).map(str.encode), st.just(b"\xed\xa0\x80"), st.just(b"\xf4\x90")
    )
).map(b"".join)


@st.composite
def payloads(draw: st.DrawFn) -> str | bytes:
    """Messages of both kinds, some of them around the lengths where the header or a buffer changes."""
    if draw(st.booleans()):
        return draw(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
    length = draw(st.sampled_from(wire.LENGTHS))
    data = wire.pattern(length)
    return data.replace(b"\x80", b"a").decode("latin-1")[: length // 2] if draw(st.booleans()) else data


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Connection, Connection]:
    """A client and a server, with or without compression, of which either keeps its context or not."""
    if not draw(st.booleans()):
        return wire.upgraded(Role.CLIENT), wire.upgraded(Role.SERVER)
    up, down = draw(st.booleans()), draw(st.booleans())
    up_bits, down_bits = draw(st.sampled_from([9, 12, 15])), draw(st.sampled_from([9, 12, 15]))
    config = DeflateConfig(max_context_len=1 << 20, min_len=draw(st.sampled_from([1, 64])))
    client = Deflate(up_bits, down_bits, send_takeover=up, receive_takeover=down)
    server = Deflate(down_bits, up_bits, send_takeover=down, receive_takeover=up)
    return (
        wire.upgraded(Role.CLIENT, deflate=config, negotiated=client),
        wire.upgraded(Role.SERVER, deflate=config, negotiated=server),
    )


def content(event: object) -> str | bytes:
    assert isinstance(event, Message | MessageView)
    return event.text if event.is_text else bytes(event.data)


def received(receiver: Connection, data: bytes, way: str) -> list[object]:
    """Events of a stream that is read in one of the ways in which it can be read."""
    events: list[object] = []
    if way == "whole":
        events += receiver.receive(data)
    elif way == "in place":
        events += receiver.receive(bytearray(data))
    elif way == "some":
        while data:
            more, used = receiver.receive_some(data, max_events=2)
            events += more
            data = data[used:]
    else:
        assert way == "buffer"
        while data:
            room = receiver.read_buffer()
            size = min(len(room), len(data))
            room[:size] = data[:size]
            room.release()
            events += receiver.read_commit(size)
            data = data[size:]
    return events


def send(sender: Connection, message: str | bytes, way: str) -> None:
    """Sends in one of the ways in which it can be sent."""
    data = message.encode() if isinstance(message, str) else message
    if way == "send":
        sender.send(message)
    elif way == "by kind":
        (sender.send_text if isinstance(message, str) else sender.send_binary)(data)
    elif way == "batch":
        sender.send_batch([message])
    elif way == "prepared":
        sender.send_prepared(PreparedMessage(message))
    else:
        assert way == "fragments"
        first, rest = data[: len(data) // 3], data[len(data) // 3 :]
        (sender.send_text if isinstance(message, str) else sender.send_binary)(first, more=True)
        sender.send_continuation(rest[:1], more=True)
        sender.send_continuation(rest[1:])


WAYS_TO_SEND = ["send", "by kind", "batch", "prepared", "fragments"]
WAYS_TO_RECEIVE = ["whole", "in place", "some", "buffer"]


@few
@given(
    pairs(),
    st.booleans(),
    st.lists(st.tuples(payloads(), st.sampled_from(WAYS_TO_SEND)), max_size=6),
    st.sampled_from(WAYS_TO_RECEIVE),
)
def test_messages_sent_in_any_way_arrive_in_any_way(
    pair: tuple[Connection, Connection], down: bool, messages: list[tuple[str | bytes, str]], how: str
) -> None:
    sender, receiver = reversed(pair) if down else pair
    for message, way in messages:
        if way == "fragments" and isinstance(message, str) and not message.isascii():
            way = "send"  # a fragment of text that is given as bytes must end with a whole code point
        send(sender, message, way)
    arrived = [content(event) for event in received(receiver, sender.data_to_send(), how)]
    assert arrived == [message for message, _ in messages]
    assert not receiver.data_to_send()


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """What a client may send, or almost: frames of all kinds, a few of them wrong or cut."""
    good = st.one_of(
        st.text(max_size=20).map(lambda text: wire.text(text.encode())),
        st.binary(max_size=20).map(wire.binary),
        st.binary(max_size=20).map(lambda data: wire.frame(9, data, wire.KEY)),
        st.binary(max_size=20).map(lambda data: wire.frame(10, data, wire.KEY)),
        st.lists(st.text(max_size=4), min_size=1, max_size=3).map(
            lambda parts: (
                wire.text(parts[0].encode(), fin=False)
                + b"".join(wire.frame(0, part.encode(), wire.KEY, fin=False) for part in parts[1:])
                + wire.frame(0, b"", wire.KEY)
            )
        ),
    )
    bad = st.one_of(
        almost_text.map(wire.text),
        st.binary(max_size=12),
        st.builds(wire.frame, st.integers(0, 15), st.binary(max_size=130), st.just(wire.KEY), st.booleans()),
        st.integers(0, 5100).map(lambda code: wire.frame(8, code.to_bytes(2, "big") + b"why", wire.KEY)),
    )
    parts = draw(st.lists(good, max_size=4))
    if draw(st.booleans()):
        parts.append(draw(bad))
    return b"".join(parts)


def outcome(pieces: list[bytes]) -> tuple[list[object], str, bytes, CloseInfo]:
    """All that comes of a stream in pieces: events, failure, answer, how it ended."""
    server = wire.upgraded(Role.SERVER)
    events: list[object] = []
    failure = ""
    answer = b""
    for piece in pieces:
        try:
            events += server.receive(piece)
        except Error as error:
            events += error.events
            failure = str(error)
        answer += server.data_to_send()
        if failure:
            break
    return events, failure, answer, server.close_info


@settings(some, max_examples=60)
@given(streams())
def test_stream_means_the_same_wherever_it_is_cut(stream: bytes) -> None:
    whole = outcome([stream])
    assert outcome([stream[i : i + 1] for i in range(len(stream))]) == whole
    for cut in range(1, len(stream)):
        assert outcome([stream[:cut], stream[cut:]]) == whole


@some
@given(st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300)), max_size=3), st.data())
def test_compressed_stream_means_the_same_wherever_it_is_cut(messages: list[str | bytes], data: st.DataObject) -> None:
    client, _ = wire.open_deflating(min_len=1)
    for message in messages:
        client.send(message)
    stream = client.data_to_send()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]
    _, one = wire.open_deflating(min_len=1)
    _, other = wire.open_deflating(min_len=1)
    events = other.receive(stream)
    assert [event for piece in pieces for event in one.receive(piece)] == events
    assert [content(event) for event in events] == messages


@st.composite
def frame_values(draw: st.DrawFn) -> Frame:
    opcode = draw(st.sampled_from(list(Opcode)))
    control = opcode >= Opcode.CLOSE
    length = draw(st.sampled_from([0, 1, 2, 125] if control else [0, 1, 125, 126, 127, 65535, 65536]))
    return Frame(
        opcode,
        wire.pattern(length),
        fin=control or draw(st.booleans()),
        rsv=draw(st.integers(0, 7)),
        masking_key=draw(st.none() | keys),
    )


@some
@given(st.lists(frame_values(), max_size=5))
def test_frames_that_were_encoded_are_decoded_again(frames: list[Frame]) -> None:
    data = encode_frames(frames)
    written = [wire.frame(f.opcode, bytes(f.payload), f.masking_key, f.fin, f.rsv) for f in frames]
    assert data == b"".join(written)
    decoded, used = decode_frames(bytearray(data), allow_rsv=7, validate_text=False)
    assert used == len(data)
    assert [(f.opcode, bytes(f.payload), f.fin, f.rsv, f.masking_key) for f in decoded] == [
        (f.opcode, bytes(f.payload), f.fin, f.rsv, f.masking_key) for f in frames
    ]
    if data:
        fewer, used = decode_frames(bytearray(data[:-1]), allow_rsv=7, validate_text=False)
        assert len(fewer) == len(frames) - 1 and used == len(data) - len(written[-1])


@some
@given(st.binary(max_size=300), keys, st.integers(0, 7))
def test_mask_is_the_slow_one_and_twice_it_is_nothing(data: bytes, key: bytes, phase: int) -> None:
    once = mask(data, key, phase)
    assert once == wire.masked(data, key, phase)
    assert mask(once, key, phase) == data
    room = bytearray(len(data))
    mask_into(room, data, key, phase)
    assert room == once
    mask_into(room, room, key, phase)
    assert room == data


@some
@given(st.binary(max_size=100), keys, st.integers(0, 100))
def test_mask_goes_on_where_it_stopped(data: bytes, key: bytes, cut: int) -> None:
    head, tail = data[:cut], data[cut:]
    assert mask(head, key) + mask(tail, key, len(head)) == mask(data, key)


@settings(some, max_examples=300)
@given(st.one_of(almost_text, st.binary(max_size=80)))
def test_text_is_utf8_where_python_says_so(data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        assert not validate_utf8(data)
        with pytest.raises(ProtocolError) as caught:
            wire.upgraded().receive(wire.text(data))
        assert caught.value.close_code == 1007
        with pytest.raises(UsageError):
            wire.upgraded(Role.CLIENT).send_text(data)
    else:
        assert validate_utf8(data)
        assert wire.upgraded().receive(wire.text(data)) == [Message(data, is_text=True)]
        [message] = wire.upgraded().receive(wire.text(data))
        assert content(message) == text


@some
@given(st.integers(1, 65535), st.text(max_size=60).filter(lambda text: len(text.encode()) <= 123))
def test_close_code_is_sent_and_accepted_where_it_is_valid(code: int, reason: str) -> None:
    client = wire.upgraded(Role.CLIENT)
    server = wire.upgraded()
    by_hand = wire.frame(8, code.to_bytes(2, "big") + reason.encode(), wire.KEY)
    valid = 1000 <= code <= 1014 and code not in (1004, 1005, 1006) or 3000 <= code <= 4999
    assert close_code_valid(code) == valid
    if valid:
        client.close(code, reason)
        [close] = server.receive(client.data_to_send())
        assert close == Close(code, reason)
        client.receive(server.data_to_send())
        assert client.close_info.remote_code == client.close_info.local_code == code
        assert server.close_info.remote_code == server.close_info.local_code == code
        assert wire.upgraded().receive(by_hand) == [close]
    else:
        with pytest.raises(UsageError):
            client.close(code, reason)
        with pytest.raises(ProtocolError) as caught:
            server.receive(by_hand)
        assert caught.value.close_code == 1002


@some
@given(st.binary(max_size=125))
def test_ping_is_answered_with_what_it_says(data: bytes) -> None:
    client, server = wire.upgraded(Role.CLIENT), wire.upgraded()
    client.ping(data)
    assert server.receive(client.data_to_send()) == [Ping(data)]
    assert client.receive(server.data_to_send()) == [Pong(data)]


@few
@given(st.integers(1, 3000), st.integers(0, 200), st.lists(st.integers(0, 200), max_size=5))
def test_message_beyond_the_limit_is_refused_and_one_within_is_not(limit: int, first: int, more: list[int]) -> None:
    sizes = [first, *more]
    server = wire.upgraded(max_message_len=limit, max_frame_len=limit)
    frames = [
        wire.frame(0 if i else 2, wire.pattern(size), wire.KEY, fin=i == len(sizes) - 1) for i, size in enumerate(sizes)
    ]
    if sum(sizes) <= limit:
        [message] = server.receive(b"".join(frames))
        assert len(content(message)) == sum(sizes)
    else:
        with pytest.raises(LimitError) as caught:
            server.receive(b"".join(frames))
        assert caught.value.close_code == 1009


@few
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4), st.booleans())
def test_chunks_put_together_are_the_messages(messages: list[str], byte_by_byte: bool) -> None:
    client, server = wire.upgraded(Role.CLIENT), wire.upgraded(stream=True)
    for message in messages:
        client.send(message)
    stream = client.data_to_send()
    together = b""
    ends = 0
    for piece in [stream[i : i + 1] for i in range(len(stream))] if byte_by_byte else [stream]:
        for event in server.receive(piece):
            assert isinstance(event, Chunk)
            together += event.data
            ends += event.fin
    assert together.decode() == "".join(messages) and ends == len(messages)

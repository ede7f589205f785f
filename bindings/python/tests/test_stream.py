# SPDX-License-Identifier: MIT
"""Messages that are not assembled: the chunks of Connection(stream=True)."""

from __future__ import annotations

import pytest
from tidewire import Chunk, Error, Message, Opcode, Ping, ProtocolError, UsageError
from wire import KEY, binary, frame, open_pair, pattern, text, upgraded


def chunks_of(connection, data, step):
    events = []
    for i in range(0, len(data), step):
        events += connection.receive(data[i : i + step])
    return events


def test_a_message_in_one_frame_is_one_chunk():
    assert upgraded(stream=True).receive(text(b"hi")) == [Chunk(b"hi", Opcode.TEXT, True)]
    assert upgraded(stream=True).receive(binary(b"")) == [Chunk(b"", Opcode.BINARY, True)]


@pytest.mark.parametrize("step", [1, 7, 4096, 1_000_000])
def test_bytes_come_as_they_arrive(step):
    data = binary(pattern(30_000))
    first, *others = chunks_of(upgraded(stream=True), data, step)
    assert first.opcode is Opcode.BINARY
    assert all(chunk.opcode is Opcode.CONTINUATION for chunk in others)
    assert [chunk.fin for chunk in [first, *others]] == [False] * len(others) + [True]
    assert b"".join(chunk.data for chunk in [first, *others]) == pattern(30_000)


def test_a_message_larger_than_memory_allows_to_hold():
    connection = upgraded(stream=True, max_memory_len=20_000)
    data = binary(pattern(1_000_000))
    assert sum(len(chunk.data) for chunk in chunks_of(connection, data, 10_000)) == 1_000_000


def test_fragments_and_what_comes_between():
    data = text(b"gr\xc3", fin=False) + frame(Opcode.PING, b"", KEY) + frame(0, b"\xbcn", KEY)
    assert upgraded(stream=True).receive(data) == [
        Chunk(b"gr\xc3", Opcode.TEXT),
        Ping(),
        Chunk(b"\xbcn", Opcode.CONTINUATION, True),
    ]


def test_text_is_validated_all_the_same():
    connection = upgraded(stream=True)
    with pytest.raises(ProtocolError) as raised:
        connection.receive(text(b"good\xc3", fin=False) + frame(0, b"\xff", KEY))
    assert raised.value.name == "TW_ERR_UTF8"
    assert b"".join(chunk.data for chunk in raised.value.events) == b"good\xc3"


@pytest.mark.parametrize("step", [1, 10, 1000])
def test_chunks_are_sent_as_what_they_are(step):
    client, server = open_pair(stream=True)
    expected = [Message("grün".encode() * 100, True), Message(pattern(500))]
    client.send_text("grün" * 50, more=True)
    client.send_continuation("grün" * 50)
    client.send(pattern(500))
    for chunk in chunks_of(server, client.data_to_send(), step):
        server.send(chunk)
    assert client.receive(server.data_to_send()) == expected


def test_chunks_in_disorder_are_refused():
    connection = upgraded()
    with pytest.raises(UsageError) as raised:
        connection.send(Chunk(b"", Opcode.CONTINUATION))
    assert raised.value.name == "TW_ERR_STATE"
    with pytest.raises(Error):
        connection.send(Chunk(b"", Opcode.PING))
    assert connection.data_to_send() == b""

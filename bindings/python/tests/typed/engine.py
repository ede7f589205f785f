# SPDX-License-Identifier: MIT
"""The engine as a typed program uses it."""

from collections.abc import Iterator

from tidewire import Agreement, Chunk, Close, Connection, DeflateConfig, Message, Role, check_request, decode_frames


def texts(connection: Connection, data: bytearray) -> Iterator[str]:
    for event in connection.receive(data):
        if isinstance(event, Message) and event.is_text:
            yield event.text
        elif isinstance(event, Chunk):
            yield bytes(event.data).decode()
        elif isinstance(event, Close):
            code: int = event.code
            yield f"closed with {code}"


def open_server(level: int) -> Connection:
    return Connection(Role.SERVER, deflate=DeflateConfig(level=level), stream_fragmented=True)


def payloads(data: bytearray) -> list[bytes]:
    frames, consumed = decode_frames(data)
    del data[:consumed]
    return [bytes(frame.payload) for frame in frames]


def agree(head: bytes) -> Agreement | None:
    return check_request(head, subprotocols=["chat"])

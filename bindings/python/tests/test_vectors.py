# SPDX-License-Identifier: MIT
"""The vectors that every language runs: whole, with room for one event, byte by byte and at every split point; through
receive, read_buffer and receive_into.
"""

from __future__ import annotations

import dataclasses

import pytest
from frame_inflater import Inflater
from tidewire import (
    NEVER,
    Chunk,
    Close,
    Connection,
    Deflate,
    DeflateConfig,
    Error,
    Message,
    MessageView,
    Opcode,
    Open,
    Ping,
    Pong,
    Role,
    State,
    Want,
)
from vector_digest import Digest, read_digests
from vector_file import (
    DIRECTORY,
    Event,
    FormatError,
    Step,
    Vector,
    read_data,
    read_event,
    read_file,
    read_step,
    take,
)

FILES = sorted(DIRECTORY.glob("*.json"))
VECTORS = {f"{path.stem}/{vector.name}": vector for path in FILES for vector in read_file(path)}
DIGESTS = read_digests()
EVERY_SPLIT_MAX = 2048  # bytes
READ_LEN = 256  # bytes, so that every read buffer is too small at some time
TARGET_BYTE = 0xDD


@dataclasses.dataclass(frozen=True)
class Way:
    """How a connection takes input."""

    by: str = "receive"
    writable: bool = True
    max_events: int | None = None  # None: as many as come
    target_len: int = 0  # of receive_into
    config: dict[str, int] = dataclasses.field(default_factory=dict)


IN_PLACE = Way()
READ_ONLY = Way(writable=False)
READ_BUFFER = Way("read_buffer", config={"read_len": READ_LEN, "max_read_len": 4 * READ_LEN, "min_view_len": 1})
INTO_SMALL = Way("receive_into", target_len=5, config={"min_view_len": 6})
INTO_AMPLE = Way("receive_into", writable=False, target_len=1 << 18)


def seen(event, subprotocols):
    """An event as the vector files tell it."""
    match event:
        case Open():
            code = 0 if event.subprotocol is None else subprotocols.index(event.subprotocol) + 1
            return Event("open", event.head, code, event.offset)
        case Message() | MessageView():
            return Event("text" if event.is_text else "binary", bytes(event.data), 0, event.offset)
        case Chunk():
            return Event(f"chunk_{event.opcode.name.lower()}", event.data, 0, event.offset, event.fin)
        case Ping():
            return Event("ping", event.data, 0, event.offset)
        case Pong():
            return Event("pong", event.data, 0, event.offset)
        case Close():
            return Event("close", event.reason.encode(), event.code, event.offset)


def joined(events):
    """The events, with the chunks of each frame in one."""
    out = []
    for event in events:
        last = out[-1] if out else None
        goes_on = last and event.type == "chunk_continuation" and last.type.startswith("chunk_") and not last.fin
        if goes_on and last.offset == event.offset:
            out[-1] = last._replace(data=last.data + event.data, fin=event.fin)
        else:
            out.append(event)
    return out


def cyclic_random(data):
    """Gives the bytes of data again and again; fails where there are none."""
    position = 0

    def random(count):
        nonlocal position
        if not data:
            raise OSError("no random bytes")
        start, position = position, position + count
        return bytes(data[i % len(data)] for i in range(start, position))

    return random


class Run:
    """One connection, put through the steps of its vector."""

    def __init__(self, vector: Vector, way: Way) -> None:
        self.vector = vector
        self.way = way
        self.target = bytearray([TARGET_BYTE]) * way.target_len
        self.handshake = dict(vector.handshake or {})
        self.subprotocols = self.handshake.get("subprotocols", [])
        self.inflater = Inflater()
        self.outputs: list[bytes] = []
        self.digest = Digest()

    def create(self) -> Connection:
        vector = self.vector
        return Connection(
            Role[vector.role.upper()],
            upgraded=vector.handshake is None,
            random=cyclic_random(vector.random),
            deflate=None if vector.deflate is None else DeflateConfig(**vector.deflate),
            negotiated=None if vector.negotiated is None else Deflate(**vector.negotiated),
            **vector.config,
            **self.way.config,
            **self.handshake,
        )

    def receive(self, pieces):
        """The events of all pieces, and the first failure, after which nothing is fed."""
        events = []
        for piece in pieces:
            data = bytearray(piece) if self.way.writable else bytes(piece)
            try:
                getattr(self, f"by_{self.way.by}")(memoryview(data), events)
            except Error as error:
                self.look_at(error.events, events)
                return events, error.name
            finally:
                if self.way.writable:
                    data[:] = b"\xdd" * len(data)
        return events, "TW_OK"

    def look_at(self, found, events) -> None:
        assert self.way.max_events is None or len(found) <= self.way.max_events
        events += [seen(event, self.subprotocols) for event in found]
        for event in found:
            if self.way.by != "receive_into" or not isinstance(event, Message | MessageView):
                continue
            in_target = isinstance(event, MessageView) and self.target.startswith(event.data)
            assert in_target == (len(event.data) <= len(self.target))
            self.target[:] = bytes([TARGET_BYTE]) * len(self.target)

    def by_receive(self, data, events) -> None:
        if self.way.max_events is None:
            self.look_at(self.connection.receive(data), events)
            return
        while data:
            found, taken = self.connection.receive_some(data, self.way.max_events)
            self.look_at(found, events)
            data = data[taken:]

    def by_receive_into(self, data, events) -> None:
        while data:
            found, taken = self.connection.receive_into(data, self.target, self.way.max_events or 64)
            self.look_at(found, events)
            data = data[taken:]

    def by_read_buffer(self, data, events) -> None:
        while data:
            room = self.connection.read_buffer(len(data))
            taken = min(len(room), len(data))
            room[:taken] = data[:taken]
            data = data[taken:]
            if self.way.max_events is None:
                self.look_at(self.connection.read_commit(taken), events)
                continue
            more = True
            while more:
                found, more = self.connection.read_commit_some(taken, self.way.max_events)
                self.look_at(found, events)
                taken = 0

    def send(self, step: Step) -> None:
        if step.opcode == "continuation" and step.compress is not None:
            # send_continuation has no such argument.
            chunk = Chunk(step.data, Opcode.CONTINUATION, not step.more)
            self.connection.send(chunk, compress=step.compress)
        elif step.opcode == "continuation":
            self.connection.send_continuation(step.data, more=step.more)
        else:
            send = getattr(self.connection, f"send_{step.opcode}")
            send(step.data, more=step.more, compress=step.compress)

    def call(self, step: Step) -> None:
        match step.action:
            case "eof":
                self.connection.receive_eof()
            case "send":
                self.send(step)
            case "ping":
                self.connection.ping(step.data)
            case "pong":
                self.connection.pong(step.data)
            case "close":
                self.connection.close(step.code, step.reason.decode("utf-8", "surrogateescape"))
            case "tick":
                self.connection.tick(step.number)

    def act(self, step: Step, pieces):
        if step.action == "input":
            return self.receive(pieces)
        try:
            self.call(step)
        except UnicodeEncodeError:  # a reason that is no text is not even a str
            return [], "TW_ERR_TEXT"
        except Error as error:
            return [], error.name
        return [], "TW_OK"

    def run(self, cut) -> tuple[list[bytes], str]:
        """Runs all steps; `cut` gives the pieces of an input. Returns the outputs and the digest."""
        first = self.vector.steps[0]
        if first.action == "create" and first.status != "TW_OK":
            with pytest.raises(Error) as raised:
                self.create()
            assert raised.value.name == first.status
            assert self.vector.state == "closed"
            self.digest.step(first.status)
            self.digest.end(None)
            return [], str(self.digest)
        self.connection = self.create()
        if first.action != "create":
            assert self.connection.data_to_send() == b""
        for index, step in enumerate(self.vector.steps):
            self.check_step(index, step, cut)
        self.digest.end(self.connection)
        self.check_end()
        return self.outputs, str(self.digest)

    def look_at_output(self, step: Step) -> bytes:
        if step.form == "keep_output":
            return b""
        if step.action != "consume":
            return self.connection.data_to_send()
        output = b"".join(self.connection.output())[: step.number]
        self.connection.consume(len(output))
        return output

    def check_step(self, index: int, step: Step, cut) -> None:
        events, status = self.act(step, cut(index, step.data))
        events = joined(events)
        self.digest.step(status)
        for event in events:
            self.digest.event(event)
        assert events == step.events
        assert status == step.status
        if step.action == "tick":
            deadline = self.connection.deadline_ns
            assert (NEVER if deadline is None else deadline) == step.deadline
        output = self.look_at_output(step)
        self.outputs.append(output)
        if step.form == "output":
            self.digest.output(output)
        if step.form == "deflated_output":
            assert self.inflater.frames(output, self.connection.deflate) == step.frames
        else:
            assert (output[: len(step.output)] if step.form == "output_prefix" else output) == step.output
        if step.wants is not None:
            self.check_wants(step.wants)
        if limit := self.vector.config.get("max_memory_len"):
            assert self.connection.stats().held_len <= limit

    def check_wants(self, words) -> None:
        wants = Want(0)
        for word in words:
            wants |= Want[word.upper()]
        assert self.connection.wants == wants

    def check_end(self) -> None:
        vector, connection = self.vector, self.connection
        assert connection.state is State[vector.state.upper()]
        if vector.steps[-1].wants is None:
            self.check_wants(["close" if vector.state == "closed" else "read"])
        if vector.close_info is not None:
            local, remote, cause = connection.close_info
            expected = {"local_code": local, "remote_code": remote, "cause": cause.name.lower()}
            assert expected == {"local_code": 0, "remote_code": 0, **vector.close_info}
        if vector.agreed is not None:
            assert connection.deflate == (Deflate(**vector.agreed) if vector.agreed else None)
        stats = connection.stats()
        assert {name: getattr(stats, name) for name in vector.stats} == vector.stats
        self.check_error()

    def check_error(self) -> None:
        expected, error = self.vector.error, self.connection.error
        assert (error is not None) == bool(expected)
        if error is None:
            return
        assert (error.name, error.offset) == (expected["status"], expected.get("offset", 0))
        assert error.close_code == expected.get("close_code", 0)
        assert error.limit == expected.get("limit")
        if "http_status" in expected:
            assert error.http_status == expected["http_status"]
            assert self.outputs[-1].startswith(b"HTTP/1.1 %d " % expected["http_status"])


def whole(index, data):
    return [data]


def byte_by_byte(index, data):
    return [data[i : i + 1] for i in range(len(data))]


def splits(vector):
    """Every way to cut one input in two."""
    for number, step in enumerate(vector.steps):
        length = len(step.data) if step.action == "input" else 0
        for at in range(1, length):
            if length <= EVERY_SPLIT_MAX or at <= 64 or at % 251 == 0 or at >= length - 64:

                def cut(index, data, number=number, at=at):
                    return [data[:at], data[at:]] if index == number else [data]

                yield cut


def ways(vector):
    yield IN_PLACE
    yield READ_ONLY
    yield READ_BUFFER
    if not any(vector.config.get(key) for key in ("stream", "stream_fragmented")):  # which refuse receive_into
        yield INTO_SMALL
        if "max_memory_len" not in vector.config:  # memory of the caller's has no limit
            yield INTO_AMPLE


@pytest.mark.parametrize("name", VECTORS)
def test_vector(name):
    vector = VECTORS[name]
    seen = Run(vector, IN_PLACE).run(whole)
    assert seen[1] == DIGESTS[name]
    every_way = list(ways(vector))
    for way in every_way:
        assert Run(vector, way).run(whole) == seen
        assert Run(vector, dataclasses.replace(way, max_events=1)).run(whole) == seen
        assert Run(vector, way).run(byte_by_byte) == seen
    for cut in splits(vector):
        for way in every_way:
            assert Run(vector, way).run(cut) == seen


def test_there_are_vectors():
    assert len(VECTORS) >= 800
    assert VECTORS.keys() == DIGESTS.keys()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: read_data({"text": "a", "more": 1}, {}),
        lambda: read_data(1, {}),
        lambda: read_step({"input": "00", "eof": True}, {}),
        lambda: read_step({"inputs": "00"}, {}),
        lambda: read_step({"close": "1000"}, {}),
        lambda: read_event({"type": "message"}, {}),
        lambda: take({"offset": True}, offset=int),
    ],
)
def test_what_the_format_does_not_know_is_refused(wrong):
    with pytest.raises(FormatError):
        wrong()

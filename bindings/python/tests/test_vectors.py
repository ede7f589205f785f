# SPDX-License-Identifier: MIT
"""The vectors that every language runs: whole, byte by byte and at every split point.

The run with room for one event is left to C and C++: receive has no such argument, and loops by itself.
"""

from __future__ import annotations

import pytest
from tidewire import Close, Connection, Error, Message, Open, Ping, Pong, Role, State, Want
from vector_file import DIRECTORY, FormatError, Step, Vector, read_data, read_event, read_file, read_step, take
from wire import counting_random

FILES = sorted(DIRECTORY.glob("*.json"))
VECTORS = {f"{path.stem}/{vector.name}": vector for path in FILES for vector in read_file(path)}
EVERY_SPLIT_MAX = 2048  # bytes


def seen(event, subprotocols):
    """An event as the vector files tell it."""
    match event:
        case Open():
            code = 0 if event.subprotocol is None else subprotocols.index(event.subprotocol) + 1
            return "open", event.head, code, event.offset
        case Message():
            return "text" if event.is_text else "binary", event.data, 0, event.offset
        case Ping():
            return "ping", event.data, 0, event.offset
        case Pong():
            return "pong", event.data, 0, event.offset
        case Close():
            return "close", event.reason.encode(), event.code, event.offset


class Run:
    """One connection, put through the steps of its vector."""

    def __init__(self, vector: Vector, writable: bool) -> None:
        self.vector = vector
        self.writable = writable
        self.handshake = dict(vector.handshake or {})
        self.subprotocols = self.handshake.get("subprotocols", [])
        self.outputs: list[bytes] = []

    def create(self) -> Connection:
        upgraded = self.vector.handshake is None
        role = Role[self.vector.role.upper()]
        return Connection(role, upgraded=upgraded, random=counting_random(), **self.vector.config, **self.handshake)

    def receive(self, pieces):
        """The events of all pieces, and the first failure, after which nothing is fed."""
        events = []
        for piece in pieces:
            data = bytearray(piece) if self.writable else bytes(piece)
            try:
                events += self.connection.receive(data)
            except Error as error:
                return events + list(error.events), error.name
            finally:
                if self.writable:
                    data[:] = b"\xdd" * len(data)
        return events, "TW_OK"

    def call(self, step: Step) -> None:
        match step.action:
            case "eof":
                self.connection.receive_eof()
            case "send":
                getattr(self.connection, f"send_{step.opcode}")(step.data, more=step.more)
            case "ping":
                self.connection.ping(step.data)
            case "pong":
                self.connection.pong(step.data)
            case "close":
                self.connection.close(step.code, step.reason.decode("utf-8", "surrogateescape"))

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

    def run(self, cut) -> list[bytes]:
        """Runs all steps; `cut` gives the pieces of an input. Returns the outputs."""
        first = self.vector.steps[0]
        if first.action == "create" and first.status != "TW_OK":
            with pytest.raises(Error) as raised:
                self.create()
            assert raised.value.name == first.status
            assert self.vector.state == "closed"
            return []
        self.connection = self.create()
        if first.action != "create":
            assert self.connection.data_to_send() == b""
        for index, step in enumerate(self.vector.steps):
            self.check_step(index, step, cut)
        self.check_end()
        return self.outputs

    def check_step(self, index: int, step: Step, cut) -> None:
        events, status = self.act(step, cut(index, step.data))
        assert [seen(event, self.subprotocols) for event in events] == step.events
        assert status == step.status
        output = self.connection.data_to_send()
        self.outputs.append(output)
        assert (output[: len(step.output)] if step.output_is_prefix else output) == step.output

    def check_end(self) -> None:
        assert self.connection.state is State[self.vector.state.upper()]
        assert self.connection.wants == (Want.CLOSE if self.vector.state == "closed" else Want.READ)
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


@pytest.mark.parametrize("name", VECTORS)
def test_vector(name):
    vector = VECTORS[name]
    outputs = Run(vector, writable=True).run(whole)
    assert Run(vector, writable=False).run(whole) == outputs
    assert Run(vector, writable=True).run(byte_by_byte) == outputs
    for number, cut in enumerate(splits(vector)):
        assert Run(vector, writable=number % 2 == 0).run(cut) == outputs


def test_there_are_vectors():
    assert len(VECTORS) >= 150


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

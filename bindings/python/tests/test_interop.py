# SPDX-License-Identifier: MIT
"""The engine and the `websockets` package, each without I/O, talk to each other in both roles."""

from __future__ import annotations

import pytest
from tidewire import Close, Connection, Message, Open, Ping, Pong, Role, State, Want
from websockets.client import ClientProtocol
from websockets.frames import Opcode as TheirOpcode
from websockets.protocol import State as TheirState
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 200_000]
TEXTS = ["", "plain", "Grüße aus Köln", "日本語", "😀" * 1000]


class Theirs:
    """The peer: what both of its roles have in common."""

    def __init__(self, protocol) -> None:
        self.protocol = protocol
        self.events = []

    def take(self, data: bytes) -> bytes:
        """Feeds bytes and returns the answer."""
        if data:
            self.protocol.receive_data(data)
        self.events += self.protocol.events_received()
        return self.output()

    def output(self) -> bytes:
        return b"".join(self.protocol.data_to_send())


def as_client() -> tuple[Connection, Theirs]:
    theirs = Theirs(ServerProtocol(subprotocols=["chat"]))
    ours = Connection(Role.CLIENT, host="example.com", target="/path?a=b", subprotocols=["other", "chat"])
    theirs.take(ours.data_to_send())
    [request] = theirs.events
    assert request.path == "/path?a=b"
    assert request.headers["Host"] == "example.com"
    theirs.protocol.send_response(theirs.protocol.accept(request))
    [event] = ours.receive(theirs.output())
    assert isinstance(event, Open)
    assert event.subprotocol == ours.subprotocol == theirs.protocol.subprotocol == "chat"
    theirs.events.clear()
    return ours, theirs


def as_server() -> tuple[Connection, Theirs]:
    client = ClientProtocol(parse_uri("ws://example.com/path?a=b"), subprotocols=["other", "chat"])
    theirs = Theirs(client)
    ours = Connection(Role.SERVER, subprotocols=["chat"])
    client.send_request(client.connect())
    [event] = ours.receive(theirs.output())
    assert isinstance(event, Open)
    assert event.target == "/path?a=b"
    theirs.take(ours.data_to_send())
    assert client.handshake_exc is None
    assert event.subprotocol == ours.subprotocol == client.subprotocol == "chat"
    theirs.events.clear()
    return ours, theirs


@pytest.fixture(params=[as_client, as_server], ids=["as_client", "as_server"])
def both(request):
    ours, theirs = request.param()
    assert ours.state is State.OPEN
    assert theirs.protocol.state is TheirState.OPEN
    return ours, theirs


@pytest.mark.parametrize("size", SIZES)
def test_binary(both, size):
    ours, theirs = both
    data = bytes(i % 251 for i in range(size))
    ours.send(data)
    theirs.take(ours.data_to_send())
    [frame] = theirs.events
    assert (frame.opcode, frame.data, frame.fin) == (TheirOpcode.BINARY, data, True)
    theirs.protocol.send_binary(data)
    assert ours.receive(theirs.output()) == [Message(data)]


@pytest.mark.parametrize("text", TEXTS)
def test_text(both, text):
    ours, theirs = both
    ours.send(text)
    theirs.take(ours.data_to_send())
    [frame] = theirs.events
    assert (frame.opcode, frame.data) == (TheirOpcode.TEXT, text.encode())
    theirs.protocol.send_text(text.encode())
    [message] = ours.receive(theirs.output())
    assert message.is_text
    assert message.text == text


def test_fragments(both):
    ours, theirs = both
    ours.send("one ", more=True)
    ours.send_continuation("two ", more=True)
    ours.ping(b"between")
    ours.send_continuation("three")
    pong = theirs.take(ours.data_to_send())
    assert [(frame.opcode.name, frame.data, frame.fin) for frame in theirs.events] == [
        ("TEXT", b"one ", False),
        ("CONT", b"two ", False),
        ("PING", b"between", True),
        ("CONT", b"three", True),
    ]
    assert ours.receive(pong) == [Pong(b"between")]
    theirs.protocol.send_text(b"one ", fin=False)
    theirs.protocol.send_continuation(b"two ", fin=False)
    theirs.protocol.send_continuation(b"three", fin=True)
    assert ours.receive(theirs.output()) == [Message(b"one two three", True)]


def test_pings_are_answered(both):
    ours, theirs = both
    theirs.protocol.send_ping(b"sign of life")
    assert ours.receive(theirs.output()) == [Ping(b"sign of life")]
    theirs.take(ours.data_to_send())
    [pong] = theirs.events
    assert (pong.opcode, pong.data) == (TheirOpcode.PONG, b"sign of life")


def test_many_messages_in_one_read(both):
    ours, theirs = both
    for i in range(500):
        theirs.protocol.send_text(str(i).encode())
        ours.send(str(i))
    assert [event.text for event in ours.receive(theirs.output())] == [str(i) for i in range(500)]
    theirs.take(ours.data_to_send())
    assert [frame.data.decode() for frame in theirs.events] == [str(i) for i in range(500)]


def test_we_close(both):
    ours, theirs = both
    ours.close(4001, "Schluß")
    answer = theirs.take(ours.data_to_send())
    assert (theirs.protocol.close_rcvd.code, theirs.protocol.close_rcvd.reason) == (4001, "Schluß")
    [event] = ours.receive(answer)
    assert isinstance(event, Close)
    assert event.code == 4001
    assert ours.state is State.CLOSED
    assert ours.wants == Want.CLOSE


def test_they_close(both):
    ours, theirs = both
    theirs.protocol.send_close(4002, "Schluß")
    assert ours.receive(theirs.output()) == [Close(4002, "Schluß")]
    theirs.take(ours.data_to_send())
    assert theirs.protocol.close_rcvd.code == 4002
    assert ours.wants == Want.CLOSE


def test_a_broken_rule_is_told(both):
    ours, theirs = both
    theirs.protocol.send_text(b"\xff")
    with pytest.raises(Exception, match="TW_ERR_UTF8"):
        ours.receive(theirs.output())
    theirs.take(ours.data_to_send())
    assert theirs.protocol.close_rcvd.code == 1007


def test_a_request_that_they_refuse():
    server = Theirs(ServerProtocol(origins=["https://good.example"]))
    ours = Connection(Role.CLIENT, host="example.com", origin="https://evil.example")
    server.take(ours.data_to_send())
    server.protocol.send_response(server.protocol.accept(server.events[0]))
    with pytest.raises(Exception, match="TW_ERR_HTTP_STATUS"):
        ours.receive(server.output())


def test_a_request_that_we_refuse():
    client = ClientProtocol(parse_uri("ws://example.com/"), origin="https://evil.example")
    client.send_request(client.connect())
    ours = Connection(Role.SERVER)
    with pytest.raises(Exception, match="TW_ERR_ORIGIN"):
        ours.receive(b"".join(client.data_to_send()))
    client.receive_data(ours.data_to_send())
    client.receive_eof()
    assert client.handshake_exc.response.status_code == 403

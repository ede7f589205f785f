# SPDX-License-Identifier: MIT
"""The opening handshake of a Connection, and accept_key. Its rules are tested by the vectors."""

from __future__ import annotations

import pytest
import tidewire
from tidewire import Connection, LimitError, Message, Open, ProtocolError, Role, State, UsageError
from wire import counting_random, open_pair


def request(*headers: str, target: str = "/") -> bytes:
    lines = [
        f"GET {target} HTTP/1.1",
        "Host: example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1")


def test_both_sides_open():
    client, server = open_pair()
    assert client.state is server.state is State.OPEN
    client.send("hello")
    assert server.receive(client.data_to_send()) == [Message(b"hello", True)]


def test_the_answer_of_the_rfc():
    """The key and the accept value of RFC 6455 1.3."""
    server = Connection(Role.SERVER)
    server.receive(request())
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in server.data_to_send()
    assert tidewire.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=!", "ü" * 12])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ProtocolError) as raised:
        tidewire.accept_key(key)
    assert raised.value.name == "TW_ERR_KEY"


def test_a_key_is_a_str():
    with pytest.raises(TypeError, match="key must be str, not bytes"):
        tidewire.accept_key(b"dGhlIHNhbXBsZSBub25jZQ==")


def test_the_server_sees_the_request():
    server = Connection(Role.SERVER)
    data = request("Cookie: a=b", "X-Name: J\xfcrgen", "cookie: c=d", target="/chat?room=1")
    [event] = server.receive(data)
    assert isinstance(event, Open)
    assert event.target == "/chat?room=1"
    assert event.headers[0] == ("Host", "example.com")
    assert event.headers[-3:] == (("Cookie", "a=b"), ("X-Name", "J\xfcrgen"), ("cookie", "c=d"))
    assert event.head == data
    assert event.subprotocol is None
    assert event.offset == 0


def test_the_client_sees_the_response():
    client = Connection(Role.CLIENT, host="example.com")
    server = Connection(Role.SERVER, headers=[("Server", "test"), ("Set-Cookie", "a=b")])
    server.receive(client.data_to_send())
    response = server.data_to_send()
    [event] = client.receive(response)
    assert event.target is None
    assert event.headers[-2:] == (("Server", "test"), ("Set-Cookie", "a=b"))
    assert event.head == response


def test_frames_may_follow_the_request_in_one_read():
    client = Connection(Role.CLIENT, host="a")
    probe = Connection(Role.CLIENT, upgraded=True)
    probe.send("early")
    events = Connection(Role.SERVER).receive(client.data_to_send() + probe.data_to_send())
    assert [type(event) for event in events] == [Open, Message]


def test_the_client_sends_what_it_was_told():
    client = Connection(
        Role.CLIENT,
        host="example.com:8080",
        target="/chat",
        origin="https://example.com",
        subprotocols=["a", "b"],
        headers={"Cookie": "a=b", "X-Empty": ""},
        random=counting_random(),
    )
    lines = client.data_to_send().decode().split("\r\n")
    assert lines[0] == "GET /chat HTTP/1.1"
    assert lines[-2:] == ["", ""]
    assert set(lines[1:-2]) == {
        "Host: example.com:8080",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==",
        "Sec-WebSocket-Protocol: a, b",
        "Origin: https://example.com",
        "Cookie: a=b",
        "X-Empty: ",
    }


@pytest.mark.parametrize(
    ("offered", "supported", "chosen"),
    [
        (["a", "b"], ["b", "a"], {"a", "b"}),
        (["a", "b"], ("b",), {"b"}),
        (["a"], iter(["x", "a"]), {"a"}),
        (["a"], [], {None}),
        ([], ["a"], {None}),
        (["a"], ["b"], {None}),
    ],
)
def test_subprotocols(offered, supported, chosen):
    client = Connection(Role.CLIENT, host="a", subprotocols=offered)
    server = Connection(Role.SERVER, subprotocols=supported)
    assert server.subprotocol is None
    [seen_by_server] = server.receive(client.data_to_send())
    [seen_by_client] = client.receive(server.data_to_send())
    assert server.subprotocol in chosen
    assert server.subprotocol == client.subprotocol == seen_by_server.subprotocol == seen_by_client.subprotocol


@pytest.mark.parametrize(
    ("arguments", "origin", "accepted"),
    [
        ({}, None, True),
        ({}, "http://example.com", True),
        ({}, "https://evil.example", False),
        ({"origins": ["https://good.example"]}, "https://good.example", True),
        ({"origins": ["https://good.example"]}, "https://evil.example", False),
        ({"any_origin": True}, "https://evil.example", True),
    ],
)
def test_origins(arguments, origin, accepted):
    server = Connection(Role.SERVER, **arguments)
    data = request() if origin is None else request(f"Origin: {origin}")
    if accepted:
        assert isinstance(server.receive(data)[0], Open)
    else:
        with pytest.raises(ProtocolError) as raised:
            server.receive(data)
        assert raised.value.name == "TW_ERR_ORIGIN"
        assert raised.value.http_status == 403
        assert server.data_to_send().startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("limit", ["max_head_len", "max_header_count", "max_line_len"])
def test_limits_of_the_head(limit):
    arguments = {"max_head_len": 2000, "max_header_count": 20, "max_line_len": 500}
    floods = {
        "max_head_len": ["X-Long: " + "a" * 400] * 10,
        "max_header_count": ["X-Many: a"] * 30,
        "max_line_len": ["X-Long: " + "a" * 600],
    }
    assert isinstance(Connection(Role.SERVER, **arguments).receive(request())[0], Open)
    with pytest.raises(LimitError) as raised:
        Connection(Role.SERVER, **arguments).receive(request(*floods[limit]))
    assert raised.value.limit == limit
    assert raised.value.http_status == 431


def test_a_head_larger_than_the_defaults_is_read_when_the_limits_allow_it():
    many = [f"X-{i}: {'a' * 9000}" for i in range(150)]
    server = Connection(Role.SERVER, max_head_len=2_000_000, max_header_count=200, max_line_len=10_000)
    [event] = server.receive(request(*many))
    assert event.headers[-1] == ("X-149", "a" * 9000)


@pytest.mark.parametrize(
    "headers", [[("X-A", "a\r\nX-B: b")], [("X A", "a")], [("Sec-WebSocket-Accept", "a")], [("", "a")]]
)
@pytest.mark.parametrize("role", Role)
def test_headers_that_would_forge_others_are_refused(role, headers):
    with pytest.raises(UsageError) as raised:
        connection = Connection(role, host="a", headers=headers)
        connection.receive(request())
    assert raised.value.name == "TW_ERR_HEADER_INJECTION"


def test_a_client_refuses_a_wrong_answer():
    client = Connection(Role.CLIENT, host="a")
    client.data_to_send()
    with pytest.raises(ProtocolError) as raised:
        client.receive(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    assert raised.value.name == "TW_ERR_HTTP_STATUS"
    assert client.state is State.CLOSED


def test_upgraded_skips_it():
    for role in Role:
        connection = Connection(role, upgraded=True)
        assert connection.state is State.OPEN
        assert connection.data_to_send() == b""

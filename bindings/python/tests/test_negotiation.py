# SPDX-License-Identifier: MIT
"""The opening handshake without a Connection: for programs that speak HTTP on their own."""

from __future__ import annotations

import pytest
from tidewire import (
    Agreement,
    Connection,
    Deflate,
    DeflateConfig,
    Error,
    LimitError,
    Message,
    ProtocolError,
    Role,
    UsageError,
    accept_key,
    build_refusal,
    build_request,
    build_response,
    check_request,
    check_response,
    generate_key,
)
from wire import readable_buffers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
REQUEST = build_request(KEY, host="example.com")
RESPONSE = build_response(Agreement(None, None, ACCEPT))
CONFIG = DeflateConfig(max_context_len=1 << 20)


def test_each_step_leads_to_the_next():
    key = generate_key()
    request = build_request(key, host="example.com", subprotocols=["a", "b"], deflate=CONFIG)
    agreement = check_request(request, subprotocols=["b"], deflate=CONFIG)
    assert agreement == Agreement("b", Deflate(15, 15, True, True), accept_key(key))
    response = build_response(agreement, headers={"Server": "test"}, deflate=CONFIG)
    assert b"\r\nServer: test\r\n" in response
    assert check_response(response, key, subprotocols=["a", "b"], deflate=CONFIG) == agreement


def test_upgraded_connections_go_on():
    request = build_request(KEY, host="example.com", deflate=CONFIG)
    accepted = check_request(request, deflate=CONFIG)
    answered = check_response(build_response(accepted, deflate=CONFIG), KEY, deflate=CONFIG)
    server = Connection(Role.SERVER, upgraded=True, deflate=CONFIG, negotiated=accepted.deflate)
    client = Connection(Role.CLIENT, upgraded=True, deflate=CONFIG, negotiated=answered.deflate)
    client.send("hello " * 1000)
    data = client.data_to_send()
    assert len(data) < 1000
    assert server.receive(data) == [Message(b"hello " * 1000, True)]


def test_they_do_what_connections_do():
    client = Connection(Role.CLIENT, host="a", target="/b", origin="http://a", headers=[("X", "y")], random=bytes)
    zeros = "AAAAAAAAAAAAAAAAAAAAAA=="
    request = client.data_to_send()
    assert build_request(zeros, host="a", target="/b", origin="http://a", headers=[("X", "y")]) == request
    server = Connection(Role.SERVER)
    server.receive(request)
    assert build_response(check_request(request)) == server.data_to_send()


def test_a_window_that_was_asked_for_is_told():
    request = REQUEST[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15\r\n\r\n"
    agreement = check_request(request, deflate=CONFIG)
    assert agreement.deflate.window_asked
    assert b"server_max_window_bits=15" in build_response(agreement, deflate=CONFIG)
    server = Connection(Role.SERVER, upgraded=True, deflate=CONFIG, negotiated=agreement.deflate)
    assert server.deflate == agreement.deflate._replace(window_asked=False)


def test_heads_may_be_in_any_buffer():
    for request in readable_buffers(REQUEST):
        assert check_request(request) == Agreement(None, None, ACCEPT)
    for response in readable_buffers(RESPONSE):
        assert check_response(response, KEY) == Agreement(None, None, ACCEPT)


def test_origins():
    request = REQUEST[:-2] + b"Origin: https://evil.example\r\n\r\n"
    with pytest.raises(ProtocolError) as raised:
        check_request(request)
    assert raised.value.name == "TW_ERR_ORIGIN"
    assert build_refusal(raised.value.status).startswith(b"HTTP/1.1 403 ")
    assert check_request(request, origins=["https://evil.example"])
    assert check_request(request, any_origin=True)


@pytest.mark.parametrize("limit", ["max_head_len", "max_header_count", "max_line_len"])
def test_limits(limit):
    for check in (lambda: check_request(REQUEST, **{limit: 1}), lambda: check_response(RESPONSE, KEY, **{limit: 1})):
        with pytest.raises(LimitError) as raised:
            check()
        assert raised.value.name.startswith("TW_ERR_LIMIT_")


def test_an_error_has_the_place_of_the_line():
    with pytest.raises(ProtocolError) as raised:
        check_request(REQUEST.replace(b"Upgrade: websocket", b"Upgrade websocket"))
    assert raised.value.name == "TW_ERR_HTTP_SYNTAX"
    assert raised.value.offset == REQUEST.index(b"Upgrade")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_request(REQUEST[:-1]), UsageError, "the head does not end with an empty line"),
        (lambda: check_request(b""), UsageError, "the head does not end with an empty line"),
        (lambda: check_request(REQUEST + b"12"), UsageError, "2 bytes follow the head"),
        (lambda: check_request("GET"), TypeError, "head must be bytes-like, not str"),
        (lambda: check_request(REQUEST, deflate=1), TypeError, "deflate must be DeflateConfig, not int"),
        (lambda: check_request(REQUEST, subprotocols="a"), TypeError, "subprotocols must be an iterable, not a str"),
        (lambda: check_response(RESPONSE), TypeError, r"check_response\(\) missing required argument 'key'"),
        (lambda: check_response(RESPONSE, KEY.encode()), TypeError, "key must be str, not bytes"),
        (lambda: check_response(RESPONSE, KEY[:-1]), ProtocolError, "TW_ERR_KEY"),
        (lambda: check_response(RESPONSE, generate_key()), ProtocolError, "TW_ERR_ACCEPT"),
        (lambda: build_request(KEY), TypeError, r"build_request\(\) missing required argument 'host'"),
        (lambda: build_request("", host="a"), ProtocolError, "TW_ERR_KEY"),
        (lambda: build_request(KEY, host="a\r\n"), UsageError, "TW_ERR_HEADER_INJECTION"),
        (lambda: build_response(1), TypeError, "agreement must be Agreement, not int"),
        (lambda: build_response(Agreement(None, None, "a")), UsageError, "accept must have 28 characters, not 1"),
        (lambda: build_response(Agreement(None, None, "!" * 28)), UsageError, "TW_ERR_ARGUMENT"),
        (lambda: build_response(Agreement(1, None, ACCEPT)), TypeError, "subprotocols must be str, not int"),
        (lambda: build_response(Agreement(None, 1, ACCEPT)), TypeError, "agreement.deflate must be Deflate, not int"),
        (lambda: build_response(Agreement(None, Deflate(), ACCEPT)), UsageError, "TW_ERR_ARGUMENT"),
        (lambda: build_response(Agreement(None, None, ACCEPT), headers=[("a", "\n")]), UsageError, "INJECTION"),
        (lambda: build_refusal(0), UsageError, "status 0 has no HTTP status"),
        (lambda: build_refusal(2**32 - 210), UsageError, "has no HTTP status"),
        (lambda: build_refusal(2**64), UsageError, "has no HTTP status"),
        (lambda: build_refusal("403"), TypeError, "str"),
    ],
)
def test_wrong_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_keys_differ():
    assert len({generate_key() for _ in range(100)}) == 100


def test_every_status_with_an_http_status_can_refuse():
    for status in range(-400, 0):
        try:
            response = build_refusal(status)
        except Error as error:
            assert error.name == "TW_ERR_ARGUMENT"
            continue
        head, _, body = response.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 ")
        assert f"Content-Length: {len(body)}" in head.decode().split("\r\n")
    assert build_refusal(-210).startswith(b"HTTP/1.1 431 ")

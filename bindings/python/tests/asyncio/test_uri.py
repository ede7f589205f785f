# SPDX-License-Identifier: MIT
"""URIs of servers."""

from __future__ import annotations

import pytest
from tidewire.exceptions import InvalidURI
from tidewire.uri import WebSocketURI, basic_authorization, host_header, parse_uri


@pytest.mark.parametrize(
    "uri, parts",
    [
        ("ws://example.com", WebSocketURI(False, "example.com", 80, "", "")),
        ("wss://EXAMPLE.com/a/b?c=d&e", WebSocketURI(True, "example.com", 443, "/a/b", "c=d&e")),
        ("ws://example.com:8080?q", WebSocketURI(False, "example.com", 8080, "", "q")),
        ("ws://[2001:db8::1]:9/", WebSocketURI(False, "2001:db8::1", 9, "/", "")),
        ("ws://u%3A:p%40@h/", WebSocketURI(False, "h", 80, "/", "", "u:", "p@")),
        ("ws://u:@h/", WebSocketURI(False, "h", 80, "/", "", "u", "")),
        ("WSS://h/", WebSocketURI(True, "h", 443, "/", "")),
        ("ws://bücher.example/ä?ö=%20", WebSocketURI(False, "xn--bcher-kva.example", 80, "/%C3%A4", "%C3%B6=%20")),
        ('ws://h/a b"?x={}', WebSocketURI(False, "h", 80, "/a%20b%22", "x=%7B%7D")),
    ],
)
def test_a_uri_is_taken_apart(uri: str, parts: WebSocketURI) -> None:
    assert parse_uri(uri) == parts


@pytest.mark.parametrize(
    "uri, why",
    [
        ("http://h/", "scheme"),
        ("h:80", "scheme"),
        ("ws:///a", "no host"),
        ("ws://h/#f", "fragment"),
        ("ws://h:65536/", "ort"),
        ("ws://h:x/", "ort"),
        ("ws://[::1/", "IPv6"),
        ("ws://u@h/", "without a password"),
        ("ws://u%ff:p@h/", "utf-8"),
        ("ws://a b/", "space"),
        ("ws://" + "ü" * 64 + "/", "idna|label"),
        ("ws://h/\ud800", "utf-8"),
    ],
)
def test_what_is_no_uri_of_a_websocket_is_refused_with_the_reason(uri: str, why: str) -> None:
    with pytest.raises(InvalidURI, match=why) as info:
        parse_uri(uri)
    assert info.value.uri == uri


def test_the_resource_name_has_a_path_always() -> None:
    assert parse_uri("ws://h").resource_name == "/"
    assert parse_uri("ws://h?q").resource_name == "/?q"
    assert parse_uri("ws://h/p?q").resource_name == "/p?q"


def test_user_information_is_a_pair_or_nothing() -> None:
    assert parse_uri("ws://u:p@h").user_info == ("u", "p")
    assert parse_uri("ws://h").user_info is None


@pytest.mark.parametrize(
    "host, port, secure, header",
    [
        ("h", 80, False, "h"),
        ("h", 443, False, "h:443"),
        ("h", 443, True, "h"),
        ("::1", 80, False, "[::1]"),
        ("::1", 81, False, "[::1]:81"),
    ],
)
def test_the_host_header_leaves_a_default_port_out(host: str, port: int, secure: bool, header: str) -> None:
    assert host_header(host, port, secure=secure) == header


def test_credentials_are_encoded_as_utf_8() -> None:
    assert basic_authorization(("Aladdin", "open sesame")) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_authorization(("test", "123£")) == "Basic dGVzdDoxMjPCow=="
    with pytest.raises(ValueError, match="colon"):
        basic_authorization(("a:b", "c"))

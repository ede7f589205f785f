# SPDX-License-Identifier: MIT
"""Headers, requests and responses; beside those of the package `websockets`, whose names they have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import websockets.datastructures
from tidewire import datastructures, http11
from tidewire.datastructures import Headers, MultipleValuesError
from tidewire.exceptions import (
    HeaderLineTooLong,
    InvalidHeader,
    InvalidHeaderValue,
    InvalidMessage,
    RequestLineTooLong,
    StatusLineTooLong,
    TooManyHeaders,
)
from tidewire.http11 import Request, Response, plain_response

BOTH = pytest.mark.parametrize("module", [datastructures, websockets.datastructures], ids=["tidewire", "websockets"])


@BOTH
def test_headers_are_found_in_any_case(module: Any) -> None:
    headers = module.Headers({"Content-Type": "text/plain"}, server="x")
    assert headers["content-TYPE"] == "text/plain"
    assert "CONTENT-type" in headers and "Host" not in headers and 7 not in headers
    assert headers.get("Host") is None
    assert list(headers) == ["content-type", "server"] and len(headers) == 2
    with pytest.raises(KeyError):
        headers["Host"]
    with pytest.raises(KeyError):
        del headers["Host"]


@BOTH
def test_headers_keep_several_values_of_a_name_in_order(module: Any) -> None:
    headers = module.Headers([("Set-Cookie", "a"), ("Host", "h"), ("set-cookie", "b")])
    assert headers.get_all("SET-COOKIE") == ["a", "b"]
    assert headers.get_all("missing") == []
    assert list(headers.raw_items()) == [("Set-Cookie", "a"), ("Host", "h"), ("set-cookie", "b")]
    assert len(headers) == 2
    with pytest.raises(module.MultipleValuesError) as caught:
        headers["set-cookie"]
    assert isinstance(caught.value, LookupError) and not isinstance(caught.value, KeyError)
    assert str(caught.value) == "'set-cookie'"
    headers["Set-Cookie"] = "c"
    assert headers.get_all("set-cookie") == ["a", "b", "c"]
    del headers["SET-cookie"]
    assert list(headers.items()) == [("host", "h")]


@BOTH
def test_headers_are_written_as_they_came(module: Any) -> None:
    headers = module.Headers([("X-a", "1"), ("x-A", "\xe9 \t")])
    assert str(headers) == "X-a: 1\r\nx-A: \xe9 \t\r\n\r\n"
    assert headers.serialize() == b"X-a: 1\r\nx-A: \xe9 \t\r\n\r\n"
    assert repr(headers) == "Headers([('X-a', '1'), ('x-A', '\xe9 \\t')])"


@BOTH
def test_headers_compare_by_names_in_any_case(module: Any) -> None:
    headers = module.Headers({"Host": "h"}, x="1")
    assert headers == module.Headers([("X", "1"), ("HOST", "h")])
    assert headers != module.Headers([("X", "1")])
    assert headers != {"Host": "h", "x": "1"}


@BOTH
def test_headers_copied_are_independent(module: Any) -> None:
    headers = module.Headers({"a": "1"})
    other = headers.copy()
    other["b"] = "2"
    assert "b" not in headers and type(other) is module.Headers
    other.clear()
    assert len(other) == 0 and headers["a"] == "1"


@BOTH
def test_headers_update_adds_and_setdefault_does_not(module: Any) -> None:
    headers = module.Headers({"a": "1"})
    headers.update(module.Headers([("A", "2"), ("b", "3"), ("b", "4")]))
    assert headers.get_all("a") == ["1", "2"] and headers.get_all("b") == ["3", "4"]
    headers.update([("c", "5")], d="6")
    assert headers.setdefault("C", "7") == "5" and headers.setdefault("e", "8") == "8"
    assert headers.pop("d") == "6" and "d" not in headers


@BOTH
def test_headers_take_what_has_keys_and_items(module: Any) -> None:
    class Settings:
        def keys(self) -> Iterator[str]:
            return iter(["a"])

        def __getitem__(self, name: str) -> str:
            return name.upper()

    assert module.Headers(Settings())["a"] == "A"


@BOTH
@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "\0", "\x7f", "snow \u2603"])
def test_headers_refuse_a_value_that_would_end_the_line(module: Any, value: str) -> None:
    error: Any = InvalidHeaderValue if module is datastructures else websockets.InvalidHeaderValue
    headers = module.Headers()
    with pytest.raises(error) as caught:
        headers["X-Name"] = value
    assert caught.value.name == "X-Name" and caught.value.value == value
    assert not headers


@BOTH
def test_headers_take_a_number_for_a_value(module: Any) -> None:
    assert module.Headers([("Content-Length", 5)]).serialize() == b"Content-Length: 5\r\n\r\n"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "\xe9", "a\0"])
def test_headers_refuse_a_name_that_is_no_token(name: str) -> None:
    headers = Headers()
    with pytest.raises(InvalidHeader):
        headers[name] = "x"
    assert not headers


def test_headers_updated_with_themselves_have_everything_twice() -> None:
    headers = Headers({"a": "1"})
    headers.update(headers)
    assert headers.get_all("a") == ["1", "1"]
    with pytest.raises(MultipleValuesError):
        headers["a"]


def test_request_is_read_and_written_alike() -> None:
    wire = b"GET /chat?a=b HTTP/1.1\r\nHost: h\r\nX:\r\ny: \t z \t\r\n\r\n"
    request = Request.parse(wire)
    assert (request.method, request.path, request.protocol) == ("GET", "/chat?a=b", "HTTP/1.1")
    assert list(request.headers.raw_items()) == [("Host", "h"), ("X", ""), ("y", "z")]
    assert Request.parse(request.serialize()) == request


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\n\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / x HTTP/1.1\r\n\r\n",
        b"GET / FTP/1.1\r\n\r\n",
        b"GET /\n HTTP/1.1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\n\r\n",
        b"GET /\xe9 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\n: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        b"GET / HTTP/1.1\r\na: b\r\n c: d\r\n\r\n",
        b"GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n",
        b"GET / HTTP/1.1\r\na: b\rc: d\r\n\r\n",
    ],
)
def test_request_that_is_not_http_is_refused(head: bytes) -> None:
    with pytest.raises(InvalidMessage):
        Request.parse(head)


def test_request_and_response_at_their_limits_are_read_and_beyond_refused() -> None:
    start = "GET /{} HTTP/1.1\r\n"
    path = "x" * (http11.MAX_LINE_LEN - len(start) + 4)
    assert Request.parse((start.format(path) + "\r\n").encode()).path == "/" + path
    with pytest.raises(RequestLineTooLong):
        Request.parse((start.format(path + "x") + "\r\n").encode())

    line = "X: " + "x" * (http11.MAX_LINE_LEN - 3)
    assert len(Request.parse(f"GET / HTTP/1.1\r\n{line}\r\n\r\n".encode()).headers["X"]) == len(line) - 3
    with pytest.raises(HeaderLineTooLong):
        Request.parse(f"GET / HTTP/1.1\r\n{line}x\r\n\r\n".encode())

    lines = "X: x\r\n" * http11.MAX_HEADERS
    assert len(Request.parse(f"GET / HTTP/1.1\r\n{lines}\r\n".encode()).headers.get_all("x")) == http11.MAX_HEADERS
    with pytest.raises(TooManyHeaders):
        Request.parse(f"GET / HTTP/1.1\r\n{lines}X: x\r\n\r\n".encode())

    with pytest.raises(StatusLineTooLong):
        Response.parse(f"HTTP/1.1 200 {'x' * http11.MAX_LINE_LEN}\r\n\r\n".encode())


def test_response_is_read_and_written_alike() -> None:
    for line, reason in ((b"HTTP/1.1 404 Not  Found", "Not  Found"), (b"HTTP/1.0 404 ", ""), (b"HTTP/1.1 404", "")):
        response = Response.parse(line + b"\r\nA: b\r\n\r\n")
        assert (response.status_code, response.reason_phrase, response.headers["a"]) == (404, reason, "b")
    assert Response(200, "OK", Headers(), b"x").serialize() == b"HTTP/1.1 200 OK\r\n\r\nx"
    assert Response.parse(Response(200, "OK", Headers()).serialize()) == Response(200, "OK", Headers())


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1",
        b"HTTP/1.1 20",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 600 OK",
        b"HTTP/1.1 \xb2\xb9\xb2 OK",
        b"HTTP/2 200 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 200 O\0K",
    ],
)
def test_response_that_is_not_http_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidMessage):
        Response.parse(line + b"\r\n\r\n")


def test_plain_response_says_its_text_or_its_status() -> None:
    response = plain_response(404, "gone \u2603")
    assert response.body == "gone \u2603".encode()
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.headers["Connection"] == "close"
    assert parsedate_to_datetime(response.headers["Date"]).tzinfo is timezone.utc
    assert (response.status_code, response.reason_phrase) == (404, "Not Found")
    assert plain_response(503).body == b"503 Service Unavailable\n"

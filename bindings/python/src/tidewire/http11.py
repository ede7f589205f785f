# SPDX-License-Identifier: MIT
"""HTTP/1.1 requests and responses, as far as an opening handshake has them."""

from __future__ import annotations

import http
import re
from dataclasses import dataclass

from .datastructures import Headers, is_field_value
from .exceptions import (
    HeaderLineTooLong,
    InvalidHeader,
    InvalidMessage,
    RequestLineTooLong,
    SecurityError,
    StatusLineTooLong,
    TooManyHeaders,
)

__all__ = ["MAX_BODY_LEN", "MAX_HEADERS", "MAX_HEAD_LEN", "MAX_LINE_LEN", "Request", "Response", "plain_response"]

# The first three are what the engine allows as well.
MAX_HEAD_LEN = 16384
"""Bytes of a request or response up to the empty line."""
MAX_LINE_LEN = 8192
"""Bytes of one of its lines, without the line's end."""
MAX_HEADERS = 100
"""Lines of headers in it."""
MAX_BODY_LEN = 1 << 20
"""Bytes of the body of a response that refuses the connection."""


@dataclass
class Request:
    """A client's request."""

    path: str
    """Path and query, as the client sent them."""
    headers: Headers
    method: str = "GET"
    protocol: str = "HTTP/1.1"

    def serialize(self) -> bytes:
        """Returns what goes over the wire."""
        return f"{self.method} {self.path} {self.protocol}\r\n".encode("latin-1") + self.headers.serialize()

    @classmethod
    def parse(cls, head: bytes) -> Request:
        """Reads a request up to and with its empty line.

        Raises InvalidMessage, RequestLineTooLong, HeaderLineTooLong or TooManyHeaders.
        """
        line, headers = _split_head(head, RequestLineTooLong)
        parts = line.split(" ")
        printable = line.isascii() and line.isprintable()
        if not printable or len(parts) != 3 or not all(parts) or not parts[2].startswith("HTTP/"):
            raise InvalidMessage(f"not an HTTP request line: {line[:100]!r}")
        return cls(parts[1], headers, parts[0], parts[2])


@dataclass
class Response:
    """A server's response."""

    status_code: int
    reason_phrase: str
    headers: Headers
    body: bytes = b""

    def serialize(self) -> bytes:
        """Returns what goes over the wire."""
        line = f"HTTP/1.1 {self.status_code} {self.reason_phrase}\r\n".encode("latin-1")
        return line + self.headers.serialize() + bytes(self.body)

    @classmethod
    def parse(cls, head: bytes) -> Response:
        """Reads a response up to and with its empty line; its body is not read.

        Raises InvalidMessage, StatusLineTooLong, HeaderLineTooLong or TooManyHeaders.
        """
        line, headers = _split_head(head, StatusLineTooLong)
        protocol, _, rest = line.partition(" ")
        code, _, reason = rest.partition(" ")
        if protocol not in ("HTTP/1.1", "HTTP/1.0") or not _is_status(code) or not is_field_value(reason):
            raise InvalidMessage(f"not an HTTP status line: {line[:100]!r}")
        return cls(int(code), reason, headers)


def plain_response(status: int, text: str = "") -> Response:
    """Makes a response that refuses a connection, or answers a request that asks for none, with a text."""
    from email.utils import formatdate  # here, since it takes long to load and few responses need it

    phrase = http.HTTPStatus(status).phrase
    body = (text or f"{status} {phrase}\n").encode()
    headers = Headers(
        [
            ("Date", formatdate(usegmt=True)),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            ("Content-Type", "text/plain; charset=utf-8"),
        ]
    )
    return Response(status, phrase, headers, body)


_is_status = re.compile(r"[1-5][0-9]{2}").fullmatch  # RFC 9110 15


def _split_head(head: bytes, first_too_long: type[SecurityError]) -> tuple[str, Headers]:
    """Returns the first line, and the headers. Lines end with CRLF, and no header goes on in a second line."""
    if not head.endswith(b"\r\n\r\n"):
        raise InvalidMessage("the head of the HTTP message has no end")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    if len(first) > MAX_LINE_LEN:
        raise first_too_long(f"the first line is longer than {MAX_LINE_LEN} bytes")
    if len(lines) > MAX_HEADERS:
        raise TooManyHeaders(f"there are more than {MAX_HEADERS} headers")
    headers = Headers()
    for line in lines:
        if len(line) > MAX_LINE_LEN:
            raise HeaderLineTooLong(f"the line of a header is longer than {MAX_LINE_LEN} bytes: {line[:100]!r}")
        name, colon, value = line.partition(":")
        if not colon:
            raise InvalidMessage(f"not an HTTP header, for want of a colon: {line[:100]!r}")
        try:
            headers[name] = value.strip(" \t")
        except InvalidHeader:
            raise InvalidMessage(f"not an HTTP header: {line[:100]!r}") from None
    return first, headers

# SPDX-License-Identifier: MIT
"""Exceptions of connections that do their own I/O: `tidewire.asyncio` and `tidewire.sync`.

Where the engine found the cause, its `tidewire.Error` is the `__cause__`: status, rule or limit, and place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .frames import Close, CloseCode

if TYPE_CHECKING:
    from .http11 import Response

__all__ = [
    "ConcurrencyError",
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "HeaderLineTooLong",
    "InvalidHandshake",
    "InvalidHeader",
    "InvalidHeaderFormat",
    "InvalidHeaderValue",
    "InvalidMessage",
    "InvalidOrigin",
    "InvalidProxy",
    "InvalidProxyMessage",
    "InvalidProxyStatus",
    "InvalidState",
    "InvalidStatus",
    "InvalidURI",
    "InvalidUpgrade",
    "NegotiationError",
    "PayloadTooBig",
    "ProtocolError",
    "ProxyError",
    "RequestLineTooLong",
    "SecurityError",
    "StatusLineTooLong",
    "TooManyFragments",
    "TooManyHeaders",
    "WebSocketException",
]


class WebSocketException(Exception):
    """Base of all the others."""


class ConnectionClosed(WebSocketException):
    """The connection is closed: nothing more can be sent or received."""

    rcvd: Close | None
    """The peer's close frame."""
    sent: Close | None
    """Ours."""
    rcvd_then_sent: bool | None
    """Whether the peer's came first; None unless there are both."""

    def __init__(self, rcvd: Close | None, sent: Close | None, rcvd_then_sent: bool | None = None) -> None:
        assert (rcvd_then_sent is None) == (rcvd is None or sent is None)
        super().__init__(rcvd, sent, rcvd_then_sent)
        self.rcvd = rcvd
        self.sent = sent
        self.rcvd_then_sent = rcvd_then_sent

    def __str__(self) -> str:
        if self.rcvd is None:
            return f"sent {self.sent}; no close frame received" if self.sent else "no close frame received or sent"
        if self.sent is None:
            return f"received {self.rcvd}; no close frame sent"
        if self.rcvd_then_sent:
            return f"received {self.rcvd}; then sent {self.sent}"
        return f"sent {self.sent}; then received {self.rcvd}"

    @property
    def code(self) -> int:
        """The peer's close code: 1005 if its close frame had none, 1006 if none came."""
        return CloseCode.ABNORMAL_CLOSURE if self.rcvd is None else self.rcvd.code

    @property
    def reason(self) -> str:
        """The peer's reason."""
        return "" if self.rcvd is None else self.rcvd.reason


class ConnectionClosedOK(ConnectionClosed):
    """Both sides closed with 1000, 1001, or without a code."""


class ConnectionClosedError(ConnectionClosed):
    """The connection failed, or a side closed with another code."""


class InvalidURI(WebSocketException):
    """Not the URI of a WebSocket."""

    def __init__(self, uri: str, msg: str) -> None:
        super().__init__(uri, msg)
        self.uri = uri
        self.msg = msg

    def __str__(self) -> str:
        return f"{self.uri} is not a valid URI: {self.msg}"


class InvalidProxy(WebSocketException):
    """Not the URI of a proxy that can be used."""

    def __init__(self, proxy: str, msg: str) -> None:
        super().__init__(proxy, msg)
        self.proxy = proxy
        self.msg = msg

    def __str__(self) -> str:
        return f"{self.proxy} is not a valid proxy: {self.msg}"


class InvalidHandshake(WebSocketException):
    """The opening handshake failed."""


class SecurityError(InvalidHandshake):
    """The opening handshake went beyond a limit, or somewhere it should not."""


class RequestLineTooLong(SecurityError):
    """The first line of the request is too long."""


class StatusLineTooLong(SecurityError):
    """The first line of the response is too long."""


class HeaderLineTooLong(SecurityError):
    """The line of a header is too long."""


class TooManyHeaders(SecurityError):
    """The request or response has too many headers."""


class ProxyError(InvalidHandshake):
    """The proxy did not connect."""


class InvalidProxyMessage(ProxyError):
    """What the proxy answered is not HTTP."""


class InvalidProxyStatus(ProxyError):
    """The proxy refused."""

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        self.response = response

    def __str__(self) -> str:
        return f"the proxy refused the connection: HTTP {self.response.status_code}"


class InvalidMessage(InvalidHandshake):
    """The peer did not send an HTTP request, or response, that can be understood."""


class InvalidStatus(InvalidHandshake):
    """The server refused the connection."""

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        self.response = response

    def __str__(self) -> str:
        return f"the server refused the connection: HTTP {self.response.status_code}"


class InvalidHeader(InvalidHandshake):
    """A header is missing or has a value that it must not have."""

    def __init__(self, name: str, value: str | None = None) -> None:
        super().__init__(name, value)
        self.name = name
        self.value = value

    def __str__(self) -> str:
        if self.value is None:
            return f"missing {self.name} header"
        return f"invalid {self.name} header: {self.value}" if self.value else f"empty {self.name} header"


class InvalidHeaderFormat(InvalidHeader):
    """A header is not of the form that its grammar asks for."""

    def __init__(self, name: str, error: str, header: str, pos: int) -> None:
        """`error` is what was expected at offset `pos` of the value `header`."""
        super().__init__(name, f"{error} at {pos} in {header}")
        self.args = (name, error, header, pos)


class InvalidHeaderValue(InvalidHeader):
    """A header is of the right form, and has a value that is not allowed."""


class InvalidOrigin(InvalidHeader):
    """The Origin of the request is not allowed."""

    def __init__(self, origin: str | None) -> None:
        super().__init__("Origin", origin)
        self.args = (origin,)


class InvalidUpgrade(InvalidHeader):
    """The Upgrade or Connection header does not ask for a WebSocket."""


class NegotiationError(InvalidHandshake):
    """The sides found no subprotocol, or no extensions, to agree on."""


class InvalidState(WebSocketException, AssertionError):
    """Something was asked of a connection that it cannot do in its state."""


class ProtocolError(WebSocketException):
    """A side broke the protocol."""


class PayloadTooBig(WebSocketException):
    """A message or frame is longer than `max_size`."""


class TooManyFragments(WebSocketException):
    """A message comes in more fragments than are allowed."""


class ConcurrencyError(WebSocketException, RuntimeError):
    """Two tasks, or threads, did at the same time what only one may do."""

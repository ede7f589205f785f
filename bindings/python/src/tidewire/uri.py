# SPDX-License-Identifier: MIT
"""URIs of WebSockets (RFC 6455 3)."""

from __future__ import annotations

import base64
import urllib.parse
from dataclasses import dataclass

from .exceptions import InvalidURI

__all__ = ["WebSocketURI", "parse_uri"]

# What a path and a query keep as it is: the delimiters (RFC 3986 2.2), and the sign of what is escaped already.
_DELIMITERS = ":/?#[]@!$&'()*+,;=%"


@dataclass
class WebSocketURI:
    """The parts of a URI with the scheme ws or wss."""

    secure: bool
    """Whether the scheme is wss."""
    host: str
    """In lower case, names beyond ASCII in the form of IDNA, IPv6 addresses without brackets."""
    port: int
    """80 or 443 where the URI has none."""
    path: str
    """As it goes over the wire; may be empty."""
    query: str
    """Without its question mark; may be empty."""
    username: str | None = None
    """None where the URI has no user information, else with a password, both unescaped."""
    password: str | None = None

    @property
    def resource_name(self) -> str:
        """Path and query, as the request line has them."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")

    @property
    def user_info(self) -> tuple[str, str] | None:
        """User name and password, if the URI has them."""
        if self.username is None or self.password is None:
            return None
        return self.username, self.password

    @property
    def origin(self) -> tuple[bool, str, int]:
        """What two URIs have in common whose server may see the same credentials."""
        return self.secure, self.host, self.port


def parse_uri(uri: str) -> WebSocketURI:
    """Takes a URI apart. Raises InvalidURI."""
    try:
        parts = urllib.parse.urlsplit(uri)
        if parts.scheme not in ("ws", "wss"):
            raise ValueError("its scheme is neither ws nor wss")
        if parts.fragment:
            raise ValueError("a fragment means nothing to a WebSocket (RFC 6455 3)")
        secure = parts.scheme == "wss"
        host, port, username, password = read_authority(parts)
        path, query = (urllib.parse.quote(part, safe=_DELIMITERS) for part in (parts.path, parts.query))
    except ValueError as error:
        raise InvalidURI(uri, str(error)) from None
    if port is None:
        port = 443 if secure else 80
    return WebSocketURI(secure, host, port, path, query, username, password)


def read_authority(parts: urllib.parse.SplitResult) -> tuple[str, int | None, str | None, str | None]:
    """Returns host, port, user name and password of a URI. Raises ValueError."""
    host = parts.hostname
    if not host:
        raise ValueError("it has no host")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not all("!" <= char <= "~" for char in host):
        raise ValueError("its host has a space or a control character")
    username, password = parts.username, parts.password
    if username is not None:
        if password is None:
            raise ValueError("it has a user name without a password")
        username, password = (urllib.parse.unquote(part, errors="strict") for part in (username, password))
    return host, parts.port, username, password


def host_header(host: str, port: int, *, secure: bool) -> str:
    """Returns the value of the header Host, without a port that is the default."""
    return bracketed(host) if port == (443 if secure else 80) else f"{bracketed(host)}:{port}"


def bracketed(host: str) -> str:
    """Returns a host as URIs have it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def basic_authorization(user_info: tuple[str, str]) -> str:
    """Returns the value of the header Authorization for a user name and a password (RFC 7617). Raises ValueError."""
    username, password = user_info
    if ":" in username:
        raise ValueError("a user name must not contain a colon")
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")

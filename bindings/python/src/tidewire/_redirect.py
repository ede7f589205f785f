# SPDX-License-Identifier: MIT
"""Which redirects a client follows, for `tidewire.asyncio` and `tidewire.sync`."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

from .datastructures import Headers, HeadersLike
from .exceptions import SecurityError
from .http11 import Response
from .uri import parse_uri

MAX_REDIRECTS = 10

_STATUSES = (300, 301, 302, 303, 307, 308)
_CREDENTIALS = ("authorization", "cookie", "proxy-authorization")


def redirect_uri(uri: str, response: Response) -> str | None:
    """Returns where a response to a request for `uri` redirects to, None if it does not."""
    locations = response.headers.get_all("Location")
    if response.status_code not in _STATUSES or len(locations) != 1:
        return None
    target = urllib.parse.urljoin(uri, locations[0])
    scheme, colon, rest = target.partition(":")
    # Servers that know nothing of WebSockets redirect to pages.
    return {"http": "ws", "https": "wss"}.get(scheme.lower(), scheme) + colon + rest


def check_redirect(old: str, new: str, options: Mapping[str, Any]) -> bool:
    """Judges a redirect. `options` are those of the transport: with `sock`, `unix`, `host`, `port` or `address`, the
    caller said where to connect to.

    Returns whether both URIs have the same origin, so that the new one may get the same credentials. Raises
    InvalidURI, SecurityError for what would leave TLS, and ValueError for what the options rule out.
    """
    before = parse_uri(old)
    after = parse_uri(new)
    if options.get("sock") is not None:
        raise ValueError(f"cannot follow the redirect to {new}: the socket that was given is used up")
    if before.secure and not after.secure:
        raise SecurityError(f"cannot follow the redirect to {new}: it would leave TLS")
    if before.origin == after.origin:
        return True
    for name in ("unix", "host", "port", "address"):
        if options.get(name) not in (None, False):
            raise ValueError(f"cannot follow the redirect to {new}: the argument {name} says where to connect to")
    return False


def without_credentials(headers: HeadersLike) -> Headers:
    """Returns the headers that another origin may see."""
    return Headers([pair for pair in Headers(headers).raw_items() if pair[0].lower() not in _CREDENTIALS])

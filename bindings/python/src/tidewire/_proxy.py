# SPDX-License-Identifier: MIT
"""What is said to proxies, without I/O, for `tidewire.asyncio` and `tidewire.sync`."""

from __future__ import annotations

from typing import Any

from .datastructures import Headers
from .exceptions import InvalidProxyMessage, InvalidProxyStatus
from .http11 import Request, Response
from .proxy import Proxy
from .uri import basic_authorization, bracketed

SOCKS_VERSIONS = {"socks4": (4, False), "socks4a": (4, True), "socks5": (5, False), "socks5h": (5, True)}
"""The protocol's version, and whether the proxy resolves the host's name."""

MISSING_SOCKS = "a SOCKS proxy needs the package python-socks: pip install python-socks[asyncio]"


def connect_request(proxy: Proxy, host: str, port: int, user_agent: str | None) -> bytes:
    """Returns the request that asks an HTTP proxy for a way to a server (RFC 9110 9.3.6)."""
    target = f"{bracketed(host)}:{port}"
    headers = Headers([("Host", target)])
    if user_agent is not None:
        headers["User-Agent"] = user_agent
    if proxy.user_info is not None:
        headers["Proxy-Authorization"] = basic_authorization(proxy.user_info)
    return Request(target, headers, method="CONNECT").serialize()


def check_connected(response: Response, rest: bytes) -> None:
    """Judges a proxy's response, and what came behind it: the server speaks when it is spoken to. Raises
    InvalidProxyStatus, InvalidProxyMessage."""
    if not 200 <= response.status_code < 300:
        raise InvalidProxyStatus(response)
    if rest:
        raise InvalidProxyMessage("the proxy sent more than the head of its response")


def split_options(proxy: Proxy, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divides what goes to the event loop, or the socket module: TLS with the server behind an HTTP proxy, and the
    way to the proxy, whose own TLS options begin with `proxy_`. Raises ValueError."""
    of_server = {}
    of_proxy = {}
    for name, value in options.items():
        if name.startswith("ssl") or name == "server_hostname":
            of_server[name] = value
        else:
            of_proxy[name.removeprefix("proxy_")] = value
    if proxy.scheme == "https":
        if of_proxy.setdefault("ssl", True) is None:
            raise ValueError("proxy_ssl=None does not go with a proxy whose scheme is https")
    elif of_proxy.get("ssl") is not None:
        raise ValueError("proxy_ssl does not go with a proxy whose scheme is http")
    return of_server, of_proxy

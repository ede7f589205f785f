# SPDX-License-Identifier: MIT
"""Proxies: their URIs, and which one the environment names."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from .exceptions import InvalidProxy
from .uri import WebSocketURI, bracketed, read_authority

__all__ = ["Proxy", "get_proxy", "parse_proxy"]

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


@dataclass
class Proxy:
    """The parts of a proxy's URI."""

    scheme: str
    """http; https, where TLS protects the way to the proxy; socks4, socks5, which take addresses; socks4a, socks5h,
    which take host names too."""
    host: str
    """In lower case, IPv6 addresses without brackets."""
    port: int
    """The scheme's own where the URI has none."""
    username: str | None = None
    """None where the URI has no user information, else with a password, both unescaped."""
    password: str | None = None

    @property
    def user_info(self) -> tuple[str, str] | None:
        """User name and password, if the URI has them."""
        if self.username is None or self.password is None:
            return None
        return self.username, self.password


def parse_proxy(proxy: str) -> Proxy:
    """Takes a proxy's URI apart. Raises InvalidProxy."""
    try:
        parts = urllib.parse.urlsplit(proxy)
        if parts.scheme not in _DEFAULT_PORTS:
            raise ValueError(f"its scheme must be one of {', '.join(_DEFAULT_PORTS)}")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("a path, query or fragment means nothing to a proxy")
        host, port, username, password = read_authority(parts)
    except ValueError as error:
        raise InvalidProxy(_without_password(proxy), str(error)) from None
    return Proxy(parts.scheme, host, _DEFAULT_PORTS[parts.scheme] if port is None else port, username, password)


def get_proxy(uri: WebSocketURI) -> str | None:
    """Returns the URI of the proxy that the environment, or the system, names for a WebSocket: ws_proxy or wss_proxy
    first, then a SOCKS proxy, then https_proxy, and for ws http_proxy last. None if there is none, or if no_proxy
    excepts the host."""
    import urllib.request  # slow to import

    if any(urllib.request.proxy_bypass(f"{host}:{uri.port}") for host in {uri.host, bracketed(uri.host)}):
        return None
    proxies = urllib.request.getproxies()
    for scheme in ("wss", "socks", "https") if uri.secure else ("ws", "socks", "https", "http"):
        if proxy := proxies.get(scheme):
            # Some systems call a SOCKS proxy so.
            return f"socks5h://{proxy[7:]}" if scheme == "socks" and proxy.startswith("http://") else proxy
    return None


def _without_password(proxy: str) -> str:
    """A proxy's URI for an error, which may be logged."""
    before, at, after = proxy.rpartition("@")
    return f"{before.partition('//')[0]}//***@{after}" if at else proxy

# SPDX-License-Identifier: MIT
"""The way to a server: addresses, Unix sockets, TLS and proxies."""

from __future__ import annotations

import importlib
import os
import socket
import ssl as tls
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from .._body import BodyReader
from .._proxy import MISSING_SOCKS, SOCKS_VERSIONS, check_connected, connect_request
from ..exceptions import InvalidMessage, InvalidProxyMessage, ProxyError, SecurityError
from ..http11 import Response
from ..proxy import Proxy, get_proxy, parse_proxy
from ..uri import WebSocketURI
from .opening import Deadline, read_head, read_some, send_all
from .tls import TlsInTls


@dataclass
class Way:
    """How to get to a server: the arguments of `connect` that say it."""

    sock: socket.socket | None = None
    path: str | os.PathLike[str] | None = None
    """Of a Unix socket."""
    ssl: tls.SSLContext | None = None
    server_hostname: str | None = None
    proxy: str | Literal[True] | None = None
    proxy_ssl: tls.SSLContext | None = None
    proxy_server_hostname: str | None = None
    user_agent: str | None = None
    """For HTTP proxies."""
    options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of socket.create_connection."""

    def dial(self, uri: WebSocketURI, deadline: Deadline) -> socket.socket:
        """Returns a socket over which the opening handshake with the server of `uri` can begin. It is a TlsInTls where
        TLS goes through TLS.

        Raises OSError, TimeoutError, InvalidProxy, ProxyError; ImportError where SOCKS is not to be had.
        """
        sock = self.sock or self._connect(uri, deadline)
        try:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            if uri.secure:
                sock = start_tls(sock, self.ssl, self.server_hostname or uri.host, deadline)
        except BaseException:
            sock.close()
            raise
        return sock

    def _connect(self, uri: WebSocketURI, deadline: Deadline) -> socket.socket:
        if self.path is not None:
            return _connect_unix(self.path, deadline)
        proxy = get_proxy(uri) if self.proxy is True else self.proxy
        options = self.options.copy()
        address: tuple[str, int] = options.pop("address", (uri.host, uri.port))
        if proxy is None:
            return _connect_tcp(address, options, deadline)
        parsed = parse_proxy(proxy)
        if parsed.scheme in SOCKS_VERSIONS:
            return _connect_through_socks(parsed, address, options, deadline)
        if parsed.scheme != "https" and self.proxy_ssl is not None:
            raise ValueError("proxy_ssl does not go with a proxy whose scheme is http")
        sock = _connect_tcp((parsed.host, parsed.port), options, deadline)
        try:
            if parsed.scheme == "https":
                sock = start_tls(sock, self.proxy_ssl, self.proxy_server_hostname or parsed.host, deadline)
            send_all(sock, connect_request(parsed, address[0], address[1], self.user_agent), deadline)
            _judge_proxy(sock, deadline)
        except BaseException:
            sock.close()
            raise
        return sock


def start_tls(
    sock: socket.socket, context: tls.SSLContext | None, server_hostname: str, deadline: Deadline
) -> socket.socket:
    """Returns a socket with TLS over `sock`, which may have TLS itself; without a context it is the default one. When
    it raises, `sock` is closed."""
    context = context or tls.create_default_context()
    secure: tls.SSLSocket | TlsInTls
    if isinstance(sock, tls.SSLSocket):
        secure = TlsInTls(sock, context, server_hostname)
    else:
        secure = context.wrap_socket(sock, server_hostname=server_hostname, do_handshake_on_connect=False)
    try:
        secure.settimeout(deadline.left())
        secure.do_handshake()
    except BaseException:
        secure.close()
        raise
    return cast(socket.socket, secure)


def read_response(sock: socket.socket, head: bytes, rest: bytes, deadline: Deadline) -> Response:
    """Returns a response, of which `head` and `rest` were read, with its body. Raises InvalidMessage, OSError."""
    response = Response.parse(head)
    body = BodyReader(response)
    while not body.feed(rest):
        rest = read_some(sock, deadline)
        if not rest:
            break
    response.body = bytes(body.body)
    return response


def _connect_unix(path: str | os.PathLike[str], deadline: Deadline) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.left())
        sock.connect(os.fspath(path))
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_tcp(address: tuple[str, int], options: dict[str, Any], deadline: Deadline) -> socket.socket:
    return socket.create_connection(address, **{"timeout": deadline.left(), **options})


def _connect_through_socks(
    proxy: Proxy, address: tuple[str, int], options: dict[str, Any], deadline: Deadline
) -> socket.socket:
    try:
        kinds = importlib.import_module("python_socks").ProxyType
        make_proxy = importlib.import_module("python_socks.sync").Proxy
    except ImportError:
        raise ImportError(MISSING_SOCKS) from None
    version, resolves = SOCKS_VERSIONS[proxy.scheme]
    kind = kinds.SOCKS5 if version == 5 else kinds.SOCKS4
    way = make_proxy(kind, proxy.host, proxy.port, proxy.username, proxy.password, resolves)
    try:
        sock = way.connect(*address, timeout=deadline.left(), local_addr=options.get("source_address"))
    except OSError:
        raise
    except Exception as error:
        raise ProxyError(f"the SOCKS proxy did not connect: {error}") from error
    return cast(socket.socket, sock)


def _judge_proxy(sock: socket.socket, deadline: Deadline) -> None:
    """Waits until an HTTP proxy has connected to the server. Raises InvalidProxyMessage, InvalidProxyStatus and
    OSError."""
    try:
        head, rest = read_head(sock, deadline)
        response = Response.parse(head)
        if not 200 <= response.status_code < 300:
            response, rest = read_response(sock, head, rest, deadline), b""
    except (InvalidMessage, SecurityError) as error:
        raise InvalidProxyMessage(str(error)) from error
    check_connected(response, rest)

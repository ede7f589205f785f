# SPDX-License-Identifier: MIT
"""WebSocket clients that block."""

from __future__ import annotations

import os
import socket
import ssl as tls
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, overload

from .._opening import USER_AGENT, ClientOpening
from .._options import QueueLimits, deflate_option, read_subprotocols
from .._redirect import MAX_REDIRECTS, check_redirect, redirect_uri, without_credentials
from .._retry import Retry
from .._types import DeflateConfig, Role
from ..client import backoff, process_exception
from ..datastructures import Headers, HeadersLike
from ..exceptions import InvalidStatus, SecurityError
from ..http11 import Response
from ..typing import LoggerLike, Origin, Subprotocol
from ..uri import WebSocketURI, basic_authorization, host_header, parse_uri
from .connection import Connection
from .dialing import Way, read_response
from .opening import Deadline, read_head, send_all
from .options import ConnectionOptions

__all__ = ["ClientConnection", "connect", "reconnect", "unix_connect", "unix_reconnect"]


class ClientConnection(Connection):
    """The client's side of a connection, as `connect` makes it."""

    _role = Role.CLIENT

    def handshake(self, opening: ClientOpening, deadline: Deadline) -> None:
        """Does the opening handshake. Raises InvalidHandshake, OSError, TimeoutError; then the socket is still open."""
        send_all(self.socket, opening.head, deadline)
        self.request = opening.request
        head, rest = read_head(self.socket, deadline)
        if Response.parse(head).status_code != 101:
            self.response = read_response(self.socket, head, rest, deadline)
            raise InvalidStatus(self.response)
        self.response, agreement = opening.check(head)
        self._begin(opening.deflate, agreement.deflate, rest)


class reconnect:  # noqa: N801
    """Connects to the server of `uri`, again and again:

        for websocket in reconnect(uri):
            try:
                ...
            except ConnectionClosed:
                continue

    The connection is closed after each turn of the loop. `process_exception` decides which failures to connect end the
    loop (see tidewire.client), and `reconnect_delays` makes an iterator of the seconds to wait, a new one after each
    success. A with statement connects once: with reconnect(uri) as websocket.

    Arguments, times in seconds (None: no limit):

    - sock: a connected socket to use; ssl: an SSLContext, the default one for wss; server_hostname: whose certificate
      is expected;
    - origin, subprotocols (in the order of preference), additional_headers, user_agent_header: for the request;
    - compression: "deflate", a DeflateConfig, or None for none;
    - proxy: True for that of the environment, a URI (http, https, socks4, socks4a, socks5, socks5h), or None;
      proxy_ssl, proxy_server_hostname: TLS on the way to it;
    - open_timeout: for everything up to the end of the opening handshake, redirects too;
    - ping_interval, ping_timeout: how often to ping, and how long to wait for the pong;
    - close_timeout: for the closing handshake;
    - max_size: bytes of a message, or a pair of those of a message and of a fragment (None: no limit);
    - max_queue: messages that may wait for recv before the peer has to, or a pair of when to stop and to go on reading;
    - max_fragments: of a message;
    - logger: instead of "tidewire.client";
    - create_connection: a subclass of ClientConnection to use;
    - the rest goes to socket.create_connection: source_address, or address to connect elsewhere than `uri` says.

    Raises InvalidURI, ValueError and TypeError at once; when it connects InvalidURI, InvalidProxy, OSError,
    TimeoutError, and InvalidHandshake, of which InvalidStatus has the server's response with its body.
    """

    def __init__(
        self,
        uri: str,
        *,
        sock: socket.socket | None = None,
        ssl: tls.SSLContext | None = None,
        server_hostname: str | None = None,
        origin: Origin | None = None,
        extensions: None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        compression: str | DeflateConfig | None = "deflate",
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = USER_AGENT,
        proxy: str | Literal[True] | None = True,
        proxy_ssl: tls.SSLContext | None = None,
        proxy_server_hostname: str | None = None,
        process_exception: Callable[[Exception], Exception | None] = process_exception,
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        reconnect_delays: Callable[[], Iterator[float]] = backoff,
        max_size: int | None | tuple[int | None, int | None] = 1 << 20,
        max_queue: QueueLimits = 16,
        max_fragments: int | None = 4096,
        logger: LoggerLike | None = None,
        create_connection: Callable[..., ClientConnection] | None = None,
        path: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        parsed = parse_uri(uri)
        if ssl is not None and not parsed.secure:
            raise ValueError(f"ssl does not go with {uri}")
        self._uri = uri
        self._origin = origin
        self._subprotocols = read_subprotocols(subprotocols, extensions)
        self._deflate = deflate_option(compression)
        self._headers = Headers(() if additional_headers is None else additional_headers)
        self._user_agent = user_agent_header
        self._way = Way(
            sock, path, ssl, server_hostname, proxy, proxy_ssl, proxy_server_hostname, user_agent_header, kwargs
        )
        self._process_exception = process_exception
        self._open_timeout = open_timeout
        self._reconnect_delays = reconnect_delays
        self._create_connection = create_connection or ClientConnection
        self._options = ConnectionOptions.make(
            "tidewire.client",
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_size=max_size,
            max_queue=max_queue,
            max_fragments=max_fragments,
            logger=logger,
        )
        self._connection: ClientConnection | None = None
        self._make_opening(parsed, self._headers)  # now rather than in `connect` it says what cannot be in a request

    def connect(self) -> ClientConnection:
        """Connects once, following redirects."""
        deadline = Deadline(self._open_timeout)
        uri = self._uri
        headers = self._headers
        # What says where to connect to, by the names of check_redirect.
        fixed = {
            "sock": self._way.sock,
            "unix": self._way.path is not None,
            "address": self._way.options.get("address"),
        }
        for _ in range(MAX_REDIRECTS + 1):
            try:
                return self._attempt(parse_uri(uri), headers, deadline)
            except InvalidStatus as refusal:
                target = redirect_uri(uri, refusal.response)
                if target is None:
                    raise
                if not check_redirect(uri, target, fixed):
                    headers = without_credentials(headers)
                uri = target
        raise SecurityError(f"more than {MAX_REDIRECTS} redirects")

    def _attempt(self, uri: WebSocketURI, headers: Headers, deadline: Deadline) -> ClientConnection:
        opening = self._make_opening(uri, headers)
        sock = self._way.dial(uri, deadline)
        try:
            connection = self._create_connection(sock, self._options)
            connection.handshake(opening, deadline)
        except BaseException:
            sock.close()
            raise
        return connection

    def _make_opening(self, uri: WebSocketURI, headers: Headers) -> ClientOpening:
        if uri.user_info is not None and "Authorization" not in headers:
            headers = headers.copy()
            headers["Authorization"] = basic_authorization(uri.user_info)
        return ClientOpening(
            host=host_header(uri.host, uri.port, secure=uri.secure),
            target=uri.resource_name,
            origin=self._origin,
            subprotocols=self._subprotocols,
            deflate=self._deflate,
            headers=headers,
            user_agent=self._user_agent,
        )

    def __enter__(self) -> ClientConnection:
        if self._connection is not None:
            raise RuntimeError("this reconnect() is in use already; make one for each connection")
        self._connection = self.connect()
        return self._connection.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._connection is not None
        connection, self._connection = self._connection, None
        connection.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[ClientConnection]:
        retry = Retry(self._process_exception, self._reconnect_delays, self._options.logger)
        while True:
            try:
                with self as connection:
                    yield connection
            except Exception as error:
                delay = retry.delay_after(error)
            else:
                retry.reset()
                continue
            time.sleep(delay)


@overload
def connect(uri: str, *, legacy: Literal[True] | None = None, **options: Any) -> ClientConnection: ...
@overload
def connect(uri: str, *, legacy: Literal[False], **options: Any) -> reconnect: ...


def connect(uri: str, *, legacy: bool | None = None, **options: Any) -> ClientConnection | reconnect:
    """Connects to the server of `uri`, and returns the connection, which a with statement closes:

        with connect(uri) as websocket:
            websocket.send("Hello")
            print(websocket.recv())

    The options, and what it raises, are those of `reconnect`, which it returns with legacy=False.
    """
    connector = reconnect(uri, **options)
    return connector if legacy is False else connector.connect()


def unix_reconnect(path: str | os.PathLike[str] | None = None, uri: str | None = None, **options: Any) -> reconnect:
    """Like `reconnect`, to a server that listens on a Unix socket at `path`, or with `sock`. `uri`, which the request
    is made from, is ws://localhost/ by default, wss://localhost/ with `ssl`."""
    if (path is None) == (options.get("sock") is None):
        raise ValueError("either path or sock says where the server listens")
    if uri is None:
        uri = "ws://localhost/" if options.get("ssl") is None else "wss://localhost/"
    return reconnect(uri, path=path, **options)


@overload
def unix_connect(
    path: str | os.PathLike[str] | None = None,
    uri: str | None = None,
    *,
    legacy: Literal[True] | None = None,
    **options: Any,
) -> ClientConnection: ...
@overload
def unix_connect(
    path: str | os.PathLike[str] | None = None, uri: str | None = None, *, legacy: Literal[False], **options: Any
) -> reconnect: ...


def unix_connect(
    path: str | os.PathLike[str] | None = None, uri: str | None = None, *, legacy: bool | None = None, **options: Any
) -> ClientConnection | reconnect:
    """Like `connect`, to a server that listens on a Unix socket at `path`, or with `sock`: see unix_reconnect."""
    connector = unix_reconnect(path, uri, **options)
    return connector if legacy is False else connector.connect()

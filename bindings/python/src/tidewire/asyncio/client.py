# SPDX-License-Identifier: MIT
"""WebSocket clients on asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar

from .._opening import USER_AGENT, ClientOpening
from .._options import deflate_option, read_subprotocols
from .._redirect import MAX_REDIRECTS, check_redirect, redirect_uri, without_credentials
from .._retry import Retry
from .._types import Agreement, DeflateConfig, Role
from ..client import backoff, process_exception
from ..datastructures import Headers, HeadersLike
from ..exceptions import InvalidStatus, SecurityError
from ..http11 import Response
from ..typing import LoggerLike, Origin, Subprotocol
from ..uri import WebSocketURI, basic_authorization, host_header, parse_uri
from .connection import Connection
from .dialing import dial, read_response
from .endpoint import SessionOptions
from .opening import HeadReader, timeout

__all__ = ["ClientConnection", "connect", "unix_connect"]

SessionT = TypeVar("SessionT")
MakeSession: TypeAlias = Callable[[Agreement, bytes, bytes, HeadReader], SessionT]
"""Begins a session: make_session(agreement, request's head, response's head, reader), which does not wait."""


class ClientConnection(Connection):
    """The client's side of an open connection, as `connect` makes it. Subclasses may add what they like."""


class Opener:
    """Opens connections to one URI: what `connect` was asked for but for the session."""

    def __init__(
        self,
        uri: str,
        *,
        origin: Origin | None = None,
        extensions: None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        compression: str | DeflateConfig | None = "deflate",
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = USER_AGENT,
        proxy: str | Literal[True] | None = True,
        open_timeout: float | None = 10,
        **transport_options: Any,
    ) -> None:
        """Checks the arguments. Raises InvalidURI, ValueError, TypeError."""
        self._uri = uri
        self._origin = origin
        self._subprotocols = read_subprotocols(subprotocols, extensions)
        self._deflate = deflate_option(compression)
        self._headers = Headers(() if additional_headers is None else additional_headers)
        self._user_agent = user_agent_header
        self._proxy = proxy
        self._open_timeout = open_timeout
        self._transport_options = transport_options
        parsed = parse_uri(uri)
        if parsed.user_info is not None and "Authorization" not in self._headers:
            self._headers["Authorization"] = basic_authorization(parsed.user_info)
        if "ssl" in transport_options and bool(transport_options["ssl"]) != parsed.secure:
            raise ValueError(f"ssl={transport_options['ssl']!r} does not go with {uri}")
        self._make_opening(parsed, self._headers)  # now rather than in `open` it says what cannot be in a request

    async def open(self, make_session: MakeSession[SessionT]) -> SessionT:
        """Connects, follows redirects, and returns what make_session(agreement, request head, response head, reader)
        made of the transport. Raises OSError, TimeoutError, InvalidHandshake, InvalidURI, InvalidProxy."""
        limit = timeout(self._open_timeout)
        try:
            async with limit:
                return await self._follow(make_session)
        except TimeoutError as error:
            if limit.expired():
                raise TimeoutError(f"the opening handshake took longer than {self._open_timeout} s") from error
            raise

    async def _follow(self, make_session: MakeSession[SessionT]) -> SessionT:
        uri = self._uri
        headers = self._headers
        for _ in range(MAX_REDIRECTS + 1):
            try:
                return await self._attempt(parse_uri(uri), headers, make_session)
            except InvalidStatus as refusal:
                target = redirect_uri(uri, refusal.response)
                if target is None:
                    raise
                if not check_redirect(uri, target, self._transport_options):
                    headers = without_credentials(headers)
                uri = target
        raise SecurityError(f"more than {MAX_REDIRECTS} redirects")

    async def _attempt(self, uri: WebSocketURI, headers: Headers, make_session: MakeSession[SessionT]) -> SessionT:
        opening = self._make_opening(uri, headers)
        reader = await dial(uri, proxy=self._proxy, user_agent=self._user_agent, options=self._transport_options)
        try:
            reader.transport.write(opening.head)
            head = await reader.head
            if Response.parse(head).status_code != 101:
                raise InvalidStatus(await read_response(reader, head))
            _, agreement = opening.check(head)
            return make_session(agreement, opening.head, head, reader)
        except BaseException:
            reader.transport.abort()
            del reader  # `head` may hold the exception, whose traceback holds this frame
            raise

    def _make_opening(self, uri: WebSocketURI, headers: Headers) -> ClientOpening:
        return ClientOpening(
            host=host_header(uri.host, uri.port, secure=uri.secure),
            target=uri.resource_name,
            origin=self._origin,
            subprotocols=self._subprotocols,
            deflate=self._deflate,
            headers=headers,
            user_agent=self._user_agent,
        )


async def open_client(uri: str, *, make_session: MakeSession[SessionT], **options: Any) -> SessionT:
    """Opens one connection. `options` are those of `connect` up to open_timeout, and the transport's; for the rest
    see Opener.open. `make_session` begins the session before it returns."""
    return await Opener(uri, **options).open(make_session)


class connect:  # noqa: N801
    """Opens a connection to the server of `uri`.

    There are three ways to use it::

        async with connect(uri) as websocket: ...       # closes the connection at the end of the block
        websocket = await connect(uri)                  # the caller closes it
        async for websocket in connect(uri): ...        # connects again, with growing delays, whenever it was closed

    In the last, `process_exception` decides which failures to connect end the loop (see tidewire.client), and
    `reconnect_delays` makes an iterator of the seconds to wait, a new one after each success. To connect again,
    `continue` when the connection is closed.

    Arguments, times in seconds (None: no limit):

    - origin, subprotocols (in the order of preference), additional_headers, user_agent_header: for the request;
    - compression: "deflate", a DeflateConfig, or None for none;
    - proxy: True for that of the environment, a URI (http, https, socks4, socks4a, socks5, socks5h), or None;
    - open_timeout: for everything up to the end of the opening handshake, redirects too;
    - ping_interval, ping_timeout: how often to ping, and how long to wait for the pong;
    - close_timeout: for the closing handshake;
    - max_size: bytes of a message, or a pair of those of a message and of a fragment (None: no limit);
    - max_fragments: of a message;
    - max_queue: messages that may wait for recv before the peer has to, or a pair of when to stop and to go on reading;
    - write_limit: bytes that may wait to be written before send waits, or a pair of when to wait and to go on;
    - logger: instead of logging.getLogger("tidewire.client");
    - create_connection: a subclass of ClientConnection to use;
    - the rest goes to loop.create_connection: ssl (an SSLContext; the default one for wss), server_hostname, sock,
      local_addr, happy_eyeballs_delay ..., host and port to connect to others than those of the URI; with an HTTP
      proxy, proxy_ssl and proxy_server_hostname are for the way to it.

    Raises InvalidURI, InvalidHeader, ValueError and TypeError at once; when it connects InvalidProxy, OSError,
    TimeoutError, and InvalidHandshake, of which InvalidStatus has the server's response with its body; what a redirect
    leads to may be an InvalidURI then, or a ValueError if the options do not go with it.
    """

    def __init__(
        self,
        uri: str,
        *,
        origin: Origin | None = None,
        extensions: None = None,
        subprotocols: Sequence[Subprotocol] | None = None,
        compression: str | DeflateConfig | None = "deflate",
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = USER_AGENT,
        proxy: str | Literal[True] | None = True,
        process_exception: Callable[[Exception], Exception | None] = process_exception,
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        reconnect_delays: Callable[[], Iterator[float]] = backoff,
        max_size: int | None | tuple[int | None, int | None] = 1 << 20,
        max_fragments: int = 4096,
        max_queue: int | None | tuple[int | None, int | None] = 16,
        write_limit: int | tuple[int, int | None] = 1 << 15,
        logger: LoggerLike | None = None,
        create_connection: Callable[[SessionOptions], ClientConnection] | None = None,
        **transport_options: Any,
    ) -> None:
        self._opener = Opener(
            uri,
            origin=origin,
            extensions=extensions,
            subprotocols=subprotocols,
            compression=compression,
            additional_headers=additional_headers,
            user_agent_header=user_agent_header,
            proxy=proxy,
            open_timeout=open_timeout,
            **transport_options,
        )
        self._session_options = SessionOptions.make(
            "tidewire.client",
            compression=compression,
            max_size=max_size,
            max_fragments=max_fragments,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
            write_limit=write_limit,
            logger=logger,
        )
        self._process_exception = process_exception
        self._reconnect_delays = reconnect_delays
        self._create_connection = create_connection or ClientConnection
        self._connection: ClientConnection | None = None

    def _begin(self, agreement: Agreement, request: bytes, response: bytes, reader: HeadReader) -> ClientConnection:
        connection = self._create_connection(self._session_options)
        connection.open(Role.CLIENT, agreement, reader, request, response)
        return connection

    def __await__(self) -> Generator[Any, None, ClientConnection]:
        return self._opener.open(self._begin).__await__()

    async def __aenter__(self) -> ClientConnection:
        if self._connection is not None:
            raise RuntimeError("this connect() is in use already; make one for each connection")
        self._connection = await self
        return await self._connection.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._connection is not None
        connection, self._connection = self._connection, None
        await connection.__aexit__(kind, error, trace)

    async def __aiter__(self) -> AsyncIterator[ClientConnection]:
        retry = Retry(self._process_exception, self._reconnect_delays, self._session_options.logger)
        while True:
            try:
                async with self as connection:
                    yield connection
            except Exception as error:
                delay = retry.delay_after(error)
            else:
                retry.reset()
                continue
            await asyncio.sleep(delay)


def unix_connect(path: str | os.PathLike[str] | None = None, uri: str | None = None, **options: Any) -> connect:
    """Connects to a server that listens on a Unix socket at `path`, or with `sock`. The options are those of
    `connect`; `uri`, which the request is made from, is ws://localhost/ by default, wss://localhost/ with `ssl`."""
    if uri is None:
        uri = "ws://localhost/" if options.get("ssl") is None else "wss://localhost/"
    return connect(uri, unix=True, path=path, **options)

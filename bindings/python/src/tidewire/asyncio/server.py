# SPDX-License-Identifier: MIT
"""WebSocket servers on asyncio."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._auth import BasicAuth, Check, CredentialsLike
from .._opening import USER_AGENT, ServerPolicy
from .._payload import check_close
from .._types import DeflateConfig, State
from ..frames import CloseCode
from ..http11 import Request, Response
from ..typing import LoggerLike, Origin, Subprotocol
from .accepting import Answer, Opening, ServerOptions, ServerSide
from .connection import Connection, broadcast
from .endpoint import Endpoint, SessionOptions

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Server", "ServerConnection", "basic_auth", "broadcast", "serve", "unix_serve"]

_ACCEPT_TURNS = 3  # of the loop, from accept() to connection_made()


class ServerConnection(ServerSide, Connection):
    """A connection as a server's handlers and hooks get it. To have attributes of your own on it, set them, or give
    `serve` a subclass as `create_connection`."""

    server: Server


class Server:
    """What `serve` returns: await it, or use it as an asynchronous context manager, to listen.

    It is like asyncio.Server, but `close` ends the connections, and `wait_closed` waits for all handlers.
    """

    def __init__(
        self,
        options: ServerOptions,
        handler: Callable[[Any], Awaitable[None]] | None,
        listen: Callable[[Callable[[], Opening]], Awaitable[asyncio.Server]],
    ) -> None:
        """Made by `serve` and its like alone. `handler` is called for each connection, `listen` with a factory of
        protocols."""
        self._options = options
        self._handler = handler
        self._listen = listen
        self.logger: LoggerLike = options.session.logger
        self.closing = False
        """Whether `close` was called."""
        self._server: asyncio.Server | None = None
        self._close_task: asyncio.Task[None] | None = None
        self._openings: set[Opening] = set()
        self._endpoints: set[Endpoint] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone: asyncio.Future[None] | None = None  # done when the last of the endpoints is gone
        self._closed: asyncio.Future[None] | None = None  # done when all is done

    # ---- Listening ----

    def __await__(self) -> Generator[Any, None, Self]:
        """Begins to listen, and returns the server."""
        return self._start().__await__()

    async def __aenter__(self) -> Self:
        """Begins to listen."""
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes, and waits until all is done."""
        self.close()
        await self.wait_closed()

    async def _start(self) -> Self:
        if self._server is None:
            self._closed = asyncio.get_running_loop().create_future()
            self._server = await self._listen(lambda: Opening(self, self._options))
            if self._server.is_serving():
                for listening in self._server.sockets:
                    self.logger.info("server listening on %s", _name_of(listening))
        return self

    def _listening(self) -> asyncio.Server:
        if self._server is None:
            raise RuntimeError("the server has not been started: await it first")
        return self._server

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets that listen, none after `close`."""
        return tuple(self._listening().sockets)

    @property
    def connections(self) -> set[Any]:
        """The connections that are open, for `broadcast`."""
        return {endpoint for endpoint in self._endpoints if endpoint.state is State.OPEN}

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Returns the event loop of the server."""
        return self._listening().get_loop()

    def is_serving(self) -> bool:
        """Returns whether new connections are accepted."""
        return self._listening().is_serving()

    async def start_serving(self) -> None:
        """Accepts connections, after `serve(..., start_serving=False)`."""
        await self._listening().start_serving()

    async def serve_forever(self) -> None:
        """Accepts connections until `close` is called, or the task cancelled, which closes the server too."""
        try:
            if not self.is_serving():
                await self.start_serving()
            await self.wait_closed()
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise

    # ---- Connections ----

    def accepted(self, opening: Opening) -> None:
        """A client is connected."""
        self._openings.add(opening)
        if self.closing:
            opening.stop()
        task = asyncio.get_running_loop().create_task(self._serve(opening))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, opening: Opening) -> None:
        try:
            connection = await opening.run()
        finally:
            self._openings.discard(opening)
            del opening  # an open connection needs no more of it
        if connection is None:
            return
        if not connection.lost:
            self._endpoints.add(connection)
        if isinstance(connection, Connection):
            await self._handle(connection)

    async def _handle(self, connection: Connection) -> None:
        assert self._handler is not None
        try:
            async with connection:
                await self._handler(connection)
        except Exception:
            connection.logger.error("connection handler failed", exc_info=True)

    def forget(self, endpoint: Endpoint) -> None:
        """A connection is gone."""
        self._endpoints.discard(endpoint)
        if not self._endpoints and self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    # ---- The end ----

    def close(self, close_connections: bool = True, code: int = CloseCode.GOING_AWAY, reason: str = "") -> None:
        """Accepts no more connections, refuses those that are being opened with HTTP status 503, and closes the others,
        unless told not to. Then wait with `wait_closed`. Only the first call does something.

        Raises exceptions.ProtocolError for a code or reason that must not be sent.
        """
        check_close(code, reason)
        if self._close_task is None:
            self.closing = True
            self._listening().close()
            self._close_task = self.get_loop().create_task(self._close(close_connections, code, reason))

    async def _close(self, close_connections: bool, code: int, reason: str) -> None:
        self.logger.info("server closing")
        for opening in self._openings:
            opening.stop()
        if close_connections:
            for connection in self.connections:
                connection.start_closing(code, reason)
        for _ in range(_ACCEPT_TURNS):
            await asyncio.sleep(0)
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._endpoints:
            self._gone = self.get_loop().create_future()
            await self._gone
        await self._listening().wait_closed()
        assert self._closed is not None
        self._closed.set_result(None)
        self.logger.info("server closed")

    async def wait_closed(self) -> None:
        """Waits until `close` was called, all connections are closed, and all handlers have returned."""
        assert self._closed is not None, "the server has not been started"
        await asyncio.shield(self._closed)


def serve(
    handler: Callable[[ServerConnection], Awaitable[None]],
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    *,
    origins: Sequence[Origin | re.Pattern[str] | None] | None = None,
    any_origin: bool = False,
    extensions: Sequence[Any] | None = None,
    subprotocols: Sequence[Subprotocol] | None = None,
    select_subprotocol: Callable[[ServerConnection, Sequence[Subprotocol]], Subprotocol | None] | None = None,
    compression: str | DeflateConfig | None = "deflate",
    process_request: Callable[[ServerConnection, Request], Answer] | None = None,
    process_response: Callable[[ServerConnection, Request, Response], Answer] | None = None,
    server_header: str | None = USER_AGENT,
    open_timeout: float | None = 10,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: int | None | tuple[int | None, int | None] = 1 << 20,
    max_fragments: int | None = 4096,
    max_queue: int | None | tuple[int | None, int | None] = 16,
    write_limit: int | tuple[int, int | None] = 1 << 15,
    logger: LoggerLike | None = None,
    create_connection: Callable[[SessionOptions, Server], Any] | None = None,
    **kwargs: Any,
) -> Server:
    """Serves WebSocket connections: `async with serve(handler, host, port) as server`, or `server = await serve(...)`.

    `handler` is called with each connection once it is open. When it returns, the connection is closed; if it raises,
    that is logged, and the connection closed with 1011.

    origins: the allowed values of the Origin header, strings or compiled patterns that match it whole, and None if it
    may be missing. Without `origins`, requests are accepted that have no Origin or that of the server's own host;
    any_origin=True accepts all, which lets every web page of the world talk to the server in its visitor's name.
    extensions: not supported, see `compression`.
    subprotocols: in the order of preference; a client that knows none of them is refused. select_subprotocol chooses
    instead, from what the client offers; it may return None, or raise NegotiationError to refuse.
    compression: "deflate", a tidewire.DeflateConfig, or None.
    process_request, process_response: functions or coroutine functions that may return a Response to send instead;
    one with another status than 101 refuses the client.
    server_header: the value of the Server header, None for none.
    open_timeout: seconds for the opening handshake, None for no limit.
    ping_interval, ping_timeout: seconds between the pings that keep a connection alive, and for the answer; None for
    no pings, and for no limit.
    close_timeout: seconds for the closing handshake.
    max_size: of a message in bytes, or (of a message, of a fragment); None for no limit.
    max_fragments: of a message, None for no limit.
    max_queue: a connection is read no further while more messages than this wait for `recv`, or fragments; or (high,
    low), where reading goes on when `low` are left, by default a quarter. None for no limit.
    write_limit: `send` waits while the transport holds more bytes than this; or (high, low).
    logger: by default logging.getLogger("tidewire.server").
    create_connection: a subclass of ServerConnection.
    All other arguments are those of loop.create_server, such as ssl, sock, reuse_port, start_serving.

    Raises ValueError or TypeError for arguments that cannot be; awaiting it raises OSError where it cannot listen.
    """
    if extensions is not None:
        raise ValueError("extensions cannot be given: permessage-deflate is set by the argument compression")
    if isinstance(origins, str) or isinstance(subprotocols, str):
        raise TypeError("origins and subprotocols must be lists, not a str")
    session = SessionOptions.make(
        "tidewire.server",
        compression=compression,
        max_size=max_size,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        close_timeout=close_timeout,
        max_fragments=max_fragments,
        max_queue=max_queue,
        write_limit=write_limit,
        logger=logger,
    )
    options = ServerOptions(
        make=ServerConnection if create_connection is None else create_connection,
        session=session,
        policy=ServerPolicy(origins, any_origin, subprotocols or (), session.deflate, server_header),
        select_subprotocol=select_subprotocol,
        process_request=process_request,
        process_response=process_response,
        open_timeout=open_timeout,
    )
    if kwargs.get("ssl") is not None:
        kwargs = {**_tls_timeouts(open_timeout, close_timeout), **kwargs}
    return Server(options, handler, functools.partial(_listen, host, port, kwargs))


def unix_serve(
    handler: Callable[[ServerConnection], Awaitable[None]], path: str | os.PathLike[str] | None = None, **kwargs: Any
) -> Server:
    """Like `serve`, on a unix socket; the other arguments go to loop.create_unix_server."""
    return serve(handler, unix=True, path=path, **kwargs)


async def _listen(
    host: str | Sequence[str] | None,
    port: int | None,
    kwargs: dict[str, Any],
    make_protocol: Callable[[], asyncio.BaseProtocol],
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    options = {**kwargs, "start_serving": False}  # so that it is not cancelled when it has a server already
    if options.pop("unix", False):
        server = await loop.create_unix_server(make_protocol, **options)
    else:
        server = await loop.create_server(make_protocol, host, port, **options)
    if kwargs.get("start_serving", True):
        try:
            await server.start_serving()
        except BaseException:
            server.close()
            raise
    return server


def _tls_timeouts(open_timeout: float | None, close_timeout: float | None) -> dict[str, float | None]:
    if sys.version_info < (3, 11):
        return {"ssl_handshake_timeout": open_timeout}
    return {"ssl_handshake_timeout": open_timeout, "ssl_shutdown_timeout": close_timeout}


def _name_of(listening: socket.socket) -> str:
    name = listening.getsockname()
    if listening.family == socket.AF_INET:
        return f"{name[0]}:{name[1]}"
    return f"[{name[0]}]:{name[1]}" if listening.family == socket.AF_INET6 else str(name)


def basic_auth(
    realm: str = "", credentials: CredentialsLike | None = None, check_credentials: Check | None = None
) -> Callable[[ServerConnection, Request], Coroutine[Any, Any, Response | None]]:
    """Makes a `process_request` that lets in who knows a password (RFC 7617), and sets `connection.username`.

    `credentials` is a pair of user and password, or several; `check_credentials(user, password)` says instead whether
    they are right, and may be a coroutine function.

    Raises ValueError unless one of the two is given, TypeError where `credentials` are none.
    """
    auth = BasicAuth(realm, credentials, check_credentials)

    async def process_request(connection: ServerConnection, request: Request) -> Response | None:
        given = auth.read(request)
        if isinstance(given, Response):
            return given
        allowed = auth.check(*given)
        if isinstance(allowed, Awaitable):
            allowed = await allowed
        if not allowed:
            return auth.refuse()
        connection.username = given[0]
        return None

    return process_request

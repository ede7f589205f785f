# SPDX-License-Identifier: MIT
"""WebSocket servers with a thread for each connection."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import socket
import ssl as tls
import threading
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from .._auth import BasicAuth, CredentialsLike
from .._opening import USER_AGENT, ServerPolicy
from .._options import QueueLimits, deflate_option, read_subprotocols
from .._payload import check_close
from .._types import DeflateConfig, State
from ..frames import CloseCode
from ..http11 import Request, Response
from ..typing import LoggerLike, Origin, Subprotocol
from .accepting import ServerConnection, ServerOptions
from .broadcasting import broadcast
from .opening import Deadline
from .options import ConnectionOptions

__all__ = ["Server", "ServerConnection", "basic_auth", "broadcast", "serve", "unix_serve"]

_ServerT = TypeVar("_ServerT", bound="Server")

# What accept fails with when the system has too little of something, which will change.
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_SHORTAGE_MS = 500


class Server:
    """A listening socket, and the connections that came of it. The end of a with statement shuts it down."""

    def __init__(self, sock: socket.socket, options: ServerOptions) -> None:
        """`sock` listens, and belongs to the server from now on."""
        self.socket = sock
        """The listening socket."""
        self.closing = False
        """Whether `shutdown` was called."""
        self._options = options
        self._logger = options.connection.logger
        self._lock = threading.RLock()  # a signal handler may call `shutdown` while the same thread has it
        self._opening: set[socket.socket] = set()  # whose handshake can still be refused
        self._connections: set[ServerConnection] = set()
        self._threads: set[threading.Thread] = set()
        self._idle = threading.Event()  # serve_forever does not run
        self._idle.set()
        self._accepter: threading.Thread | None = None  # which runs serve_forever
        self._stoppers: set[threading.Thread] = set()  # which called `shutdown`
        self._close_with: tuple[int, str] | None = None
        self._wake_receiver, self._wake_sender = socket.socketpair()
        sock.setblocking(False)

    @property
    def connections(self) -> set[ServerConnection]:
        """The connections that are open."""
        with self._lock:
            return {connection for connection in self._connections if connection.state is State.OPEN}

    def fileno(self) -> int:
        """Returns the descriptor of the listening socket, -1 once it is closed."""
        return self.socket.fileno()

    def serve_forever(self) -> None:
        """Accepts connections, each of which gets a thread, until `shutdown` is called from another thread."""
        with self._lock:
            if self.closing:
                return
            if not self._idle.is_set():
                raise RuntimeError("serve_forever runs already")
            self._idle.clear()
            self._accepter = threading.current_thread()
        try:
            self._logger.info("server listening on %s", _name_of(self.socket))
            poller = select.poll()
            poller.register(self._wake_receiver, select.POLLIN)
            poller.register(self.socket, select.POLLIN)
            while not self.closing:
                poller.poll()
                self._accept()
        finally:
            self._accepter = None
            self._idle.set()

    def _accept(self) -> None:
        try:
            sock, _ = self.socket.accept()
        except OSError as error:
            if error.errno in _SHORTAGES:
                self._logger.error("cannot accept a connection: %s", error)
                self._pause()
            return  # the client has gone, or the wake-up was of `shutdown`
        if self._options.ssl is not None:
            try:
                sock = self._options.ssl.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            except OSError:  # the client has gone
                sock.close()
                return
        thread = threading.Thread(target=self._handle, args=(sock,), name="tidewire handler")
        with self._lock:
            self._threads.add(thread)
            self._opening.add(sock)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads
            self._logger.error("cannot handle a connection: %s", error)
            with self._lock:
                self._threads.discard(thread)
                self._opening.discard(sock)
            sock.close()
            self._pause()

    def _pause(self) -> None:
        waiter = select.poll()
        waiter.register(self._wake_receiver, select.POLLIN)
        waiter.poll(_SHORTAGE_MS)

    # ---- The thread of a connection ----

    def _handle(self, sock: socket.socket) -> None:
        try:
            connection = self._open(sock)
            if connection is not None:
                self._run_handler(connection)
        finally:
            with self._lock:
                self._opening.discard(sock)
                self._threads.discard(threading.current_thread())

    def _open(self, sock: socket.socket) -> ServerConnection | None:
        """Does the opening handshake. Returns the connection if it is open, else closes the socket."""
        options = self._options
        deadline = Deadline(options.open_timeout)
        try:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            if isinstance(sock, tls.SSLSocket):
                sock.settimeout(deadline.left())
                sock.do_handshake()
            connection = options.make(sock, options.connection, self)
            if connection.handshake(options, deadline):
                return connection
        except OSError:  # time-outs and failures of TLS too: port scanners are not worth more
            self._logger.debug("opening handshake failed", exc_info=True)
        except Exception:
            self._logger.error("opening handshake failed", exc_info=True)
        sock.close()
        return None

    def leave_opening(self, sock: socket.socket) -> bool:
        """Of a handshake: says that the request is about to be accepted. Returns whether it may be."""
        with self._lock:
            if self.closing:
                return False
            self._opening.discard(sock)
            return True

    def _run_handler(self, connection: ServerConnection) -> None:
        with self._lock:
            self._connections.add(connection)
            close_with = self._close_with
        if close_with is not None:  # `shutdown` came in the meantime
            connection.start_closing(*close_with)
        try:
            with connection:
                self._options.handler(connection)
        except Exception:
            connection.logger.error("connection handler failed", exc_info=True)
        finally:
            with self._lock:
                self._connections.discard(connection)

    # ---- The end ----

    def shutdown(self, close_connections: bool = True, code: int = CloseCode.GOING_AWAY, reason: str = "") -> None:
        """Stops accepting, refuses handshakes under way with status 503, closes the connections, unless
        `close_connections` is false, and returns when their handlers have. From a handler it does not wait for that
        one. Any thread may call it, several times. Raises ProtocolError for a code or reason that cannot be sent."""
        check_close(code, reason)
        self._logger.info("server closing")
        thread = threading.current_thread()
        with self._lock:
            self.closing = True
            self._stoppers.add(thread)
        with contextlib.suppress(OSError):  # closed already
            self._wake_sender.send(b"\0")
        if thread is not self._accepter:  # as a signal handler is
            self._idle.wait()
        for sock in (self.socket, self._wake_sender, self._wake_receiver):
            sock.close()
        with self._lock:
            for sock in self._opening:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RD)  # below TLS: the handshake's thread sees the end
            if close_connections:
                self._close_with = code, reason
            connections = list(self._connections) if close_connections else []
            threads = [thread for thread in self._threads - self._stoppers if thread.ident is not None]
        for connection in connections:
            connection.start_closing(code, reason)
        for thread in threads:
            thread.join()
        self._logger.info("server closed")

    def __enter__(self: _ServerT) -> _ServerT:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()


def serve(
    handler: Callable[[ServerConnection], None],
    host: str | None = None,
    port: int | None = None,
    *,
    sock: socket.socket | None = None,
    ssl: tls.SSLContext | None = None,
    origins: Sequence[Origin | re.Pattern[str] | None] | None = None,
    any_origin: bool = False,
    extensions: None = None,
    subprotocols: Sequence[Subprotocol] | None = None,
    select_subprotocol: Callable[[ServerConnection, Sequence[Subprotocol]], Subprotocol | None] | None = None,
    compression: str | DeflateConfig | None = "deflate",
    process_request: Callable[[ServerConnection, Request], Response | None] | None = None,
    process_response: Callable[[ServerConnection, Request, Response], Response | None] | None = None,
    server_header: str | None = USER_AGENT,
    open_timeout: float | None = 10,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: int | None | tuple[int | None, int | None] = 1 << 20,
    max_queue: QueueLimits = 16,
    max_fragments: int | None = 4096,
    logger: LoggerLike | None = None,
    create_connection: Callable[..., ServerConnection] | None = None,
    path: str | os.PathLike[str] | None = None,
    **kwargs: Any,
) -> Server:
    """Listens on `host` and `port`, and returns the server, which a with statement shuts down:

        def handler(websocket):
            for message in websocket:
                websocket.send(message)

        with serve(handler, "localhost", 8765) as server:
            server.serve_forever()

    For each connection, `handler` is called with it in a thread of its own. When the handler returns, the connection is
    closed with 1000, after an exception, which is logged, with 1011.

    Arguments, times in seconds (None: no limit):

    - sock: a listening socket to use; ssl: an SSLContext for TLS;
    - origins: the values of the header Origin that are accepted, as strings or patterns, None for requests without;
      by default those of pages of this server, and requests without; any_origin: all;
    - subprotocols, in the order of preference; select_subprotocol(connection, offered) chooses instead;
    - compression: "deflate", a DeflateConfig, or None for none;
    - process_request(connection, request): returns a Response to send instead of going on, or None;
    - process_response(connection, request, response): may change the response, or return another;
    - server_header: the value of the header Server;
    - open_timeout: for the opening handshake, TLS included;
    - ping_interval, ping_timeout: how often to ping, and how long to wait for the pong;
    - close_timeout: for the closing handshake;
    - max_size: bytes of a message, or a pair of those of a message and of a fragment (None: no limit);
    - max_queue: messages that may wait for recv before the peer has to, or a pair of when to stop and to go on reading;
    - max_fragments: of a message;
    - logger: instead of "tidewire.server";
    - create_connection: a subclass of ServerConnection to use;
    - the rest goes to socket.create_server: backlog, reuse_port, family, dualstack_ipv6.

    Raises OSError when it cannot listen, ValueError and TypeError.
    """
    options = ServerOptions(
        handler=handler,
        make=create_connection or ServerConnection,
        connection=ConnectionOptions.make(
            "tidewire.server",
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
            max_size=max_size,
            max_queue=max_queue,
            max_fragments=max_fragments,
            logger=logger,
        ),
        ssl=ssl,
        policy=ServerPolicy(
            origins,
            any_origin,
            read_subprotocols(subprotocols, extensions),
            deflate_option(compression),
            server_header,
        ),
        select_subprotocol=select_subprotocol,
        process_request=process_request,
        process_response=process_response,
        open_timeout=open_timeout,
    )
    if sock is None:
        sock = _listen(host, port, path, kwargs)
    elif host is not None or port is not None or path is not None:
        raise ValueError("sock says where to listen: host, port and path do not go with it")
    return Server(sock, options)


def unix_serve(
    handler: Callable[[ServerConnection], None], path: str | os.PathLike[str] | None = None, **options: Any
) -> Server:
    """Like `serve`, on a Unix socket at `path`, or with `sock`."""
    if (path is None) == (options.get("sock") is None):
        raise ValueError("either path or sock says where to listen")
    return serve(handler, path=path, **options)


def basic_auth(
    realm: str = "",
    credentials: CredentialsLike | None = None,
    check_credentials: Callable[[str, str], bool] | None = None,
) -> Callable[[ServerConnection, Request], Response | None]:
    """Makes a `process_request` that asks for a user name and a password (RFC 7617), and sets `username` of the
    connection.

    Either `credentials`, a pair of both or several pairs, or check_credentials(username, password), which returns
    whether they are good. Raises ValueError, TypeError.
    """
    auth = BasicAuth(realm, credentials, check_credentials)

    def process_request(connection: ServerConnection, request: Request) -> Response | None:
        answer = auth.read(request)
        if isinstance(answer, Response):
            return answer
        good = auth.check(*answer)
        if isinstance(good, Awaitable):
            raise TypeError("check_credentials must return a bool, and not be a coroutine function")
        if not good:
            return auth.refuse()
        connection.username = answer[0]
        return None

    return process_request


def _listen(
    host: str | None, port: int | None, path: str | os.PathLike[str] | None, options: dict[str, Any]
) -> socket.socket:
    if path is not None:
        return socket.create_server(os.fspath(path), **{"family": socket.AF_UNIX, **options})
    if port is None:
        raise ValueError("the server needs a port, a path or a sock")
    return socket.create_server((host or "", port), **options)


def _name_of(sock: socket.socket) -> str:
    """Where a socket listens, for the log."""
    name = sock.getsockname()
    if isinstance(name, tuple):
        return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"
    return str(name)

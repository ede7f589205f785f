# SPDX-License-Identifier: MIT
"""The server's side of a connection, from its socket to the response."""

from __future__ import annotations

import functools
import logging
import socket
import ssl as tls
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._opening import ServerPolicy, accept_request, refusal
from .._types import Agreement, Role
from ..exceptions import InvalidHandshake
from ..http11 import Request, Response, plain_response
from ..typing import StatusLike, Subprotocol
from .connection import Connection
from .opening import Deadline, read_head, read_some, send_all
from .options import ConnectionOptions

if TYPE_CHECKING:
    from .server import Server

_SWITCHING_PROTOCOLS = 101
_CLOSING_TEXT = "Server is shutting down.\n"
_FAILED_TEXT = "Failed to open a WebSocket connection.\nSee server log for more information.\n"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The arguments of `serve`, checked."""

    handler: Callable[[Any], None]
    make: Callable[[socket.socket, ConnectionOptions, Server], ServerConnection]
    connection: ConnectionOptions
    ssl: tls.SSLContext | None
    policy: ServerPolicy
    select_subprotocol: Callable[[Any, Sequence[Subprotocol]], Subprotocol | None] | None
    process_request: Callable[[Any, Request], Response | None] | None
    process_response: Callable[[Any, Request, Response], Response | None] | None
    open_timeout: float | None


class ServerConnection(Connection):
    """The server's side of a connection, as handlers get it."""

    _role = Role.SERVER

    username: str
    """Set by basic_auth: who the client is."""

    def __init__(self, sock: socket.socket, options: ConnectionOptions, server: Server) -> None:
        super().__init__(sock, options)
        self.server = server
        """The server that accepted it."""
        self._agreement: Agreement | None = None

    def respond(self, status: StatusLike, text: str) -> Response:
        """Returns a response with a text, for `process_request` and `process_response` to return, who may change it."""
        return plain_response(status, text)

    def handshake(self, options: ServerOptions, deadline: Deadline) -> bool:
        """Does the opening handshake. Returns whether the connection is open; if not, it has been refused, and the
        socket is still open. Raises OSError, TimeoutError."""
        response, rest = self._answer(options, deadline)
        if response.status_code == _SWITCHING_PROTOCOLS and not self.server.leave_opening(self.socket):
            response = plain_response(503, _CLOSING_TEXT)
        self.response = response
        if response.status_code != _SWITCHING_PROTOCOLS:
            self._refuse(response, deadline)
            return False
        if self._agreement is None:
            self.logger.error("opening handshake failed: process_response may refuse a client, but not accept it")
            return False
        send_all(self.socket, response.serialize(), deadline)
        self._begin(options.policy.deflate, self._agreement.deflate, rest)
        self.logger.info("connection open")
        return True

    def _answer(self, options: ServerOptions, deadline: Deadline) -> tuple[Response, bytes]:
        """Returns the response, and what came after the request."""
        try:
            head, rest = read_head(self.socket, deadline)
            request = self.request = Request.parse(head)
        except InvalidHandshake as error:
            if self.server.closing:
                return plain_response(503, _CLOSING_TEXT), b""
            self.logger.debug("opening handshake failed", exc_info=True)
            return refusal(error), b""
        response = self._ask("process_request", options.process_request, request)
        if response is None:
            response = self._judge(options, head, request)
        elif response.status_code == _SWITCHING_PROTOCOLS:
            self._agreement = Agreement(response.headers.get("Sec-WebSocket-Protocol"), None, "")
        if options.policy.server_header is not None and "Server" not in response.headers:
            response.headers["Server"] = options.policy.server_header
        self.response = response
        changed = self._ask("process_response", options.process_response, request, response)
        return changed or response, rest

    def _ask(self, name: str, hook: Callable[..., Response | None] | None, *args: Any) -> Response | None:
        if hook is None:
            return None
        try:
            response = hook(self, *args)
            if response is not None and not isinstance(response, Response):
                raise TypeError(f"{name} must return a Response or None, not {type(response).__name__}")
        except Exception:
            self.logger.error("%s failed", name, exc_info=True)
            return plain_response(500, _FAILED_TEXT)
        return response

    def _judge(self, options: ServerOptions, head: bytes, request: Request) -> Response:
        select = options.select_subprotocol
        chosen = None if select is None else functools.partial(select, self)
        try:
            response, self._agreement = accept_request(options.policy, head, request, chosen)
        except Exception as error:
            level = logging.DEBUG if isinstance(error, InvalidHandshake) else logging.ERROR
            self.logger.log(level, "opening handshake failed", exc_info=True)
            return refusal(error)
        return response

    def _refuse(self, response: Response, deadline: Deadline) -> None:
        """Sends a response, and waits until the client has gone: to close a socket with unread input would reset it,
        and the response might be lost."""
        self.logger.info("connection rejected (%d %s)", response.status_code, response.reason_phrase)
        answer = response.serialize()
        if self.request is not None and self.request.method == "HEAD":
            answer = answer[: len(answer) - len(response.body)]
        send_all(self.socket, answer, deadline)
        socket.socket.shutdown(self.socket, socket.SHUT_WR)
        deadline = Deadline(self._options.close_timeout)
        while read_some(self.socket, deadline):
            pass

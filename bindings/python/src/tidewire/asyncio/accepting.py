# SPDX-License-Identifier: MIT
"""The opening handshake of a server: from a transport to a response, and to an open connection."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .._opening import ServerPolicy, accept_request, refusal
from .._types import Agreement, Role
from ..exceptions import InvalidHandshake
from ..http11 import Request, Response, plain_response
from ..typing import StatusLike, Subprotocol
from .endpoint import Endpoint, SessionOptions
from .opening import HeadReader, timeout

if TYPE_CHECKING:
    from .server import Server

Answer: TypeAlias = Awaitable[Response | None] | Response | None
"""What a hook returns: the response to send, or None to go on; or an awaitable of that."""

_SWITCHING_PROTOCOLS = 101
_CLOSING_TEXT = "Server is shutting down.\n"
_FAILED_TEXT = "Failed to open a WebSocket connection.\nSee server log for more information.\n"


class _ServerClosing(Exception):
    """The server closes, and a request has not come yet."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The arguments of `serve`, checked."""

    make: Callable[[SessionOptions, Server], Any]
    """Makes the connection, an Endpoint, before anything is known of the request."""
    session: SessionOptions
    policy: ServerPolicy
    select_subprotocol: Callable[[Any, Sequence[Subprotocol]], Subprotocol | None] | None
    process_request: Callable[[Any, Request], Answer] | None
    process_response: Callable[[Any, Request, Response], Answer] | None
    open_timeout: float | None


class ServerSide:
    """What the hooks of a server may call on a connection."""

    __slots__ = ()

    username: str
    """Set by basic_auth: who the client is."""

    def respond(self, status: StatusLike, text: str) -> Response:
        """Returns a response with a text, for `process_request` and `process_response` to return, who may change it."""
        return plain_response(status, text)


class Opening(HeadReader):
    """One opening handshake, from the transport's protocol on."""

    def __init__(self, server: Server, options: ServerOptions) -> None:
        super().__init__()
        self._server = server
        self._options = options
        self._logger = options.session.logger
        self._agreement: Agreement | None = None
        self._is_head = False  # the request's method, which gets no body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is connected."""
        super().connection_made(transport)
        self._server.accepted(self)

    def stop(self) -> None:
        """The server closes: a request that has not come yet is not waited for."""
        if not self.head.done():
            self.head.set_exception(_ServerClosing())

    async def run(self) -> Endpoint | None:
        """Returns the open connection, or None where the client was refused or went away."""
        try:
            connection = self._options.make(self._options.session, self._server)
            connection.transport = self.transport
            async with timeout(self._options.open_timeout):
                response = await self._answer(connection)
            if not self.transport.is_closing():
                return await self._carry_out(connection, response)
            self._logger.debug("opening handshake failed: the client has gone")
        except asyncio.CancelledError:
            self.transport.abort()
            raise
        except Exception as error:
            # Port scanners and health checks, which send nothing, are not worth an error.
            expected = isinstance(error, (TimeoutError, asyncio.TimeoutError))
            self._logger.log(logging.DEBUG if expected else logging.ERROR, "opening handshake failed", exc_info=True)
            self.transport.abort()
        return None

    async def _answer(self, connection: Any) -> Response:
        try:
            head = await self.head
            request = Request.parse(head)
        except (_ServerClosing, InvalidHandshake) as error:
            self._logger.debug("opening handshake failed", exc_info=True)
            error.__traceback__ = None  # its frames lead to the future that holds it: no work for the collector
            return plain_response(503, _CLOSING_TEXT) if isinstance(error, _ServerClosing) else refusal(error)
        self._is_head = request.method == "HEAD"
        connection.set_request(request)
        response = await self._ask("process_request", self._options.process_request, connection, request)
        if response is None:
            response = self._judge(connection, head, request)
        elif response.status_code == _SWITCHING_PROTOCOLS:
            self._agreement = Agreement(response.headers.get("Sec-WebSocket-Protocol"), None, "")
        header = self._options.policy.server_header
        if header is not None and "Server" not in response.headers:
            response.headers["Server"] = header
        connection.set_response(response)
        changed = await self._ask("process_response", self._options.process_response, connection, request, response)
        return response if changed is None else changed

    async def _ask(self, name: str, hook: Callable[..., Answer] | None, *args: Any) -> Response | None:
        if hook is None:
            return None
        try:
            response = hook(*args)
            if isinstance(response, Awaitable):
                response = await response
            if response is not None and not isinstance(response, Response):
                raise TypeError(f"{name} must return a Response or None, not {type(response).__name__}")
        except Exception:
            self._logger.error("%s failed", name, exc_info=True)
            return plain_response(500, _FAILED_TEXT)
        return response

    def _judge(self, connection: Endpoint, head: bytes, request: Request) -> Response:
        select = self._options.select_subprotocol
        chosen = None if select is None else functools.partial(select, connection)
        try:
            response, self._agreement = accept_request(self._options.policy, head, request, chosen)
        except InvalidHandshake as error:
            self._logger.debug("opening handshake failed", exc_info=True)
            return refusal(error)
        except Exception as error:
            self._logger.error("opening handshake failed", exc_info=True)
            return refusal(error)
        connection.subprotocol = self._agreement.subprotocol
        return response

    async def _carry_out(self, connection: Endpoint, response: Response) -> Endpoint | None:
        if response.status_code == _SWITCHING_PROTOCOLS and self._server.closing:
            response = plain_response(503, _CLOSING_TEXT)
        answer = response.serialize()
        if response.status_code == _SWITCHING_PROTOCOLS:
            if self._agreement is None:
                raise ValueError("process_response may refuse a client, but not accept it")
            self.transport.write(answer)
            connection.open(Role.SERVER, self._agreement, self, self.head.result(), answer)
            if self._logger.isEnabledFor(logging.INFO):
                connection.logger.info("connection open")
            return connection
        self._logger.info("connection rejected (%d %s)", response.status_code, response.reason_phrase)
        if self._is_head:
            answer = answer[: len(answer) - len(response.body)]
        await self.refuse(answer, self._options.session.close_timeout)
        return None

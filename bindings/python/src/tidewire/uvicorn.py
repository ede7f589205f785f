# SPDX-License-Identifier: MIT
"""WebSockets for uvicorn, and so for Starlette, FastAPI and every other ASGI application:

    uvicorn --ws tidewire.uvicorn:TidewireProtocol module:app

or `uvicorn.run(app, ws=TidewireProtocol)`. The options of uvicorn mean what they mean with its own implementations,
ws_max_queue too. Three things are told more exactly than there: a client whose application has returned is closed with
1000, and with 1011 if it has raised, instead of being left without a close frame; an application whose client has gone
without one gets code 1006; and one that receives again after "websocket.disconnect" gets it again.
"""

from __future__ import annotations

import asyncio
import enum
import http
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.protocols.utils import (
    get_client_addr,
    get_local_addr,
    get_path_with_query_string,
    get_remote_addr,
    is_ssl,
)

from ._asgi import AsgiSession, ClientDisconnected, Event, unexpected
from ._errors import Error
from ._native import Connection, build_response, check_request
from ._opening import handshake_error, offered_subprotocols, refusal
from ._options import DEFAULT_DEFLATE, engine_options, shared_pool
from ._types import Agreement, Role
from .datastructures import Headers
from .exceptions import InvalidHandshake
from .frames import CloseCode
from .http11 import Request, Response, plain_response

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

__all__ = ["TidewireProtocol"]

_MAX_EARLY_LEN = 1 << 16  # bytes that a client may send before it is accepted; then it has to wait
_SHUTDOWN_SECONDS = 1  # for the clients' answers to our close frames when the server goes down


class _Stage(enum.Enum):
    """How far a request is."""

    ASKED = enum.auto()
    """The application has not answered."""
    DENYING = enum.auto()
    """It has begun a response of its own."""
    REFUSED = enum.auto()
    """The response is written."""
    OPEN = enum.auto()
    """The WebSocket is, or was, open."""


_WANTED = {
    _Stage.ASKED: "expected 'websocket.accept', 'websocket.close' or 'websocket.http.response.start'",
    _Stage.DENYING: "expected 'websocket.http.response.body'",
    _Stage.REFUSED: "after the request was refused",
}

_logger = logging.getLogger("uvicorn.error")


class TidewireProtocol(asyncio.Protocol):
    """Serves one request for a WebSocket. uvicorn makes it, and gives it the transport and the request.

    Any origin is let through: to judge it is up to the application.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """`config` and both states are uvicorn's; `_loop` is its, or the running one."""
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._deflate = DEFAULT_DEFLATE if config.ws_per_message_deflate else None
        self._stage = _Stage.ASKED
        self._agreement: Agreement | None = None  # once the request is known to be good
        self._scope: Any = None
        self._early = bytearray()
        self._connect_told = False
        self._settled = asyncio.Event()  # the WebSocket is open, refused, or the client is gone
        self._writable = asyncio.Event()
        self._writable.set()
        self._denial: Response | None = None  # begun by the application; written with the start of its body
        self._lost = False
        self._session: AsgiSession | None = None

    # ---- asyncio.Protocol: until the application has accepted ----

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """uvicorn hands the transport over."""
        self._transport = transport
        self._server_state.connections.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """First the head of the request, whole, as uvicorn rebuilt it; then what the client sends too early."""
        if self._agreement is None and not self._transport.is_closing():
            self._read_request(data)
            return
        self._early += data
        if len(self._early) > _MAX_EARLY_LEN:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The client reads a refusal too slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self._lost = True
        self._server_state.connections.discard(self)
        self._writable.set()
        self._settled.set()

    def shutdown(self) -> None:
        """uvicorn goes down: closes the connection with 1012, or answers the request with 500."""
        if self._session is not None:
            self._session.close(CloseCode.SERVICE_RESTART)
            self._loop.call_later(_SHUTDOWN_SECONDS, self._transport.abort)
        else:
            self._fail()
            self._lost = True  # as far as the application is concerned

    # ---- The request ----

    def _read_request(self, head: bytes) -> None:
        try:
            request = Request.parse(head)
            size = len(head)  # uvicorn has limits of its own
            try:
                self._agreement = check_request(
                    head,
                    any_origin=True,
                    deflate=self._deflate,
                    max_head_len=size,
                    max_header_count=size,
                    max_line_len=size,
                )
            except Error as error:
                raise handshake_error(error, request.headers) from error
        except InvalidHandshake as error:
            _logger.info("opening handshake failed: %s", error)
            self._refuse(refusal(error))
            return
        self._scope = self._make_scope(request)
        task = self._loop.create_task(self._run())
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    def _make_scope(self, request: Request) -> Event:
        root_path = self._config.root_path
        path, _, query = request.path.partition("?")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self._transport) else "ws",
            "server": get_local_addr(self._transport),
            "client": get_remote_addr(self._transport),
            "root_path": root_path,
            "path": root_path + unquote(path),
            "raw_path": (root_path + path).encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.raw_items()
            ],
            "subprotocols": offered_subprotocols(request),
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}},
        }

    async def _run(self) -> None:
        code = CloseCode.NORMAL_CLOSURE
        try:
            app: Callable[..., Awaitable[object]] = self._config.loaded_app
            result = await app(self._scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except (Exception, asyncio.CancelledError):  # uvicorn cancels those that outlive its graceful shutdown
            _logger.exception("Exception in ASGI application\n")
            code = CloseCode.INTERNAL_ERROR
        else:
            if not self._settled.is_set():
                _logger.error("ASGI callable returned without completing handshake.")
            elif result is not None:
                _logger.error("ASGI callable should return None, but returned '%s'.", result)
        if self._session is not None:
            self._session.close(code)
        else:
            self._fail()

    # ---- What the application calls ----

    async def receive(self) -> Event:
        """Returns the next event of ASGI: connect, then messages, then disconnect for ever."""
        if not self._connect_told:
            self._connect_told = True
            return {"type": "websocket.connect"}
        await self._settled.wait()
        if self._session is None:
            return {"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE.value}
        try:
            data = await self._session.recv()
        except ClientDisconnected:
            code, reason = self._session.ending()
            return {"type": "websocket.disconnect", "code": code, "reason": reason}
        return {"type": "websocket.receive", "text" if isinstance(data, str) else "bytes": data}

    async def send(self, event: Event) -> None:
        """Does what the application says. Waits while the client reads too slowly; ClientDisconnected when it is
        gone, RuntimeError for an event that is out of place."""
        kind = event["type"]
        if self._session is not None:
            await self._session.send_event(kind, event)
            return
        await self._writable.wait()
        if self._lost:
            raise ClientDisconnected()
        if self._stage is _Stage.ASKED and kind == "websocket.accept":
            self._accept(event.get("subprotocol"), event.get("headers", ()))
        elif self._stage is _Stage.ASKED and kind == "websocket.close":
            self._log_answer(403)
            self._refuse(_response(403, [("content-length", "0"), ("connection", "close")]))
        elif self._stage is _Stage.ASKED and kind == "websocket.http.response.start":
            self._denial = _response(event["status"], _decoded(event.get("headers", ())))
            self._log_answer(event["status"])
            self._stage = _Stage.DENYING
        elif self._stage is _Stage.DENYING and kind == "websocket.http.response.body":
            self._deny(event.get("body", b""), event.get("more_body", False))
        else:
            raise unexpected(kind, _WANTED[self._stage])

    # ---- Answers ----

    def _accept(self, subprotocol: str | None, headers: Iterable[tuple[bytes, bytes]]) -> None:
        if self._transport.is_closing():
            raise ClientDisconnected()
        assert self._agreement is not None
        agreement = self._agreement._replace(subprotocol=subprotocol or None)
        response = Response.parse(build_response(agreement, deflate=self._deflate))
        response.headers.update(_decoded(self._server_state.default_headers), _decoded(headers))
        engine = Connection(
            Role.SERVER,
            upgraded=True,
            negotiated=agreement.deflate,
            deflate=None if agreement.deflate is None else self._deflate,
            pool=shared_pool(),
            **engine_options(
                max_size=self._config.ws_max_size,
                ping_interval=self._config.ws_ping_interval or None,
                ping_timeout=self._config.ws_ping_timeout or None,
            ),
        )
        self._log_answer("[accepted]")
        self._transport.write(response.serialize())
        self._transport.resume_reading()
        self._session = AsgiSession(self.connection_lost)
        self._stage = _Stage.OPEN
        self._settled.set()
        high = self._config.ws_max_queue or None
        _logger.info("connection open")
        self._session.begin(engine, self._transport, bytes(self._early), high=high, low=(high or 0) // 4)
        self._early.clear()

    def _deny(self, body: bytes, more: bool) -> None:
        """Writes a part of the application's own response. Without a length it ends with the connection."""
        if self._denial is not None:
            headers = self._denial.headers
            if not more:
                headers.setdefault("content-length", str(len(body)))
            headers.setdefault("connection", "close")
            self._transport.write(self._with_defaults(self._denial).serialize())
            self._denial = None
        self._transport.write(body)
        if not more:
            self._end()

    def _refuse(self, response: Response) -> None:
        self._transport.write(self._with_defaults(response).serialize())
        self._end()

    def _fail(self) -> None:
        """The application did not answer, or not to the end."""
        if self._lost:
            return
        if self._stage is _Stage.ASKED or self._denial is not None:
            self._refuse(plain_response(500, "Internal Server Error"))
        elif self._stage is _Stage.DENYING:
            self._end()

    def _end(self) -> None:
        self._stage = _Stage.REFUSED
        self._settled.set()
        self._transport.close()

    def _with_defaults(self, response: Response) -> Response:
        """Adds the headers that uvicorn gives to every response, such as Date and Server."""
        for name, value in _decoded(self._server_state.default_headers):
            response.headers.setdefault(name, value)
        return response

    def _log_answer(self, answer: int | str) -> None:
        path = get_path_with_query_string(self._scope)
        _logger.info('%s - "WebSocket %s" %s', get_client_addr(self._scope), path, answer)


def _response(status: int, headers: Iterable[tuple[str, str]]) -> Response:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return Response(status, phrase, Headers(headers))


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]

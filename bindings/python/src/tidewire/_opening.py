# SPDX-License-Identifier: MIT
"""The opening handshake of both roles without I/O, for `tidewire.asyncio` and `tidewire.sync`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ._errors import Error
from ._native import build_refusal, build_request, build_response, check_request, check_response, generate_key
from ._types import Agreement, DeflateConfig
from ._version import __version__
from .datastructures import Headers, HeadersLike
from .exceptions import (
    InvalidHandshake,
    InvalidHeader,
    InvalidMessage,
    InvalidOrigin,
    InvalidUpgrade,
    NegotiationError,
    SecurityError,
)
from .http11 import Request, Response, plain_response

USER_AGENT = f"tidewire/{__version__}"


@dataclass(slots=True)
class ServerPolicy:
    """Which requests a server accepts, and how."""

    origins: Sequence[str | re.Pattern[str] | None] | None = None
    """None: that of the server's own pages, or none. Else those that are allowed, where None allows a request
    without."""
    any_origin: bool = False
    subprotocols: Sequence[str] = ()
    """In the order of preference."""
    deflate: DeflateConfig | None = None
    server_header: str | None = USER_AGENT


def offered_subprotocols(request: Request) -> list[str]:
    """Returns the subprotocols that a client offers, in its order of preference."""
    values = request.headers.get_all("Sec-WebSocket-Protocol")
    return [name for value in values for part in value.split(",") if (name := part.strip(" \t"))]


def accept_request(
    policy: ServerPolicy,
    head: bytes,
    request: Request,
    select_subprotocol: Callable[[Sequence[str]], str | None] | None = None,
) -> tuple[Response, Agreement]:
    """Judges a request, `head` as it came and `request` as it was parsed, and makes the response that accepts it.

    Raises an InvalidHandshake which `refusal` turns into a response.
    """
    if policy.origins is not None:
        _check_origin(request, policy.origins)
    subprotocols = policy.subprotocols
    if select_subprotocol is not None:
        chosen = select_subprotocol(offered_subprotocols(request))
        subprotocols = () if chosen is None else (chosen,)
    try:
        agreement = check_request(
            head,
            subprotocols=subprotocols,
            any_origin=policy.any_origin or policy.origins is not None,
            deflate=policy.deflate,
        )
        headers = {} if policy.server_header is None else {"Server": policy.server_header}
        accepted = build_response(agreement, headers=headers, deflate=policy.deflate)
    except Error as error:
        raise handshake_error(error, request.headers) from error
    if policy.subprotocols and select_subprotocol is None and agreement.subprotocol is None:
        raise NegotiationError(f"no subprotocol in common; expected one of {', '.join(policy.subprotocols)}")
    return Response.parse(accepted), agreement


def refusal(error: BaseException) -> Response:
    """Makes the response for a request that failed: of the engine's status, or 400, and 500 for what is our fault."""
    cause = error.__cause__
    if not isinstance(error, InvalidHandshake):
        return plain_response(500)
    status = 403 if isinstance(error, InvalidOrigin) else 431 if isinstance(error, SecurityError) else 400
    headers = Headers()
    if isinstance(cause, Error) and cause.http_status:
        status = cause.http_status
        headers = Response.parse(build_refusal(cause.status).partition(b"\r\n\r\n")[0] + b"\r\n\r\n").headers
    response = plain_response(status, f"Failed to open a WebSocket connection: {error}.\n")
    for name, value in headers.raw_items():  # such as the version that we speak, after 426
        if name not in response.headers:
            response.headers[name] = value
    return response


class ClientOpening:
    """One client's request, and its judgement of the response."""

    def __init__(
        self,
        *,
        host: str,
        target: str,
        origin: str | None = None,
        subprotocols: Sequence[str] = (),
        deflate: DeflateConfig | None = None,
        headers: HeadersLike = (),
        user_agent: str | None = USER_AGENT,
    ) -> None:
        """`host` as the Host header has it, with a port that is not the default; `target` is path and query.

        Raises tidewire.UsageError for what cannot be in a request.
        """
        self.key = generate_key()
        self.subprotocols = tuple(subprotocols)
        self.deflate = deflate
        extra = Headers(headers)
        if user_agent is not None and "User-Agent" not in extra:
            extra["User-Agent"] = user_agent
        self.head = build_request(
            self.key,
            host=host,
            target=target,
            origin=origin,
            subprotocols=self.subprotocols,
            headers=list(extra.raw_items()),
            deflate=deflate,
        )
        """The request, as bytes to send."""

    @property
    def request(self) -> Request:
        """The same, parsed."""
        return Request.parse(self.head)

    def check(self, head: bytes) -> tuple[Response, Agreement]:
        """Judges the head of a response with status 101. Raises an InvalidHandshake."""
        response = Response.parse(head)
        try:
            return response, check_response(head, self.key, subprotocols=self.subprotocols, deflate=self.deflate)
        except Error as error:
            raise handshake_error(error, response.headers) from error


def handshake_error(error: Error, headers: Headers) -> InvalidHandshake:
    """Returns the exception by the name that people know; `error` is to be its cause."""
    if error.limit is not None:
        return SecurityError(str(error))
    header = _HEADERS_OF_ERRORS.get(error.name)
    if header is not None:
        value = ", ".join(headers.get_all(header)) if header in headers else None
        if header == "Origin":
            return InvalidOrigin(value)
        return (InvalidUpgrade if header in ("Upgrade", "Connection") else InvalidHeader)(header, value)
    if error.name in ("TW_ERR_EXTENSION", "TW_ERR_SUBPROTOCOL"):
        return NegotiationError(str(error))
    return InvalidMessage(str(error))


_HEADERS_OF_ERRORS = {
    "TW_ERR_HTTP_UPGRADE": "Upgrade",
    "TW_ERR_HTTP_CONNECTION": "Connection",
    "TW_ERR_ORIGIN": "Origin",
    "TW_ERR_VERSION": "Sec-WebSocket-Version",
    "TW_ERR_ACCEPT": "Sec-WebSocket-Accept",
    "TW_ERR_KEY": "Sec-WebSocket-Key",
}


def _check_origin(request: Request, allowed: Sequence[str | re.Pattern[str] | None]) -> None:
    origins = request.headers.get_all("Origin")
    origin = origins[0] if len(origins) == 1 else None
    if len(origins) < 2:
        for rule in allowed:
            if origin == rule or (origin is not None and isinstance(rule, re.Pattern) and rule.fullmatch(origin)):
                return
    raise InvalidOrigin(origin)

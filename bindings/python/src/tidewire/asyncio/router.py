# SPDX-License-Identifier: MIT
"""Servers with a handler per URL, by the maps of the package werkzeug, which must be installed."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Awaitable, Callable
from typing import Any

from ..http11 import Request, Response
from .accepting import Answer
from .server import Server, ServerConnection, serve

__all__ = ["Router", "route", "unix_route"]


class Router:
    """Finds the handler of a request, and calls it when the connection is open."""

    def __init__(self, url_map: Any, server_name: str | None = None, url_scheme: str = "ws") -> None:
        """`url_map` is a werkzeug.routing.Map whose endpoints are handlers; all its rules become WebSocket rules.
        `server_name` is that of redirects, by default the Host that the client asked for. Raises ImportError."""
        try:
            self._redirect: Any = importlib.import_module("werkzeug.routing").RequestRedirect
            self._errors: Any = importlib.import_module("werkzeug.exceptions")
        except ImportError:
            raise ImportError("route needs the package werkzeug") from None
        self.url_map = url_map
        self.server_name = server_name
        self.url_scheme = url_scheme
        for rule in url_map.iter_rules():
            rule.websocket = True

    def route_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Is a `process_request`: keeps the handler for later, or answers with a redirect, 404, or 400."""
        hosts = request.headers.get_all("Host")
        if len(hosts) != 1:
            return connection.respond(400, "Bad Request\n")
        path, _, query = request.path.partition("?")
        try:
            urls = self.url_map.bind(self.server_name or hosts[0], url_scheme=self.url_scheme)
            handler, arguments = urls.match(path, query_args=query)
        except self._redirect as redirect:
            response = connection.respond(302, f"Found at {redirect.new_url}\n")
            response.headers["Location"] = redirect.new_url
            return response
        except self._errors.NotFound:
            return connection.respond(404, "Not Found\n")
        except self._errors.HTTPException:  # such as a name that is none
            return connection.respond(400, "Bad Request\n")
        connection.handler = functools.partial(handler, connection, **arguments)  # type: ignore[attr-defined]
        return None

    async def handler(self, connection: ServerConnection) -> None:
        """Is the handler of `serve`."""
        await connection.handler()  # type: ignore[attr-defined]


def route(
    url_map: Any,
    *args: Any,
    server_name: str | None = None,
    ssl: Any = None,
    create_router: Callable[[Any, str | None, str], Router] | None = None,
    **kwargs: Any,
) -> Server:
    """Like `serve`, but the handler is the endpoint of the first rule of `url_map`, a werkzeug.routing.Map, that fits
    the request: it is called with the connection, and with the variables of the rule as keyword arguments, which are as
    the client sent them, percent signs and all.

    `ssl` may also be True, where a proxy does TLS, for redirects to wss. `server_name` is the name in redirects, by
    default that in the request. `process_request` comes first. Raises ImportError where werkzeug is not installed.
    """
    if ssl is not None and ssl is not True:
        kwargs["ssl"] = ssl
    router = (create_router or Router)(url_map, server_name, "ws" if ssl is None else "wss")
    first: Callable[[ServerConnection, Request], Answer] | None = kwargs.pop("process_request", None)

    async def process_request(connection: ServerConnection, request: Request) -> Response | None:
        response = None if first is None else first(connection, request)
        if isinstance(response, Awaitable):
            response = await response
        return router.route_request(connection, request) if response is None else response

    return serve(router.handler, *args, process_request=process_request, **kwargs)


def unix_route(url_map: Any, path: str | os.PathLike[str] | None = None, **kwargs: Any) -> Server:
    """Like `route`, on a unix socket."""
    return route(url_map, unix=True, path=path, **kwargs)

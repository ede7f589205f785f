# SPDX-License-Identifier: MIT
"""The way to a server: addresses, Unix sockets, TLS and proxies."""

from __future__ import annotations

import asyncio
import importlib
import sys
from typing import Any, Literal

from .._body import BodyReader
from .._proxy import MISSING_SOCKS, SOCKS_VERSIONS, check_connected, connect_request, split_options
from ..exceptions import InvalidMessage, InvalidProxy, InvalidProxyMessage, ProxyError, SecurityError
from ..http11 import Response
from ..proxy import Proxy, get_proxy, parse_proxy
from ..uri import WebSocketURI, bracketed
from .opening import HeadReader


async def dial(
    uri: WebSocketURI, *, proxy: str | Literal[True] | None, user_agent: str | None, options: dict[str, Any]
) -> HeadReader:
    """Opens a transport to the server of `uri`, over which the opening handshake can begin.

    `proxy` is a proxy's URI, True for that of the environment, None for none. `options` are keyword arguments of
    loop.create_connection; those of TLS are for the server, those that begin with `proxy_` for an HTTP proxy; with
    unix=True they are those of loop.create_unix_connection.

    Raises OSError, InvalidProxy, ProxyError; ImportError where SOCKS is not to be had.
    """
    loop = asyncio.get_running_loop()
    direct = {name: value for name, value in options.items() if not name.startswith("proxy_")}
    if uri.secure:
        direct["ssl"] = options.get("ssl") or True
        direct.setdefault("server_hostname", uri.host)
    if direct.pop("unix", False):
        return (await loop.create_unix_connection(HeadReader, **direct))[1]
    if direct.get("sock") is not None:
        return (await loop.create_connection(HeadReader, **direct))[1]
    host = direct.pop("host", None) or uri.host
    port = direct.pop("port", None) or uri.port
    if proxy is True:
        proxy = get_proxy(uri)
    if proxy is None:
        return (await loop.create_connection(HeadReader, host, port, **direct))[1]
    way = parse_proxy(proxy)
    if way.scheme in SOCKS_VERSIONS:
        return await _dial_through_socks(way, host, port, direct)
    if way.scheme == "https" and uri.secure and sys.version_info < (3, 11):
        raise InvalidProxy(f"https://{bracketed(way.host)}:{way.port}", "asyncio has TLS in TLS from Python 3.11 on")
    of_proxy = {name: value for name, value in options.items() if name.startswith("proxy_")}
    return await _dial_through_http(way, host, port, user_agent, direct | of_proxy)


async def read_response(reader: HeadReader, head: bytes) -> Response:
    """Returns a response, of which `head` was read, with its body. Raises InvalidMessage."""
    response = Response.parse(head)
    body = BodyReader(response)
    if not body.feed(reader.take_rest()) and not reader.lost.done():
        protocol = _BodyProtocol(body)
        reader.transport.set_protocol(protocol)
        if not reader.transport.is_closing():
            reader.transport.resume_reading()  # if too much was read ahead
        await protocol.ended
    response.body = bytes(body.body)
    return response


class _BodyProtocol(asyncio.Protocol):
    """The protocol of a transport from which a body is read."""

    def __init__(self, body: BodyReader) -> None:
        self._body = body
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if self._body.feed(data):
            self._end()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def _dial_through_http(
    proxy: Proxy, host: str, port: int, user_agent: str | None, options: dict[str, Any]
) -> HeadReader:
    of_server, of_proxy = split_options(proxy, options)
    loop = asyncio.get_running_loop()
    reader = (await loop.create_connection(HeadReader, proxy.host, proxy.port, **of_proxy))[1]
    try:
        reader.transport.write(connect_request(proxy, host, port, user_agent))
        await judge_proxy(reader, await reader.head)
        return await _open_tunnel(reader.transport, of_server)
    except BaseException as error:
        reader.transport.abort()
        del reader  # `head` may hold the exception, whose traceback holds this frame
        if isinstance(error, (InvalidMessage, SecurityError)):
            raise InvalidProxyMessage(str(error)) from error
        raise


async def judge_proxy(reader: HeadReader, head: bytes) -> None:
    """Judges the response of an HTTP proxy. Raises ProxyError, and InvalidMessage if it is none."""
    response = Response.parse(head)
    if not 200 <= response.status_code < 300:
        response = await read_response(reader, head)
    check_connected(response, reader.take_rest())
    if reader.transport.is_closing():
        raise InvalidProxyMessage("the proxy closed the connection")


async def _open_tunnel(transport: asyncio.Transport, options: dict[str, Any]) -> HeadReader:
    """Makes the transport of a proxy that of the server behind it, with TLS if `options` have `ssl`."""
    tunnel = HeadReader()
    context = options.pop("ssl", None)
    if context is None:
        transport.set_protocol(tunnel)
        tunnel.connection_made(transport)
        return tunnel
    if context is True:
        import ssl

        context = ssl.create_default_context()
    secure = await asyncio.get_running_loop().start_tls(transport, tunnel, context, **options)
    assert secure is not None
    tunnel.connection_made(secure)
    return tunnel


async def _dial_through_socks(proxy: Proxy, host: str, port: int, options: dict[str, Any]) -> HeadReader:
    try:
        kinds = importlib.import_module("python_socks").ProxyType
        make_proxy = importlib.import_module("python_socks.async_.asyncio").Proxy
    except ImportError as error:
        raise ImportError(MISSING_SOCKS) from error
    version, resolves = SOCKS_VERSIONS[proxy.scheme]
    kind = kinds.SOCKS5 if version == 5 else kinds.SOCKS4
    way = make_proxy(kind, proxy.host, proxy.port, proxy.username, proxy.password, resolves)
    try:
        sock = await way.connect(host, port, local_addr=options.pop("local_addr", None))
    except OSError:
        raise
    except Exception as error:
        raise ProxyError(f"the SOCKS proxy did not connect: {error}") from error
    try:
        return (await asyncio.get_running_loop().create_connection(HeadReader, sock=sock, **options))[1]
    except BaseException:
        sock.close()
        raise

# SPDX-License-Identifier: MIT
"""Proxies: which one is used, and what it is told."""

from __future__ import annotations

import asyncio
import gc
import importlib
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
from client_peers import (
    answering,
    basic,
    cancel_at_every_turn,
    certificate,
    echo_server,
    expect_clients_to_give_up,
    http_proxy,
    port_of,
    socks_proxy,
    stream_server,
)
from tidewire._proxy import connect_request
from tidewire.asyncio.client import connect
from tidewire.exceptions import InvalidProxy, InvalidProxyMessage, InvalidProxyStatus, ProxyError
from tidewire.http11 import Request, Response
from tidewire.proxy import Proxy, get_proxy, parse_proxy
from tidewire.uri import parse_uri

try:
    importlib.import_module("python_socks.async_.asyncio")
    HAS_SOCKS = True
except ImportError:
    HAS_SOCKS = False
needs_socks = pytest.mark.skipif(not HAS_SOCKS, reason="SOCKS goes through python-socks[asyncio], which is not there")
before_311 = sys.version_info < (3, 11)
WHO = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nwho??"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the proxies of whoever runs it."""
    for name in ("http", "https", "ws", "wss", "socks", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)


@pytest.mark.parametrize(
    "uri, parts",
    [
        ("http://Proxy", Proxy("http", "proxy", 80)),
        ("https://proxy/", Proxy("https", "proxy", 443)),
        ("http://u:p%40@proxy:3128", Proxy("http", "proxy", 3128, "u", "p@")),
        ("socks5h://proxy", Proxy("socks5h", "proxy", 1080)),
        ("socks4://[::1]:9", Proxy("socks4", "::1", 9)),
    ],
)
def test_the_uri_of_a_proxy_is_taken_apart(uri: str, parts: Proxy) -> None:
    assert parse_proxy(uri) == parts


@pytest.mark.parametrize(
    "uri, why",
    [
        ("ftp://proxy", "scheme"),
        ("proxy:3128", "scheme"),
        ("http://", "no host"),
        ("http://proxy/path", "path"),
        ("http://proxy?query", "query"),
        ("http://proxy#fragment", "fragment"),
        ("http://u@proxy", "without a password"),
        ("http://proxy:99999", "ort"),
    ],
)
def test_what_is_no_proxy_is_refused_with_the_reason(uri: str, why: str) -> None:
    with pytest.raises(InvalidProxy, match=why):
        parse_proxy(uri)


def test_an_error_does_not_show_the_password_of_a_proxy() -> None:
    with pytest.raises(InvalidProxy) as info:
        parse_proxy("http://user:secret@proxy/path")
    assert "secret" not in str(info.value)
    assert info.value.proxy == "http://***@proxy/path"


@pytest.mark.parametrize(
    "variables, uri, proxy",
    [
        ({}, "ws://h/", None),
        ({"http_proxy": "http://a"}, "ws://h/", "http://a"),
        ({"http_proxy": "http://a"}, "wss://h/", None),
        ({"http_proxy": "http://a", "https_proxy": "http://b"}, "ws://h/", "http://b"),
        ({"http_proxy": "http://a", "https_proxy": "http://b"}, "wss://h/", "http://b"),
        ({"https_proxy": "http://b", "socks_proxy": "socks5h://c"}, "wss://h/", "socks5h://c"),
        ({"socks_proxy": "http://c:1"}, "ws://h/", "socks5h://c:1"),
        ({"ws_proxy": "http://d", "socks_proxy": "socks5://c"}, "ws://h/", "http://d"),
        ({"wss_proxy": "http://e", "ws_proxy": "http://d"}, "wss://h/", "http://e"),
        ({"http_proxy": "http://a", "no_proxy": "x,h"}, "ws://h/", None),
        ({"http_proxy": "http://a", "no_proxy": "h:81"}, "ws://h/", "http://a"),
        ({"http_proxy": "http://a", "no_proxy": "h:81"}, "ws://h:81/", None),
        ({"http_proxy": "http://a", "no_proxy": ".example"}, "ws://www.example/", None),
        ({"http_proxy": "http://a", "no_proxy": "*"}, "ws://h/", None),
        ({"http_proxy": "http://a", "no_proxy": "::1"}, "ws://[::1]/", None),
        ({"http_proxy": "http://a", "no_proxy": "[::1]"}, "ws://[::1]/", None),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], uri: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert get_proxy(parse_uri(uri)) == proxy


def test_a_proxy_is_asked_for_an_address_of_ipv6_in_brackets() -> None:
    asked = connect_request(Proxy("http", "proxy", 80), "::1", 443, None)
    assert asked == b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"


async def test_client_asks_an_http_proxy_for_the_server() -> None:
    heads: list[bytes] = []
    async with echo_server() as server, stream_server(http_proxy(heads)) as proxy:
        uri = f"ws://a:b@127.0.0.1:{port_of(server)}/"
        async with connect(uri, proxy=f"http://u:p@127.0.0.1:{proxy}", user_agent_header="test/1") as client:
            await client.send("through")
            assert await client.recv() == "through"
            assert client.remote_address == ("127.0.0.1", proxy)
            assert client.request is not None
            assert "Proxy-Authorization" not in client.request.headers
            assert client.request.headers["Authorization"] == basic("a", "b")
        asked = Request.parse(heads[0])
        assert (asked.method, asked.path) == ("CONNECT", f"127.0.0.1:{port_of(server)}")
        assert asked.headers["Host"] == f"127.0.0.1:{port_of(server)}"
        assert asked.headers["User-Agent"] == "test/1"
        assert asked.headers["Proxy-Authorization"] == basic("u", "p")
        assert "Authorization" not in asked.headers
        async with connect(uri, proxy=f"http://127.0.0.1:{proxy}", user_agent_header=None):
            pass
        assert list(Request.parse(heads[1]).headers) == ["host"]


async def test_client_uses_the_proxy_of_the_environment_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []
    async with echo_server() as server, stream_server(http_proxy(heads)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        async with connect(uri):
            assert len(heads) == 1
        async with connect(uri, proxy=None, proxy_ssl=None):
            assert len(heads) == 1
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with connect(uri):
            assert len(heads) == 1


async def test_client_asks_the_proxy_for_the_host_and_port_that_it_was_given() -> None:
    heads: list[bytes] = []
    async with echo_server() as server, stream_server(http_proxy(heads)) as proxy:
        async with connect(
            "ws://far.test/", host="127.0.0.1", port=port_of(server), proxy=f"http://127.0.0.1:{proxy}"
        ) as client:
            assert client.request is not None and client.request.headers["Host"] == "far.test"
        assert heads[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % port_of(server))


@pytest.mark.parametrize(
    "answer, error, text",
    [
        (WHO.encode(), InvalidProxyStatus, "407"),
        (b"", InvalidProxyMessage, "closed"),
        (b"220 mail.example\r\n\r\n", InvalidProxyMessage, "status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", InvalidProxyMessage, "more than the head"),
        (b"HTTP/1.1 200 " + b"x" * 20_000, InvalidProxyMessage, "longer"),
    ],
)
async def test_client_raises_when_a_proxy_does_not_connect(answer: bytes, error: type[ProxyError], text: str) -> None:
    async with stream_server(answering(answer)) as proxy:
        with pytest.raises(error, match=text) as info:
            await connect("ws://127.0.0.1:9/", proxy=f"http://127.0.0.1:{proxy}")
    if isinstance(info.value, InvalidProxyStatus):
        assert isinstance(info.value.response, Response)
        assert info.value.response.body == b"who??"


async def test_client_raises_when_a_proxy_hangs_up_after_its_answer(tmp_path: Path) -> None:
    _, trust = certificate(tmp_path)
    async with stream_server(answering(b"HTTP/1.1 200 Connected\r\n\r\n")) as proxy:
        with pytest.raises((InvalidProxyMessage, OSError)):
            await connect("wss://127.0.0.1:9/", ssl=trust, proxy=f"http://127.0.0.1:{proxy}")


async def test_client_gives_up_when_a_proxy_does_not_answer() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with stream_server(listen) as proxy:
        with pytest.raises(TimeoutError):
            await connect("ws://127.0.0.1:9/", proxy=f"http://127.0.0.1:{proxy}", open_timeout=0.05)


async def test_client_speaks_tls_with_the_server_through_a_proxy(tmp_path: Path) -> None:
    expect_clients_to_give_up()
    context, trust = certificate(tmp_path)
    heads: list[bytes] = []
    async with echo_server(ssl=context) as server, stream_server(http_proxy(heads)) as proxy:
        uri = f"wss://127.0.0.1:{port_of(server)}/"
        async with connect(uri, ssl=trust, proxy=f"http://127.0.0.1:{proxy}") as client:
            await client.send("x" * 100_000)
            assert await client.recv() == "x" * 100_000
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(uri, proxy=f"http://127.0.0.1:{proxy}")
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(uri, ssl=trust, server_hostname="other.test", proxy=f"http://127.0.0.1:{proxy}")


async def test_client_speaks_tls_with_the_proxy(tmp_path: Path) -> None:
    expect_clients_to_give_up()
    context, trust = certificate(tmp_path)
    heads: list[bytes] = []
    async with echo_server() as server, stream_server(http_proxy(heads), ssl=context) as proxy:
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        async with connect(uri, proxy=f"https://127.0.0.1:{proxy}", proxy_ssl=trust) as client:
            await client.send("x" * 100_000)
            assert await client.recv() == "x" * 100_000
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(uri, proxy=f"https://127.0.0.1:{proxy}")
    assert len(heads) == 1


@pytest.mark.skipif(before_311, reason="asyncio has no TLS over TLS before Python 3.11")
async def test_client_speaks_tls_through_tls(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    async with echo_server(ssl=context) as server, stream_server(http_proxy([]), ssl=context) as proxy:
        uri = f"wss://127.0.0.1:{port_of(server)}/"
        async with connect(uri, ssl=trust, proxy=f"https://127.0.0.1:{proxy}", proxy_ssl=trust) as client:
            await client.send("x" * 100_000)
            assert await client.recv() == "x" * 100_000


@pytest.mark.parametrize("proxy, proxy_ssl", [("http://127.0.0.1:9", True), ("https://127.0.0.1:9", None)])
async def test_tls_that_does_not_go_with_the_proxy_is_refused(proxy: str, proxy_ssl: bool | None) -> None:
    with pytest.raises(ValueError, match="proxy_ssl"):
        await connect("ws://127.0.0.1:9/", proxy=proxy, proxy_ssl=proxy_ssl)


@needs_socks
@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
async def test_client_asks_a_socks_proxy_for_the_server(scheme: str) -> None:
    asked: list[tuple[str, int]] = []
    resolves = scheme in ("socks4a", "socks5h")
    async with echo_server() as server, stream_server(socks_proxy(asked)) as proxy:
        host = "far.test" if resolves else "127.0.0.1"
        async with connect(f"ws://{host}:{port_of(server)}/", proxy=f"{scheme}://127.0.0.1:{proxy}") as client:
            await client.send("through")
            assert await client.recv() == "through"
        assert asked == [(host, port_of(server))]


@needs_socks
async def test_client_shows_its_password_to_a_socks_proxy(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    handler = socks_proxy([], (b"user", b"pass"))
    async with echo_server(ssl=context) as server, stream_server(handler) as proxy:
        uri = f"wss://127.0.0.1:{port_of(server)}/"
        async with connect(uri, ssl=trust, proxy=f"socks5://user:pass@127.0.0.1:{proxy}") as client:
            await client.send("through")
            assert await client.recv() == "through"
        with pytest.raises(ProxyError, match="SOCKS"):
            await connect(uri, ssl=trust, proxy=f"socks5://user:wrong@127.0.0.1:{proxy}")


@needs_socks
async def test_an_option_that_is_wrong_leaves_no_socket_to_a_socks_proxy_open() -> None:
    async with echo_server() as server, stream_server(socks_proxy([])) as proxy:
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        with pytest.raises(ValueError, match="ssl_handshake_timeout"):
            await connect(uri, proxy=f"socks5://127.0.0.1:{proxy}", ssl_handshake_timeout=1)
    gc.collect()  # what is left open warns, and a warning is an error


@needs_socks
async def test_a_socks_proxy_that_is_not_there_is_an_error_of_the_system() -> None:
    async with stream_server(answering(b"")) as proxy:
        pass
    with pytest.raises(OSError):
        await connect("ws://127.0.0.1:9/", proxy=f"socks5://127.0.0.1:{proxy}")


async def test_socks_without_its_package_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ImportError, match="python-socks"):
        await connect("ws://127.0.0.1:9/", proxy="socks5://127.0.0.1:9")


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.skipif(before_311, reason="when start_tls is cancelled, asyncio itself leaves a TLS transport unclosed")
async def test_cancelling_on_the_way_through_a_proxy_leaves_no_transport_open(tmp_path: Path, scheme: str) -> None:
    expect_clients_to_give_up()
    context, trust = certificate(tmp_path)
    of_server, of_proxy = (context, None) if scheme == "http" else (None, context)
    async with echo_server(ssl=of_server) as server, stream_server(http_proxy([]), ssl=of_proxy) as proxy:
        uri = f"{'ws' if of_server is None else 'wss'}://127.0.0.1:{port_of(server)}/"
        tls: dict[str, Any] = {"proxy_ssl": trust} if of_server is None else {"ssl": trust}
        way = f"{scheme}://127.0.0.1:{proxy}"
        assert await cancel_at_every_turn(lambda: connect(uri, proxy=way, **tls)) > 5
    gc.collect()  # what is left open warns, and a warning is an error


@needs_socks
async def test_cancelling_on_the_way_through_socks_leaves_no_socket_open() -> None:
    async with echo_server() as server, stream_server(socks_proxy([])) as proxy:
        uri = f"ws://127.0.0.1:{port_of(server)}/"
        assert await cancel_at_every_turn(lambda: connect(uri, proxy=f"socks5://127.0.0.1:{proxy}")) > 5
    gc.collect()  # what is left open warns, and a warning is an error

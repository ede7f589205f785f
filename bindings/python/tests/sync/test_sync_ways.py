# SPDX-License-Identifier: MIT
"""TLS and proxies between clients and servers that block."""

from __future__ import annotations

import importlib.util
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sync_peers import GUARD_SECONDS, Library, each_pair, in_background, port_of, serving, uri_of
from sync_ways import Proxy, answering, client_context, make_certificate, server_context, stream_server
from tidewire.exceptions import (
    ConnectionClosedOK,
    InvalidProxy,
    InvalidProxyMessage,
    InvalidProxyStatus,
    ProxyError,
    SecurityError,
)
from tidewire.sync.client import connect


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def secure_uri_of(server: Any, host: str = "localhost") -> str:
    return f"wss://{host}:{port_of(server)}/"


def exchange_much(websocket: Any) -> None:
    """Sends small and large messages and receives them again."""
    for message in ("small", "x" * 100_000, bytes(range(256)) * 3000, ""):
        websocket.send(message)
        assert websocket.recv(GUARD_SECONDS) == message
    count = 500

    def send_all() -> None:
        for number in range(count):
            websocket.send(str(number) * number)

    with in_background(send_all):
        for number in range(count):
            assert websocket.recv(GUARD_SECONDS) == str(number) * number


@each_pair
def test_messages_go_through_tls(client: Library, server: Library, certificate: Path) -> None:
    with serving(library=server, ssl=server_context(certificate)) as listening:
        with client.connect(secure_uri_of(listening), ssl=client_context(certificate)) as websocket:
            exchange_much(websocket)
            assert websocket.socket.version().startswith("TLS")
        assert websocket.close_code == 1000


@each_pair
def test_a_server_with_tls_closes_first_and_in_agreement(client: Library, server: Library, certificate: Path) -> None:
    with serving(lambda websocket: None, library=server, ssl=server_context(certificate)) as listening:
        with client.connect(secure_uri_of(listening), ssl=client_context(certificate)) as websocket:
            with pytest.raises(client.exceptions.ConnectionClosedOK):
                websocket.recv(GUARD_SECONDS)


def test_both_directions_of_tls_are_used_at_once_by_many_threads(certificate: Path) -> None:
    with serving(ssl=server_context(certificate), max_queue=None) as server:
        options = {"ssl": client_context(certificate), "max_queue": None}
        with connect(secure_uri_of(server), **options) as websocket:
            senders = [threading.Thread(target=send_blocks, args=(websocket, name)) for name in range(4)]
            for sender in senders:
                sender.start()
            counts = [0] * 4
            for _ in range(4 * 50):
                message = websocket.recv(GUARD_SECONDS)
                assert len(message) == 50_000 and len(set(message)) == 1
                counts[message[0]] += 1
            assert counts == [50] * 4
            for sender in senders:
                sender.join(GUARD_SECONDS)


def send_blocks(websocket: Any, name: int) -> None:
    for _ in range(50):
        websocket.send(bytes([name]) * 50_000)


def test_a_certificate_that_is_not_trusted_is_refused(certificate: Path) -> None:
    with serving(ssl=server_context(certificate)) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(secure_uri_of(server))


def test_a_certificate_for_another_host_is_refused_unless_it_is_expected(certificate: Path) -> None:
    with serving(ssl=server_context(certificate)) as server:
        uri = secure_uri_of(server).replace("localhost", "elsewhere.invalid")
        options = {"ssl": client_context(certificate), "address": server.socket.getsockname()}
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(uri, **options)
        with connect(uri, server_hostname="localhost", **options):
            pass


def test_a_client_without_tls_does_not_disturb_the_server(certificate: Path) -> None:
    with serving(ssl=server_context(certificate), open_timeout=0.5) as server:
        with pytest.raises((OSError, Exception)):
            connect(uri_of(server))
        with socket.create_connection(server.socket.getsockname()) as idle:
            idle.settimeout(GUARD_SECONDS)
            assert idle.recv(1) == b""
        with connect(secure_uri_of(server), ssl=client_context(certificate)):
            pass


def test_shutdown_does_not_wait_for_clients_that_do_not_begin_tls(certificate: Path) -> None:
    with serving(ssl=server_context(certificate), open_timeout=None) as server:
        idle = socket.create_connection(server.socket.getsockname())
        with connect(secure_uri_of(server), ssl=client_context(certificate)) as websocket:
            with in_background(server.shutdown):
                with pytest.raises(ConnectionClosedOK):
                    websocket.recv(GUARD_SECONDS)
        idle.close()


def test_a_redirect_that_leaves_tls_is_refused(certificate: Path) -> None:
    def process_request(websocket: Any, request: Any) -> Any:
        response = websocket.respond(301, "moved\n")
        response.headers["Location"] = "ws://localhost/"
        return response

    with serving(ssl=server_context(certificate), process_request=process_request) as server:
        with pytest.raises(SecurityError, match="leave TLS"):
            connect(secure_uri_of(server), ssl=client_context(certificate))


@pytest.mark.parametrize("of_proxy", ["http", "https"])
@pytest.mark.parametrize("of_server", ["ws", "wss"])
def test_messages_go_through_a_proxy(of_proxy: str, of_server: str, certificate: Path) -> None:
    proxy = Proxy(server_context(certificate) if of_proxy == "https" else None, credentials="bob:s s")
    options: dict[str, Any] = {"proxy_ssl": client_context(certificate)} if of_proxy == "https" else {}
    secure = {"ssl": server_context(certificate)} if of_server == "wss" else {}
    if of_server == "wss":
        options["ssl"] = client_context(certificate)
    with serving(**secure) as server, stream_server(proxy.http) as port:
        uri = f"{of_server}://localhost:{port_of(server)}/"
        with connect(uri, proxy=f"{of_proxy}://bob:s%20s@localhost:{port}", **options) as websocket:
            exchange_much(websocket)
        assert websocket.close_code == 1000
        assert "Proxy-Authorization" not in websocket.request.headers
        assert proxy.asked == [f"localhost:{port_of(server)}"]


def test_a_proxy_is_asked_to_connect_to_the_address_that_was_given() -> None:
    proxy = Proxy()
    with serving() as server, stream_server(proxy.http) as port:
        address = server.socket.getsockname()
        with connect("ws://nowhere.invalid/", address=address, proxy=f"http://localhost:{port}") as websocket:
            websocket.send("fine")
            assert websocket.recv(GUARD_SECONDS) == "fine"
        assert proxy.asked == [f"127.0.0.1:{address[1]}"]


def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy()
    with serving() as server, stream_server(proxy.http) as port:
        monkeypatch.setenv("ws_proxy", f"http://localhost:{port}")
        with connect(uri_of(server)):
            pass
        with connect(uri_of(server), proxy=None):
            pass
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with connect(uri_of(server)):
            pass
        assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno", InvalidProxyStatus),
        (b"SSH-2.0\r\n\r\n", InvalidProxyMessage),
        (b"", InvalidProxyMessage),
        (b"HTTP/1.1 200 OK\r\n\r\nearly", InvalidProxyMessage),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, InvalidProxyMessage),
    ],
)
def test_a_proxy_that_does_not_connect_is_an_error(answer: bytes, error: type[ProxyError]) -> None:
    with answering(answer) as (port, _):
        with pytest.raises(error) as caught:
            connect("ws://nowhere.invalid/", proxy=f"http://localhost:{port}")
    if isinstance(caught.value, InvalidProxyStatus):
        assert (caught.value.response.status_code, caught.value.response.body) == (407, b"no")


def test_a_proxy_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with pytest.raises(TimeoutError):
            connect("ws://nowhere.invalid/", proxy=f"http://localhost:{listening.getsockname()[1]}", open_timeout=0.1)


def test_what_is_no_proxy_is_refused(certificate: Path) -> None:
    with pytest.raises(InvalidProxy):
        connect("ws://nowhere.invalid/", proxy="ftp://localhost")
    with pytest.raises(ValueError, match="proxy_ssl"):
        connect("ws://nowhere.invalid/", proxy="http://localhost", proxy_ssl=client_context(certificate))


@pytest.mark.skipif(importlib.util.find_spec("python_socks") is None, reason="python-socks is not installed")
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_messages_go_through_a_socks_proxy(scheme: str) -> None:
    proxy = Proxy()
    with serving() as server, stream_server(proxy.socks5) as port:
        with connect(f"ws://localhost:{port_of(server)}/", proxy=f"{scheme}://localhost:{port}") as websocket:
            exchange_much(websocket)
        [asked] = proxy.asked
        assert asked.startswith("localhost:") is (scheme == "socks5h")


@pytest.mark.skipif(importlib.util.find_spec("python_socks") is None, reason="python-socks is not installed")
def test_a_socks_proxy_that_does_not_connect_is_an_error() -> None:
    with stream_server(lambda sock: sock.sendall(b"\5\xff")) as port:
        with pytest.raises(ProxyError):
            connect("ws://localhost:1/", proxy=f"socks5://localhost:{port}")


def test_without_python_socks_the_error_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(ImportError, match="pip install python-socks"):
        connect("ws://localhost:1/", proxy="socks5://localhost:1")

# SPDX-License-Identifier: MIT
"""Ways to a server for the tests of the client: certificates and proxies, and servers that answer one request."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sync_peers import GUARD_SECONDS


def make_certificate(folder: Path) -> Path:
    """Makes a certificate for localhost and 127.0.0.1 with the command openssl; its key is in the same file."""
    path = folder / "localhost.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
        + ["-keyout", path.with_suffix(".key"), "-out", path, "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".key").read_bytes())
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def client_context(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


@contextlib.contextmanager
def stream_server(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Calls `handle` with each connection, in a thread that is joined in the end. Yields the port."""
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def run(sock: socket.socket) -> None:
            sock.settimeout(GUARD_SECONDS)
            with sock, contextlib.suppress(OSError):
                handle(sock)

        def accept() -> None:
            while True:
                sock, _ = listening.accept()
                if stopping.is_set():
                    sock.close()
                    return
                threads.append(threading.Thread(target=run, args=(sock,)))
                threads[-1].start()

        stopping = threading.Event()
        accepter = threading.Thread(target=accept)
        accepter.start()
        try:
            yield port
        finally:
            stopping.set()
            socket.create_connection(("127.0.0.1", port)).close()
            for thread in [accepter, *threads]:
                thread.join(GUARD_SECONDS)


def read_request(sock: socket.socket) -> bytes:
    """Returns the head of a request."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = sock.recv(1)
        if not part:
            raise ConnectionError("the client has gone")
        head += part
    return head


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives one answer to each request, and closes. Yields its port, and the requests."""
    requests: list[bytes] = []

    def handle(sock: socket.socket) -> None:
        requests.append(read_request(sock))
        sock.sendall(answers[min(len(requests), len(answers)) - 1])

    with stream_server(handle) as port:
        yield port, requests


@dataclass
class Proxy:
    """A proxy that connects to wherever it is asked to."""

    context: ssl.SSLContext | None = None
    """For TLS with the client."""
    credentials: str | None = None
    """User and password that it asks for."""
    asked: list[str] = field(default_factory=list)
    """Where it was asked to connect to."""

    def http(self, sock: socket.socket) -> None:
        """Serves one client by HTTP."""
        if self.context is not None:
            sock = self.context.wrap_socket(sock, server_side=True)
        with sock:
            head = read_request(sock).decode("latin-1")
            if self.credentials is not None:
                wanted = base64.b64encode(self.credentials.encode()).decode()
                if f"Proxy-Authorization: Basic {wanted}\r\n" not in head:
                    sock.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno")
                    return
            target = head.split(" ")[1]
            self.asked.append(target)
            host, _, port = target.rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port))) as server:
                sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                relay(sock, server)

    def socks5(self, sock: socket.socket) -> None:
        """Serves one client by SOCKS5, without authentication (RFC 1928)."""
        _, count = take(sock, 2)
        take(sock, count)
        sock.sendall(b"\5\0")
        kind = take(sock, 4)[3]
        host = socket.inet_ntoa(take(sock, 4)) if kind == 1 else take(sock, take(sock, 1)[0]).decode()
        (port,) = struct.unpack("!H", take(sock, 2))
        self.asked.append(f"{host}:{port}")
        with socket.create_connection((host, port)) as server:
            sock.sendall(b"\5\0\0\1\0\0\0\0\0\0")
            relay(sock, server)


def take(sock: socket.socket, count: int) -> bytes:
    """Reads so many bytes."""
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise ConnectionError("the peer has gone")
        data += part
    return data


def relay(client: socket.socket, server: socket.socket) -> None:
    """Copies both ways until both directions have ended. In one thread: TLS of Python 3.11 cannot be read and written
    at the same time."""
    peers = {client: server, server: client}
    queued = {client: bytearray(), server: bytearray()}
    reading = {client, server}
    for sock in peers:
        sock.setblocking(False)
    while reading or any(queued.values()):
        wanted = [sock for sock in reading if len(queued[peers[sock]]) < 1 << 20]
        at_hand = [sock for sock in wanted if isinstance(sock, ssl.SSLSocket) and sock.pending()]
        pollable = select.select(wanted, [sock for sock in peers if queued[sock]], [], 0 if at_hand else GUARD_SECONDS)
        for sock in {*at_hand, *pollable[0]}:
            with contextlib.suppress(ssl.SSLWantReadError):
                data = sock.recv(1 << 16)
                queued[peers[sock]] += data
                if not data:
                    reading.discard(sock)
        for sock, data in queued.items():
            if data:
                with contextlib.suppress(ssl.SSLWantWriteError, BlockingIOError):
                    del data[: sock.send(bytes(data[:16384]))]
            if not data and peers[sock] not in reading:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_WR)

# SPDX-License-Identifier: MIT
"""TLS to a server through TLS to a proxy."""

from __future__ import annotations

import contextlib
import ssl
from typing import Any

from .opening import READ_LEN


class TlsInTls:
    """What a connection needs of an ssl.SSLSocket, over an ssl.SSLSocket, with its time-outs and its way of blocking.

    What is not here is that of the socket below.
    """

    def __init__(self, sock: ssl.SSLSocket, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._out = memoryview(b"")  # encrypted, and not yet written
        self._accepted_len = 0  # of what the last `send` was given, encrypted
        self._dry = True  # nothing can be read without the socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def do_handshake(self) -> None:
        """Does the handshake, on a socket that blocks."""
        while True:
            try:
                self._tls.do_handshake()
                self._write()
                return
            except ssl.SSLWantReadError:
                self._write()
                self._feed()

    def recv_into(self, buffer: memoryview) -> int:
        """Reads. 0 at the end; ssl.SSLWantReadError, SSLWantWriteError as an SSLSocket that does not block."""
        while True:
            try:
                self._dry = False
                return self._tls.read(len(buffer), buffer)  # type: ignore[return-value]
            except ssl.SSLWantReadError:
                self._dry = True
                with contextlib.suppress(ssl.SSLWantWriteError):  # that the peer does not read must not end the reading
                    self._write()
                self._feed()
            except ssl.SSLEOFError:
                return 0

    def recv(self, size: int) -> bytes:
        """Reads at most `size` bytes; none at the end."""
        buffer = bytearray(size)
        return bytes(buffer[: self.recv_into(memoryview(buffer))])

    def send(self, data: memoryview) -> int:
        """Writes some of `data`. When it raises SSLWantWriteError, call it with the same data again."""
        if self._accepted_len == 0:
            self._accepted_len = self._tls.write(data)
        self._write()
        count, self._accepted_len = self._accepted_len, 0
        return count

    def sendall(self, data: bytes) -> None:
        """Writes all of `data`, on a socket that blocks."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest) :]

    def pending(self) -> int:
        """Returns how many bytes may be read without the socket, encrypted ones too; 0 if they make no whole record."""
        return 0 if self._dry else self._tls.pending() + self._incoming.pending + self._sock.pending()

    def unwrap(self) -> None:
        """Says that nothing more will be written."""
        try:
            self._tls.unwrap()
        finally:
            self._write()

    def _feed(self) -> None:
        data = self._sock.recv(READ_LEN)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _write(self) -> None:
        while self._out or self._outgoing.pending:
            if not self._out:
                self._out = memoryview(self._outgoing.read())
            self._out = self._out[self._sock.send(self._out) :]


Tls = (ssl.SSLSocket, TlsInTls)
"""What sockets with TLS are instances of."""

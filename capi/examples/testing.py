# SPDX-License-Identifier: MIT
"""What the tests of the servers share: a server as a process, and a client that only knows frames."""

import base64
import os
import shlex
import signal
import socket
import struct
import subprocess
import unittest

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN, RSV1 = 0x80, 0x40
TAIL = b"\x00\x00\xff\xff"  # of a compressed message, not sent (RFC 7692 7.2.1)
REFUSED = 77  # exit status of a program that needs what this machine does not have, and says so
LIMIT_SECONDS = 60  # for what takes a moment on an idle machine

# Before each program: an emulator where the tests are cross-compiled.
EMULATOR = shlex.split(os.environ.get("TW_EMULATOR", ""))


def xor(payload, key):
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big")


def frame(opcode, payload, first=FIN, key=None, masked=True):
    """A frame, masked as a client does it unless told otherwise."""
    size, mask = len(payload), 0x80 * masked
    if size < 126:
        head = struct.pack("!BB", first | opcode, mask | size)
    elif size < 65536:
        head = struct.pack("!BBH", first | opcode, mask | 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, mask | 127, size)
    if not masked:
        return head + payload
    key = key or os.urandom(4)
    return head + key + xor(payload, key)


def close_frame(code, **options):
    return frame(CLOSE, struct.pack("!H", code), **options)


class Program:
    """A server as a process, which listens on a port of its choice and does not outlive the `with` block."""

    def __init__(self, *command):
        self.process = subprocess.Popen([*EMULATOR, *command], stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self.process.stdout.readline()
        if not line and self.process.wait(LIMIT_SECONDS) == REFUSED:
            raise unittest.SkipTest("the server says that it cannot run here")
        prefix = "listening on 127.0.0.1:"
        assert line.startswith(prefix), line
        self.port = int(line.removeprefix(prefix))
        return self

    def __exit__(self, failure, *_):
        """It must end in an orderly way."""
        try:
            if failure is None:
                assert self.stop() == 0, self.process.returncode
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def stop(self):
        """The exit status. A program that has nothing to put in order is ended by the signal itself."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(LIMIT_SECONDS)
        return 0 if status == -signal.SIGTERM else status

    def resident_len(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Wire:
    """One end of a stream of frames over a socket."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(LIMIT_SECONDS)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_head(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            assert line, head
            head += line
        return head

    def read_raw_frame(self):
        """(first byte, masking key or None, payload) of one frame."""
        first, second = self.stream.read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.stream.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.stream.read(8))
        key = self.stream.read(4) if second & 0x80 else None
        payload = self.stream.read(size)
        assert len(payload) == size
        return first, key, payload if key is None else xor(payload, key)

    def read_frame(self, rsv=0):
        """(opcode, payload) of one whole message of a server."""
        first, key, payload = self.read_raw_frame()
        assert (first & 0xF0, key) == (FIN | rsv, None)
        return first & 0x0F, payload

    def reset(self):
        """Ends the connection without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.__exit__()


def connect(program, receive_buffer=None):
    connected = socket.socket()
    connected.settimeout(LIMIT_SECONDS)
    if receive_buffer is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connected.connect(("127.0.0.1", program.port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def request(extension=None):
    headers = "" if extension is None else f"Sec-WebSocket-Extensions: {extension}\r\n"
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
    )


class Peer(Wire):
    """A client whose handshake is done."""

    def __init__(self, connected, extension=None):
        super().__init__(connected)
        self.send(request(extension))
        self.head = self.read_head()
        assert self.head.startswith(b"HTTP/1.1 101 "), self.head

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the echo server and lets the echo client, and peers that behave badly, talk to it.

usage: echo_test.py ECHO_SERVER ECHO_CLIENT [UNITTEST_ARGUMENT...]
"""

import base64
import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
import zlib

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FIN, RSV1 = 0x80, 0x40
TAIL = b"\x00\x00\xff\xff"  # of a compressed message, not sent (RFC 7692 7.2.1)
TAKEOVER = ("--deflate-context", "1000000")
LIMIT_SECONDS = 20
MAX_MESSAGE = 1 << 20


def frame(opcode, payload, first=FIN):
    """A masked frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", first | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first | opcode, 0x80 | 127, size)
    key = os.urandom(4)
    keys = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")
    return head + key + masked.to_bytes(size, "big")


class Server:
    """The server as a process, which does not outlive the `with` block."""

    def __init__(self, *arguments):
        command = [ECHO_SERVER, "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self.process.stdout.readline()
        prefix = "listening on 127.0.0.1:"
        assert line.startswith(prefix), line
        self.port = int(line.removeprefix(prefix))
        return self

    def __exit__(self, failure, *_):
        try:
            if failure is None:
                assert self.stop() == 0
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_SECONDS)


class Peer:
    """A client that only knows frames."""

    def __init__(self, server, receive_buffer=None, extension=None):
        self.headers = "" if extension is None else f"Sec-WebSocket-Extensions: {extension}\r\n"
        self.socket = socket.socket()
        self.socket.settimeout(LIMIT_SECONDS)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", server.port))
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(
            f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{self.headers}\r\n".encode()
        )
        self.head = self.read_head()
        assert self.head.startswith(b"HTTP/1.1 101 ")
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

    def read_frame(self, rsv=0):
        """(opcode, payload) of one whole message."""
        first, size = self.stream.read(2)
        assert first & 0xF0 == FIN | rsv
        if size == 126:
            (size,) = struct.unpack("!H", self.stream.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.stream.read(8))
        return first & 0x0F, self.stream.read(size)

    def reset(self):
        """Ends the connection without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()
        self.socket.close()


class EchoTest(unittest.TestCase):
    def assert_closed(self, peer, code):
        """The server says why, and then ends the stream in an orderly way."""
        self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", code)))
        self.assertEqual(peer.stream.read(), b"")

    def assert_serves(self, server):
        with Peer(server) as peer:
            peer.send(frame(TEXT, b"still there?"))
            self.assertEqual(peer.read_frame(), (TEXT, b"still there?"))

    def test_client(self):
        texts = ["Hello", "Grüße aus Köln", "", "🌍" * 10000, *100 * ["wave " * 100]]
        choices = [(), TAKEOVER, ("--no-deflate",)]
        for client_options, server_options in itertools.product(choices, repeat=2):
            with self.subTest(client=client_options, server=server_options), Server(*server_options) as server:
                command = [ECHO_CLIENT, *client_options, "127.0.0.1", str(server.port), *texts]
                done = subprocess.run(command, capture_output=True, timeout=LIMIT_SECONDS)
                self.assertEqual(done.stderr.decode(), "closed: 1000\n")
                self.assertEqual(done.stdout.decode(), "".join(f"{text}\n" for text in texts))
                self.assertEqual(done.returncode, 0)

    def test_client_without_server(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            command = [ECHO_CLIENT, "127.0.0.1", str(closed.getsockname()[1]), "Hello"]
            done = subprocess.run(command, capture_output=True, timeout=LIMIT_SECONDS)
        self.assertEqual(done.returncode, 1)

    def test_sizes_and_fragments(self):
        with Server("--max-message", str(MAX_MESSAGE)) as server, Peer(server) as peer:
            for size in (0, 1, 125, 126, 65535, 65536, MAX_MESSAGE):
                payload = os.urandom(size)
                peer.send(frame(BINARY, payload))
                self.assertEqual(peer.read_frame(), (BINARY, payload))
            peer.send(frame(TEXT, "ü".encode()[:1], first=0) + frame(PING, b"p") + frame(0, "ü".encode()[1:]))
            self.assertEqual(peer.read_frame(), (PONG, b"p"))
            self.assertEqual(peer.read_frame(), (TEXT, "ü".encode()))
            peer.send(frame(CLOSE, struct.pack("!H", 1000)))
            self.assert_closed(peer, 1000)

    def compressed_replies(self, peer, text, count):
        """The payloads of the replies to a text that is sent compressed, each by itself, and again and again."""
        deflater = zlib.compressobj(wbits=-15)
        request = deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH)
        replies = []
        for _ in range(count):
            peer.send(frame(TEXT, request.removesuffix(TAIL), first=FIN | RSV1))
            opcode, payload = peer.read_frame(RSV1)
            self.assertEqual(opcode, TEXT)
            replies.append(payload)
        return replies

    def test_compression(self):
        text = "".join(f"{number} Möwen\n" for number in range(100)).encode()
        with Server() as server, Peer(server, extension="permessage-deflate") as peer:
            self.assertIn(b"server_no_context_takeover", peer.head)
            for reply in self.compressed_replies(peer, text, 3):
                self.assertEqual(zlib.decompressobj(-15).decompress(reply + TAIL), text)

    def test_compression_with_context_takeover(self):
        text = "".join(f"{number} Möwen\n" for number in range(100)).encode()
        with Server(*TAKEOVER) as server, Peer(server, extension="permessage-deflate") as peer:
            self.assertNotIn(b"no_context_takeover", peer.head)
            first, second = self.compressed_replies(peer, text, 2)
            inflater = zlib.decompressobj(-15)
            self.assertEqual(inflater.decompress(first + TAIL), text)
            self.assertEqual(inflater.decompress(second + TAIL), text)
            self.assertLess(len(second), len(first) // 2)

    def test_no_compression(self):
        with Server("--no-deflate") as server, Peer(server, extension="permessage-deflate") as peer:
            self.assertNotIn(b"Sec-WebSocket-Extensions", peer.head)
            peer.send(frame(TEXT, b"wave " * 100))
            self.assertEqual(peer.read_frame(), (TEXT, b"wave " * 100))

    def test_bomb(self):
        """A compressed message that inflates to more than may be received ends the connection, and nothing else."""
        bomb = zlib.compressobj(9, wbits=-15)
        payload = bomb.compress(bytes(2 * MAX_MESSAGE)) + bomb.flush(zlib.Z_SYNC_FLUSH)
        with Server("--max-message", str(MAX_MESSAGE)) as server:
            with Peer(server, extension="permessage-deflate") as peer:
                peer.send(frame(BINARY, payload.removesuffix(TAIL), first=FIN | RSV1))
                self.assert_closed(peer, 1009)
            self.assert_serves(server)

    def test_many_messages_in_one_write(self):
        messages = [str(number).encode() for number in range(5000)]
        with Server() as server, Peer(server) as peer:
            peer.send(b"".join(frame(TEXT, message) for message in messages))
            for message in messages:
                self.assertEqual(peer.read_frame(), (TEXT, message))

    def test_limits(self):
        with Server("--max-message", "1000", "--max-fragments", "3") as server:
            with Peer(server) as peer:
                peer.send(frame(BINARY, bytes(1001)))
                self.assert_closed(peer, 1009)
            with Peer(server) as peer:
                peer.send(frame(BINARY, b"1", first=0) + frame(0, b"2", first=0) + frame(0, b"3"))
                self.assertEqual(peer.read_frame(), (BINARY, b"123"))
                peer.send(frame(BINARY, b"1", first=0) + 3 * frame(0, b"2", first=0))
                opcode, _ = peer.read_frame()
                self.assertEqual(opcode, CLOSE)

    def test_broken_rules(self):
        """The close frame arrives although the server leaves much of what was sent unread."""
        with Server() as server:
            with Peer(server) as peer:
                peer.send(b"\x81\x05Hello" + frame(BINARY, bytes(500_000)))
                self.assert_closed(peer, 1002)
            with Peer(server) as peer:
                peer.send(frame(TEXT, b"\xc0\x80"))
                self.assert_closed(peer, 1007)
            self.assert_serves(server)

    def test_refused_handshake(self):
        with Server() as server:
            peer = Peer(server)
            peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertRegex(peer.read_head(), rb"^HTTP/1\.1 4\d\d ")
            peer.stream.read()
            peer.__exit__()
            self.assert_serves(server)

    def test_half_closed(self):
        """What came before the end of the stream is answered."""
        with Server() as server, Peer(server) as peer:
            peer.send(frame(TEXT, b"last words"))
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.read_frame(), (TEXT, b"last words"))
            self.assertEqual(peer.stream.read(), b"")

    def test_reset_in_every_phase(self):
        with Server() as server:
            for begun in (b"", b"GET / HT"):
                peer = Peer(server)
                peer.send(begun)
                peer.reset()
            for begun in (b"", b"\x81", frame(BINARY, bytes(100_000))[:50_000], 100 * frame(BINARY, bytes(50_000))):
                with Peer(server) as peer:
                    peer.send(begun)
                    peer.reset()
            self.assert_serves(server)

    def send_until_it_blocks(self, peer, block):
        """Sends the block again and again to a server that soon reads no more. Returns how many bytes it took."""
        peer.socket.settimeout(0.5)
        sent = 0
        with self.assertRaises(TimeoutError):
            while True:
                sent += peer.socket.send(block[sent % len(block) :])
        peer.socket.settimeout(LIMIT_SECONDS)
        return sent

    def test_slow_reader(self):
        """A peer that sends and does not read is no longer read, costs the others nothing, and loses nothing."""
        with Server() as server:
            for size in (20, 50_000, 600_000):
                # No two messages of a block are equal.
                messages = [os.urandom(size) for _ in range(2_000_000 // size)]
                block = b"".join(frame(BINARY, message) for message in messages)
                with self.subTest(size=size), Peer(server, receive_buffer=4096) as peer:
                    sent = self.send_until_it_blocks(peer, block)
                    self.assert_serves(server)
                    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
                        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
                    self.assertLess(resident, 100_000)  # KiB; far less without a sanitizer
                    for number in range(sent // (len(block) // len(messages))):
                        if peer.read_frame() != (BINARY, messages[number % len(messages)]):
                            self.fail(f"message {number} is another")

    def test_sigterm(self):
        with Server() as server, Peer(server) as peer:
            connecting = Peer(server)
            peer.send(frame(TEXT, b"Hello"))
            self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", 1001)))
            connecting.socket.settimeout(3)  # less than the server would wait for it
            self.assertEqual(connecting.stream.read(), b"")
            connecting.__exit__()
            peer.send(frame(TEXT, b"too late") + frame(CLOSE, struct.pack("!H", 1001)))
            self.assertEqual(peer.stream.read(), b"")
            peer.__exit__()
            self.assertEqual(server.process.wait(LIMIT_SECONDS), 0)

    def test_sigterm_with_a_peer_that_does_not_answer(self):
        with Server() as server, Peer(server):
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertGreater(time.monotonic() - start, 3)
            self.assertLess(time.monotonic() - start, 8)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    ECHO_SERVER, ECHO_CLIENT = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

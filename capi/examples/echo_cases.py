# SPDX-License-Identifier: MIT
"""What every echo server must do. A test case adds `command`, and `dial` where it is not plain TCP."""

import contextlib
import os
import select
import ssl
import struct

from testing import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LIMIT_SECONDS,
    PING,
    PONG,
    TEXT,
    Peer,
    Program,
    Wire,
    close_frame,
    connect,
    frame,
    request,
)

WOULD_BLOCK = BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError
CHUNK_LEN = 16384
RESIDENT_MAX = 100_000_000  # bytes; far less without a sanitizer


class EchoCases:
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.server = self.stack.enter_context(Program(*self.command()))

    def dial(self, **options):
        return connect(self.server, **options)

    def peer(self, **options):
        return self.stack.enter_context(Peer(self.dial(**options)))

    def assert_serves(self):
        with Peer(self.dial()) as peer:
            peer.send(frame(TEXT, b"still there?"))
            self.assertEqual(peer.read_frame(), (TEXT, b"still there?"))

    def assert_closed(self, peer, code):
        """The server says why, and then ends the stream in an orderly way."""
        self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", code)))
        self.assertEqual(peer.stream.read(), b"")

    def assert_echoes(self, peer, sent, messages):
        """Reads while it sends: the server does not take all of it before it is rid of replies."""
        expected = b"".join(frame(BINARY, message, masked=False) for message in messages)
        rest, received = memoryview(sent), bytearray()
        peer.socket.setblocking(False)
        while len(received) < len(expected):
            before = len(rest), len(received)
            with contextlib.suppress(*WOULD_BLOCK):
                rest = rest[peer.socket.send(rest[:CHUNK_LEN]) if rest else 0 :]
            with contextlib.suppress(*WOULD_BLOCK):
                data = peer.socket.recv(CHUNK_LEN)
                self.assertNotEqual(data, b"")
                received += data
            if before == (len(rest), len(received)):
                select.select([peer.socket], [peer.socket] if rest else [], [], LIMIT_SECONDS)
        peer.socket.settimeout(LIMIT_SECONDS)
        self.assertTrue(received == expected)

    def test_sizes(self):
        peer = self.peer()
        for size in (0, 1, 125, 126, 16383, 16384, 16385, 65535, 65536, 1_000_000):
            payload = os.urandom(size)
            self.assert_echoes(peer, frame(BINARY, payload), [payload])

    def test_many_messages_in_one_write(self):
        messages = [os.urandom(number % 500) for number in range(10_000)]
        self.assert_echoes(self.peer(), b"".join(frame(BINARY, message) for message in messages), messages)

    def test_byte_by_byte(self):
        peer = self.peer()
        for byte in frame(TEXT, b"Hello"):
            peer.send(bytes([byte]))
        self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))
        for byte in frame(PING, b"?"):  # in one read with the text it would be answered before that
            peer.send(bytes([byte]))
        self.assertEqual(peer.read_frame(), (PONG, b"?"))

    def test_fragments_and_closing_handshake(self):
        peer = self.peer()
        peer.send(frame(TEXT, b"Hel", first=0) + frame(PING, b"?") + frame(CONTINUATION, b"lo"))
        self.assertEqual(peer.read_frame(), (PONG, b"?"))
        self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))
        peer.send(close_frame(1000))
        self.assert_closed(peer, 1000)

    def test_many_peers(self):
        peers = [self.peer() for _ in range(50)]
        for number in range(20):
            for peer in peers:
                peer.send(frame(TEXT, b"%d" % number))
            for peer in peers:
                self.assertEqual(peer.read_frame(), (TEXT, b"%d" % number))

    def test_broken_rules(self):
        """The close frame arrives although the server leaves much of what was sent unread."""
        for breach, code in ((frame(TEXT, b"?", masked=False), 1002), (frame(TEXT, b"\xc0\x80"), 1007)):
            with Peer(self.dial()) as peer:
                with contextlib.suppress(ConnectionError):
                    peer.send(breach + frame(BINARY, bytes(100_000)))
                self.assert_closed(peer, code)
        self.assert_serves()

    def test_refused_handshake(self):
        with Wire(self.dial()) as peer:
            peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertRegex(peer.read_head(), rb"^HTTP/1\.1 4\d\d ")
        self.assert_serves()

    def test_reset_in_every_phase(self):
        sent = (b"", b"GET / HT", request(), request() + b"\x81", request() + 20 * frame(BINARY, bytes(50_000)))
        for begun in sent:
            wire = Wire(self.dial())
            with contextlib.suppress(ConnectionError, TimeoutError):
                wire.socket.settimeout(0.2)
                wire.send(begun)
            wire.reset()
        self.assert_serves()

    def test_slow_reader(self):
        """A peer that sends and does not read is no longer read, costs the others nothing, and loses nothing."""
        for size in (20, 50_000, 600_000):
            # No two messages of a block are equal.
            messages = [os.urandom(size) for _ in range(2_000_000 // size)]
            block = b"".join(frame(BINARY, message) for message in messages)
            with self.subTest(size=size), Peer(self.dial(receive_buffer=4096)) as peer:
                sent = self.send_until_it_blocks(peer, block)
                self.assert_serves()
                self.assertLess(self.server.resident_len(), RESIDENT_MAX)
                for number in range(sent // (len(block) // len(messages))):
                    if peer.read_frame() != (BINARY, messages[number % len(messages)]):
                        self.fail(f"message {number} is another")

    def send_until_it_blocks(self, peer, block):
        """How many bytes of the block, again and again, a server takes that soon reads no more."""
        peer.socket.settimeout(0.5)
        sent = 0
        with self.assertRaises(TimeoutError):
            while True:
                sent += peer.socket.send(block[sent % len(block) :][:CHUNK_LEN])
                self.assertLess(sent, 200_000_000)
        peer.socket.settimeout(LIMIT_SECONDS)
        return sent

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the echo server and lets the echo client, and peers that behave badly, talk to it.

usage: echo_test.py ECHO_SERVER ECHO_CLIENT [UNITTEST_ARGUMENT...]
"""

import contextlib
import itertools
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import unittest
import zlib

from testing import (
    BINARY,
    CLOSE,
    EMULATOR,
    FIN,
    LIMIT_SECONDS,
    PING,
    PONG,
    RSV1,
    TAIL,
    TEXT,
    Peer,
    Program,
    Wire,
    close_frame,
    connect,
    frame,
)

TAKEOVER = "1000000"
MAX_MESSAGE = 16 << 20  # the engine's default
MAX_FRAGMENTS = 1 << 17


class Server(Program):
    def __init__(self, *arguments):
        super().__init__(ECHO_SERVER, "0", *arguments)


def talk(port, *texts, options=()):
    """The echo client, which talks to whoever listens."""
    command = [*EMULATOR, ECHO_CLIENT, *options, "127.0.0.1", str(port), *texts]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)


class EchoTest(unittest.TestCase):
    def assert_closed(self, peer, code):
        """The server says why, and then ends the stream in an orderly way."""
        self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", code)))
        self.assertEqual(peer.stream.read(), b"")

    def assert_serves(self, server):
        with Peer(connect(server)) as peer:
            peer.send(frame(TEXT, b"still there?"))
            self.assertEqual(peer.read_frame(), (TEXT, b"still there?"))

    def test_client(self):
        texts = ["Hello", "Grüße aus Köln", "", "🌍" * 10000, *100 * ["wave " * 100]]
        for options, context in itertools.product([(), ("-c", TAKEOVER), ("-n",)], [(), (TAKEOVER,)]):
            with self.subTest(client=options, server=context), Server(*context) as server:
                done = talk(server.port, *texts, options=options)
                self.assertEqual(done.stderr, f"127.0.0.1:{server.port}: closed with code 1000\n")
                self.assertEqual(done.stdout, "".join(f"{text}\n" for text in texts))
                self.assertEqual(done.returncode, 0)

    def test_usage(self):
        for command in (
            [ECHO_SERVER, "port"],
            [ECHO_SERVER, "0", "0", "0"],
            [ECHO_CLIENT, "127.0.0.1"],
            [ECHO_CLIENT, "-x"],
        ):
            done = subprocess.run([*EMULATOR, *command], capture_output=True, text=True, timeout=LIMIT_SECONDS)
            self.assertIn("usage: ", done.stderr)
            self.assertEqual(done.returncode, 2)

    def test_sizes_and_fragments(self):
        with Server() as server, Peer(connect(server)) as peer:
            for size in (0, 1, 125, 126, 65535, 65536, MAX_MESSAGE):
                payload = os.urandom(size)
                peer.send(frame(BINARY, payload))
                self.assertEqual(peer.read_frame(), (BINARY, payload))
            peer.send(frame(TEXT, "ü".encode()[:1], first=0) + frame(PING, b"p") + frame(0, "ü".encode()[1:]))
            self.assertEqual(peer.read_frame(), (PONG, b"p"))
            self.assertEqual(peer.read_frame(), (TEXT, "ü".encode()))
            peer.send(close_frame(1000))
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
        with Server() as server, Peer(connect(server), "permessage-deflate") as peer:
            self.assertIn(b"server_no_context_takeover", peer.head)
            for reply in self.compressed_replies(peer, text, 3):
                self.assertEqual(zlib.decompressobj(-15).decompress(reply + TAIL), text)

    def test_compression_with_context_takeover(self):
        text = "".join(f"{number} Möwen\n" for number in range(100)).encode()
        with Server(TAKEOVER) as server, Peer(connect(server), "permessage-deflate") as peer:
            self.assertNotIn(b"no_context_takeover", peer.head)
            first, second = self.compressed_replies(peer, text, 2)
            inflater = zlib.decompressobj(-15)
            self.assertEqual(inflater.decompress(first + TAIL), text)
            self.assertEqual(inflater.decompress(second + TAIL), text)
            self.assertLess(len(second), len(first) // 2)

    def test_no_compression(self):
        with Server() as server, Peer(connect(server)) as peer:
            self.assertNotIn(b"Sec-WebSocket-Extensions", peer.head)
            peer.send(frame(TEXT, b"wave " * 100))
            self.assertEqual(peer.read_frame(), (TEXT, b"wave " * 100))

    def test_bomb(self):
        """A compressed message that inflates to more than may be received ends the connection, and nothing else."""
        bomb = zlib.compressobj(9, wbits=-15)
        payload = bomb.compress(bytes(2 * MAX_MESSAGE)) + bomb.flush(zlib.Z_SYNC_FLUSH)
        with Server() as server:
            with Peer(connect(server), "permessage-deflate") as peer:
                peer.send(frame(BINARY, payload.removesuffix(TAIL), first=FIN | RSV1))
                self.assert_closed(peer, 1009)
            self.assert_serves(server)

    def test_many_messages_in_one_write(self):
        messages = [str(number).encode() for number in range(5000)]
        with Server() as server, Peer(connect(server)) as peer:
            peer.send(b"".join(frame(TEXT, message) for message in messages))
            for message in messages:
                self.assertEqual(peer.read_frame(), (TEXT, message))

    def test_limits(self):
        with Server() as server:
            with Peer(connect(server)) as peer:
                peer.send(frame(BINARY, bytes(MAX_MESSAGE + 1))[:100])
                self.assert_closed(peer, 1009)
            with Peer(connect(server)) as peer:
                fragments = [frame(BINARY, b"1", first=0), *(MAX_FRAGMENTS - 2) * [frame(0, b"2", first=0)]]
                peer.send(b"".join([*fragments, frame(0, b"3")]))
                self.assertEqual(peer.read_frame(), (BINARY, b"1" + (MAX_FRAGMENTS - 2) * b"2" + b"3"))
                peer.send(b"".join([*fragments, *2 * [frame(0, b"3", first=0)]]))
                opcode, _ = peer.read_frame()
                self.assertEqual(opcode, CLOSE)

    def test_broken_rules(self):
        """The close frame arrives although the server leaves much of what was sent unread."""
        with Server() as server:
            with Peer(connect(server)) as peer:
                peer.send(b"\x81\x05Hello" + frame(BINARY, bytes(500_000)))
                self.assert_closed(peer, 1002)
            with Peer(connect(server)) as peer:
                peer.send(frame(TEXT, b"\xc0\x80"))
                self.assert_closed(peer, 1007)
            self.assert_serves(server)

    def test_refused_handshake(self):
        with Server() as server:
            with Wire(connect(server)) as peer:
                peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertRegex(peer.read_head(), rb"^HTTP/1\.1 4\d\d ")
                peer.stream.read()
            self.assert_serves(server)

    def test_half_closed(self):
        """What came before the end of the stream is answered."""
        with Server() as server, Peer(connect(server)) as peer:
            peer.send(frame(TEXT, b"last words"))
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.read_frame(), (TEXT, b"last words"))
            self.assertEqual(peer.stream.read(), b"")

    def test_reset_in_every_phase(self):
        with Server() as server:
            for begun in (b"", b"GET / HT"):
                peer = Wire(connect(server))
                peer.send(begun)
                peer.reset()
            for begun in (b"", b"\x81", frame(BINARY, bytes(100_000))[:50_000], 100 * frame(BINARY, bytes(50_000))):
                with Peer(connect(server)) as peer:
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
            self.assert_serves(server)
            resident_len = server.resident_len()
            for size in (20, 50_000, 600_000):
                # No two messages of a block are equal.
                messages = [os.urandom(size) for _ in range(2_000_000 // size)]
                block = b"".join(frame(BINARY, message) for message in messages)
                with self.subTest(size=size), Peer(connect(server, receive_buffer=4096)) as peer:
                    sent = self.send_until_it_blocks(peer, block)
                    self.assert_serves(server)
                    self.assertLess(server.resident_len() - resident_len, 80 << 20)  # far less without a sanitizer
                    for number in range(sent // (len(block) // len(messages))):
                        if peer.read_frame() != (BINARY, messages[number % len(messages)]):
                            self.fail(f"message {number} is another")

    def test_flood_of_connections(self):
        """Those beyond the limit on descriptors wait for their turn, and the others do not notice."""
        with Server() as server:
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (64, 64))
            with Peer(connect(server)) as peer:
                with contextlib.ExitStack() as flood:
                    for _ in range(100):
                        flood.enter_context(Wire(connect(server)))
                    for number in range(3):
                        peer.send(frame(TEXT, str(number).encode()))
                        self.assertEqual(peer.read_frame(), (TEXT, str(number).encode()))
                self.assert_serves(server)

    def test_sigterm(self):
        with Server() as server, Peer(connect(server)) as peer:
            connecting = Wire(connect(server))
            peer.send(frame(TEXT, b"Hello"))
            self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", 1001)))
            # With its time-out the handshake would end in a refusal.
            self.assertEqual(connecting.stream.read(), b"")
            connecting.__exit__()
            peer.send(frame(TEXT, b"too late") + close_frame(1001))
            self.assertEqual(peer.stream.read(), b"")

    def test_sigterm_with_a_peer_that_does_not_answer(self):
        with Server() as server, Peer(connect(server)) as peer:
            self.assertEqual(server.stop(), 0)
            self.assert_closed(peer, 1001)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    ECHO_SERVER, ECHO_CLIENT = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

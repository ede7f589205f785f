#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets clients of the broadcast server send to each other, among them some that do not read.

usage: broadcast_test.py BROADCAST_SERVER [UNITTEST_ARGUMENT...]
"""

import contextlib
import os
import struct
import sys
import unittest
import zlib

from testing import BINARY, CLOSE, PING, PONG, RSV1, TAIL, TEXT, Peer, Program, close_frame, connect, frame

MISSED_MAX = 1000  # of the server
OUTPUT_LEN = 256 << 10


class BroadcastTest(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.server = self.stack.enter_context(Program(BROADCAST_SERVER, "0"))

    def peer(self, extension=None, **options):
        return self.stack.enter_context(Peer(connect(self.server, **options), extension))

    def test_everybody_gets_everything_in_order(self):
        peers = [self.peer() for _ in range(5)]
        for number in range(1000):
            peers[number % 5].send(frame(TEXT, str(number).encode()))
            for peer in peers:
                self.assertEqual(peer.read_frame(), (TEXT, str(number).encode()))

    def test_many_messages_in_one_write(self):
        peers = [self.peer() for _ in range(3)]
        peers[0].send(b"".join(frame(TEXT, str(number).encode()) for number in range(3000)))
        for peer in peers:
            for number in range(3000):
                self.assertEqual(peer.read_frame(), (TEXT, str(number).encode()))

    def test_sizes(self):
        peers = [self.peer() for _ in range(2)]
        for size in (0, 125, 126, 65535, 65536, 1 << 20):
            payload = os.urandom(size)
            peers[0].send(frame(BINARY, payload))
            for peer in peers:
                self.assertEqual(peer.read_frame(), (BINARY, payload))

    def test_message_that_is_too_long(self):
        peer, other = self.peer(), self.peer()
        peer.send(frame(BINARY, bytes((1 << 20) + 1)))
        self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", 1009)))
        other.send(frame(TEXT, b"Hello"))
        self.assertEqual(other.read_frame(), (TEXT, b"Hello"))

    def test_compression_is_up_to_each_peer(self):
        text = b"wave " * 10_000
        plain, wide = self.peer(), self.peer("permessage-deflate")
        narrow = self.peer("permessage-deflate; server_max_window_bits=9")
        plain.send(frame(TEXT, text))
        self.assertEqual(plain.read_frame(), (TEXT, text))
        for peer, bits in ((narrow, 9), (wide, 15)):
            opcode, payload = peer.read_frame(RSV1)
            self.assertEqual((opcode, zlib.decompressobj(-bits).decompress(payload + TAIL)), (TEXT, text))

    def read_missing(self, peer):
        """The numbers of the messages that a peer did not miss, and the payload of its close frame."""
        numbers = []
        while True:
            opcode, payload = peer.read_frame()
            if opcode == CLOSE:
                return numbers, payload
            numbers.append(int.from_bytes(payload[:4], "big"))

    def test_slow_consumer(self):
        """It misses messages, is told so, and is dropped; the others miss nothing; memory stays."""
        size, count = 50_000, 2500
        slow = [self.peer(receive_buffer=4096) for _ in range(4)]
        fast = [self.peer() for _ in range(2)]
        filling = os.urandom(size)
        resident = self.server.resident_len()
        for number in range(count):
            payload = number.to_bytes(4, "big") + filling
            fast[0].send(frame(BINARY, payload))
            for peer in fast:
                self.assertEqual(peer.read_frame(), (BINARY, payload))
        # Four peers share most of what waits for them, and the pool keeps some: far less than the 500 MB sent.
        self.assertLess(self.server.resident_len() - resident, 20_000_000)
        for peer in slow:
            numbers, close = self.read_missing(peer)
            self.assertEqual(numbers, sorted(numbers))
            self.assertLess(len(numbers), count - MISSED_MAX + 1)
            self.assertEqual(close, struct.pack("!H", 1008) + b"too slow")

    def test_slow_consumer_of_small_messages(self):
        slow, fast = self.peer(receive_buffer=4096), self.peer()
        resident = self.server.resident_len()
        filling = bytes(1000)
        for number in range(20_000):
            fast.send(frame(BINARY, number.to_bytes(4, "big") + filling))
            self.assertEqual(fast.read_frame()[1][:4], number.to_bytes(4, "big"))
        self.assertLess(self.server.resident_len() - resident, 10_000_000)
        self.assertEqual(self.read_missing(slow)[1][:2], struct.pack("!H", 1008))

    def test_consumer_that_recovers(self):
        """It misses some, and then is served again."""
        slow, fast = self.peer(receive_buffer=4096), self.peer()
        filling = os.urandom(50_000)
        for number in range(300):
            fast.send(frame(BINARY, number.to_bytes(4, "big") + filling))
            fast.read_frame()
        received = []
        while not received or received[-1] < 300:
            fast.send(frame(BINARY, (300 + len(received)).to_bytes(4, "big")))
            fast.read_frame()
            opcode, payload = slow.read_frame()
            self.assertEqual(opcode, BINARY)
            received.append(int.from_bytes(payload[:4], "big"))
        self.assertEqual(received, sorted(set(received)))
        self.assertLess(len(received), 300)

    def test_slow_consumer_that_never_reads_is_dropped(self):
        """The time-out of the closing handshake ends what its silence would keep for ever."""
        self.peer(receive_buffer=4096)
        fast = self.peer()
        sockets = self.server.descriptor_count()
        filling = bytes(50_000)
        while self.server.descriptor_count() == sockets:
            fast.send(frame(BINARY, filling))
            fast.read_frame()
        self.assertEqual(self.server.descriptor_count(), sockets - 1)

    def test_ping_and_close(self):
        peer = self.peer()
        peer.send(frame(PING, b"?"))
        self.assertEqual(peer.read_frame(), (PONG, b"?"))
        peer.send(close_frame(1000))
        self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", 1000)))
        self.assertEqual(peer.stream.read(), b"")

    def test_peers_that_vanish(self):
        fast = self.peer()
        for _ in range(50):
            Peer(connect(self.server)).reset()
            fast.send(frame(TEXT, b"still there?"))
            self.assertEqual(fast.read_frame(), (TEXT, b"still there?"))

    def test_stop(self):
        peers = [self.peer() for _ in range(3)]
        self.assertEqual(self.server.stop(), 0)
        for peer in peers:
            self.assertEqual(peer.read_frame(), (CLOSE, struct.pack("!H", 1001)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    BROADCAST_SERVER = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

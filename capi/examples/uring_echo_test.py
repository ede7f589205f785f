#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talks to the echo server that uses io_uring.

usage: uring_echo_test.py URING_ECHO_SERVER [UNITTEST_ARGUMENT...]
"""

import sys
import unittest

from echo_cases import EchoCases
from testing import TEXT, frame

BUFFER_COUNT = 128  # of the server


class UringEchoTest(EchoCases, unittest.TestCase):
    def command(self):
        return URING_ECHO_SERVER, "0"

    def test_more_peers_at_once_than_buffers(self):
        peers = [self.peer() for _ in range(3 * BUFFER_COUNT)]
        for _ in range(5):
            for peer in peers:
                peer.send(frame(TEXT, b"Hello"))
            for peer in peers:
                self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    URING_ECHO_SERVER = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

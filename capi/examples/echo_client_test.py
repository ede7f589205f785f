#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets the echo client talk to servers that behave badly: it must say why it failed, and always end.

usage: echo_client_test.py ECHO_CLIENT [UNITTEST_ARGUMENT...]
"""

import base64
import contextlib
import hashlib
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

from testing import BINARY, EMULATOR, FIN, LIMIT_SECONDS, TEXT, Wire, close_frame, frame

PATIENCE = str(LIMIT_SECONDS // 2)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(request):
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)[1]
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def say(*frames):
    """A script: the handshake, then these bytes, then silence until the client ends."""

    def script(wire):
        open_connection(wire)
        wire.send(b"".join(frames))
        wire.stream.read()

    return script


def open_connection(wire):
    accept = accept_of(wire.read_head())
    wire.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def served(opcode, payload, first=FIN):
    return frame(opcode, payload, first, masked=False)


class ClientTest(unittest.TestCase):
    def talk(self, script, *texts, seconds="1", listener=None):
        """What the client prints and says, and its exit status, when the server follows the script."""
        with listener or socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=self.serve, args=(listener, script))
            server.start()
            host, port = listener.getsockname()[:2]
            command = [*EMULATOR, ECHO_CLIENT, "-t", seconds, host, str(port), *texts]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)
            server.join()
        return done.stdout, done.stderr.replace(f"127.0.0.1:{port}: ", ""), done.returncode

    def serve(self, listener, script):
        connected, _ = listener.accept()
        with Wire(connected) as wire, contextlib.suppress(ConnectionError):
            script(wire)

    def assert_fails(self, script, *errors, texts=("Hello",)):
        out, said, status = self.talk(script, *texts)
        self.assertEqual((out, status), ("", 1), said)
        for error in errors:
            self.assertIn(error, said)

    def test_good_server(self):
        def script(wire):
            open_connection(wire)
            wire.read_raw_frame()
            wire.send(served(TEXT, b"Hello, too"))
            first, key, payload = wire.read_raw_frame()
            self.assertIsNotNone(key)
            wire.send(served(first & 0x0F, payload))

        said = self.talk(script, "Hello", seconds=PATIENCE)
        self.assertEqual(said, ("Hello, too\n", "closed with code 1000\n", 0))

    def test_slow_server(self):
        """The bytes come one by one."""

        def dribble(wire, data):
            for at in range(len(data)):
                wire.send(data[at : at + 1])
                time.sleep(0.01)

        def script(wire):
            accept = accept_of(wire.read_head())
            dribble(wire, b"HTTP/1.1 101 Welcome\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            dribble(wire, b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            wire.read_raw_frame()
            dribble(wire, served(TEXT, 100 * b"slow") + close_frame(1000, masked=False))
            wire.read_raw_frame()

        said = self.talk(script, "Hello", seconds=PATIENCE)
        self.assertEqual(said, (100 * "slow" + "\n", "closed with code 1000\n", 0))

    def test_ipv6(self):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError as error:
            self.skipTest(f"there is no IPv6: {error}")
        port = listener.getsockname()[1]
        requests = []
        self.talk(lambda wire: requests.append(wire.read_head()), listener=listener)
        self.assertIn(f"\r\nHost: [::1]:{port}\r\n".encode(), requests[0])

    def test_nobody_listens(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            command = [*EMULATOR, ECHO_CLIENT, "127.0.0.1", str(closed.getsockname()[1]), "Hello"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        self.assertIn("Connection refused", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_nobody_accepts(self):
        """A connection that waits in a full queue is not made; without the time-out it would take minutes."""
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            command = [*EMULATOR, ECHO_CLIENT, "-t", "1", "127.0.0.1", str(listener.getsockname()[1])]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        self.assertIn("timed out", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_silence(self):
        self.assert_fails(lambda wire: wire.stream.read(), "TW_ERR_TIMEOUT_HANDSHAKE", "handshake_timeout_ns")
        self.assert_fails(say(), "TW_ERR_TIMEOUT_IDLE", "idle_timeout_ns")
        self.assert_fails(say(served(TEXT, b"begun", first=0)), "TW_ERR_TIMEOUT_")
        self.assert_fails(say(), "TW_ERR_TIMEOUT_", texts=())  # the close frame is not answered

    def test_end_of_stream(self):
        self.assert_fails(lambda wire: wire.read_head(), "TW_ERR_EOF at byte 0")

        def end(wire):
            open_connection(wire)
            wire.read_raw_frame()  # what nobody reads would make a reset of the end

        self.assert_fails(end, "TW_ERR_EOF")

        def script(wire):
            open_connection(wire)
            wire.reset()

        _, said, status = self.talk(script, "Hello")
        self.assertRegex(said, "Connection reset by peer|Broken pipe")
        self.assertEqual(status, 1)

    def test_refusal(self):
        def script(wire):
            wire.read_head()
            wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        self.assert_fails(script, "TW_ERR_HTTP_STATUS", "RFC 6455")

    def test_wrong_accept(self):
        def script(wire):
            wire.read_head()
            wire.send(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"
            )

        self.assert_fails(script, "TW_ERR_ACCEPT", "RFC 6455")

    def test_close_instead_of_an_answer(self):
        self.assert_fails(say(close_frame(1011, masked=False)), "closed with code 1011\n")

    def test_broken_rules(self):
        self.assert_fails(say(frame(TEXT, b"masked")), "TW_ERR_MASK_UNEXPECTED", "RFC 6455 5.1")
        self.assert_fails(say(served(TEXT, b"\xc0\x80")), "TW_ERR_UTF8", "RFC 6455 8.1")
        self.assert_fails(say(served(3, b"")), "TW_ERR_OPCODE", "RFC 6455 5.2")
        self.assert_fails(say(served(BINARY, bytes(17 << 20))[:100]), "TW_ERR_LIMIT_FRAME", "max_frame_len")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    ECHO_CLIENT = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that the load generator accepts a correct echo server however it cuts its stream, and no other.

usage: load_test.py TW_LOAD [UNITTEST_ARGUMENT...]
"""

import base64
import hashlib
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import unittest

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE, PING, PONG = 0x8, 0x9, 0xA
LIMIT_SECONDS = 20


def frame(opcode, payload):
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size) + payload
    return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload


class Session:
    """One connection of an honest server. Faults override `answer`, which turns one message into bytes to send."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = connection.makefile("rb")
        self.received = 0
        self.pongs = []

    def accept(self, key):
        return base64.b64encode(hashlib.sha1(key + GUID).digest())

    def answer(self, opcode, payload):
        return frame(opcode, payload)

    def serve(self):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += self.stream.readline()
        key = re.search(rb"(?i)\r\nsec-websocket-key: *(\S+)", request).group(1)
        self.socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + self.accept(key) + b"\r\n\r\n"
        )
        while True:
            first, size = self.stream.read(2)
            assert first & 0x70 == 0 and first & 0x80 and size & 0x80
            size &= 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self.stream.read(2))
            key = self.stream.read(4)
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(self.stream.read(size)))
            if first & 0x0F == PONG:
                self.pongs.append(payload)
            elif first & 0x0F == CLOSE:
                self.socket.sendall(frame(CLOSE, payload))
                return
            else:
                self.received += 1
                self.socket.sendall(self.answer(first & 0x0F, payload))


class Dribbler(Session):
    """Correct, but its bytes come one by one and with pings and pongs between the messages."""

    def answer(self, opcode, payload):
        data = frame(PING, b"%d" % self.received) + frame(PONG, b"") + frame(opcode, payload)
        for i in range(len(data)):
            self.socket.sendall(data[i : i + 1])
        return b""


class WrongAccept(Session):
    def accept(self, key):
        return super().accept(key[::-1])


class Fault(Session):
    """Answers one message wrongly."""

    def answer(self, opcode, payload):
        return self.fault(opcode, payload) if self.received == 100 else frame(opcode, payload)


class FlippedBit(Fault):
    def fault(self, opcode, payload):
        return frame(opcode, payload[:-1] + bytes([payload[-1] ^ 1]))


class OtherOpcode(Fault):
    def fault(self, opcode, payload):
        return frame(3 - opcode, payload)


class Longer(Fault):
    def fault(self, opcode, payload):
        return frame(opcode, payload + b"x")


class Twice(Fault):
    def fault(self, opcode, payload):
        return 2 * frame(opcode, payload)


class Closed(Fault):
    def fault(self, opcode, payload):
        return frame(CLOSE, b"")


class Lost(Fault):
    def fault(self, opcode, payload):
        self.socket.shutdown(socket.SHUT_RDWR)
        return b""


class Silent(Fault):
    def fault(self, opcode, payload):
        return b""


class OtherMessage(Session):
    """The bulk of a payload repeats after some batches; the stamp in it must not."""

    def __init__(self, connection):
        super().__init__(connection)
        self.past = {}

    def answer(self, opcode, payload):
        self.past.setdefault(payload[16:], payload)
        return frame(opcode, self.past[payload[16:]])


class OtherConnection(Session):
    """Connections share the bulk of their payloads, too."""

    first = {}

    def answer(self, opcode, payload):
        return frame(opcode, self.first.setdefault(payload[:8] + payload[16:], payload))


class Raw(Session):
    """No WebSocket server at all."""

    def answer(self, data):
        return data

    def serve(self):
        while data := self.socket.recv(1 << 16):
            self.received += len(data)
            self.socket.sendall(self.answer(data))


class RawFlippedBit(Raw):
    def answer(self, data):
        return data if self.received < 10_000 else data[:-1] + bytes([data[-1] ^ 1])


class LoadTest(unittest.TestCase):
    def run_load(self, session_type, *arguments, connections=1):
        """What the load generator did, and the sessions that it had."""
        sessions = []

        def serve(session):
            with session.socket, session.stream:
                try:
                    session.serve()
                except (OSError, ValueError):
                    pass  # the load generator gave up

        def accept():
            for _ in range(connections):
                sessions.append(session_type(listener.accept()[0]))
                threads.append(threading.Thread(target=serve, args=sessions[-1:]))
                threads[-1].start()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threads = []
            accepting = threading.Thread(target=accept)
            accepting.start()
            command = [TW_LOAD, "--port", str(listener.getsockname()[1]), "--connections", str(connections), *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)
            accepting.join(LIMIT_SECONDS)
            for thread in threads:
                thread.join(LIMIT_SECONDS)
        return done, sessions

    def assert_refused(self, session_type, message, *arguments, connections=1):
        arguments = arguments or ("--pipeline", "4", "--size", "200", "--seconds", "0.5")
        done, _ = self.run_load(session_type, *arguments, connections=connections)
        self.assertRegex(done.stderr, message)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 1)

    def test_honest_server(self):
        for arguments in (["--size", "0"], ["--size", "1", "--text"], ["--size", "17"], ["--size", "65535"]):
            with self.subTest(arguments=arguments):
                done, sessions = self.run_load(
                    Session, *arguments, "--pipeline", "3", "--seconds", "0.2", "--json", connections=2
                )
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                figures = json.loads(done.stdout)
                counted = round(figures["messages/s"] * figures["seconds"])
                self.assertGreater(counted, 0)
                self.assertLess(counted, sum(session.received for session in sessions))
                self.assertLessEqual(figures["p50"], figures["p99.9"])
                self.assertLessEqual(figures["p99.9"], figures["max"])

    def test_control_frames_and_cut_stream(self):
        done, sessions = self.run_load(Dribbler, "--pipeline", "3", "--size", "130", "--seconds", "0.2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^\d+ messages/s")
        pongs = sessions[0].pongs
        self.assertGreater(len(pongs), 0)
        self.assertEqual(pongs, [b"%d" % number for number in range(1, len(pongs) + 1)])

    def test_handshake(self):
        self.assert_refused(WrongAccept, "TW_ERR_ACCEPT")

    def test_wrong_content(self):
        self.assert_refused(FlippedBit, "connection 0, batch 25, message 3: byte 203 of the echo's frame is 0x")
        self.assert_refused(OtherOpcode, "byte 0 of the echo's frame is 0x81 instead of 0x82")
        self.assert_refused(Longer, "byte 3 of the echo's frame")

    def test_too_much(self):
        self.assert_refused(Twice, "sent more than the echo")

    def test_too_little(self):
        self.assert_refused(Silent, "an echo did not arrive in time")

    def test_lost_connection(self):
        self.assert_refused(Closed, "the server closed it")
        self.assert_refused(Lost, "the server closed it")

    def test_raw(self):
        arguments = ["--raw", "--pipeline", "3", "--seconds", "0.2", "--size"]
        for size in ("0", "20", "200"):
            done, sessions = self.run_load(Raw, *arguments, size, connections=2)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^\d+ messages/s")
            for session in sessions:
                self.assertGreater(session.received, 0)
        self.assert_refused(RawFlippedBit, "of the echo's frame is 0x", *arguments, "20")

    def test_mixed_up_messages(self):
        arguments = ["--size", "50", "--seconds", "0.5"]
        self.assert_refused(OtherMessage, "message 0: byte 2 of the echo's frame", *arguments)
        self.assert_refused(OtherConnection, "byte 10 of the echo's frame", *arguments, connections=9)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    TW_LOAD = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

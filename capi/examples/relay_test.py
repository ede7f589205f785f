#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the relay between clients and an upstream, the echo server or one that this test plays.

usage: relay_test.py RELAY ECHO_SERVER [UNITTEST_ARGUMENT...]
"""

import base64
import contextlib
import hashlib
import os
import re
import socket
import struct
import sys
import threading
import time
import unittest
import zlib

from testing import (
    BINARY,
    CLOSE,
    CONTINUATION,
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
    request,
)

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
HEADER_MAX = 14


class Relay(Program):
    def __init__(self, port):
        super().__init__(RELAY, "0", "127.0.0.1", str(port))


class Upstream:
    """A server that listens, and does what the test says."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(LIMIT_SECONDS)
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        connected, _ = self.listener.accept()
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Wire(connected)


def answer(head, extension=None):
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)[1]
    accept = base64.b64encode(hashlib.sha1(key + ACCEPT_GUID).digest()).decode()
    headers = "" if extension is None else f"Sec-WebSocket-Extensions: {extension}\r\n"
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{headers}\r\n"
    ).encode()


class RelayTest(unittest.TestCase):
    @contextlib.contextmanager
    def echo(self, extension=None, **options):
        with Program(ECHO_SERVER, "0") as server, Relay(server.port) as relay:
            with Peer(connect(relay, **options), extension) as peer:
                yield peer

    @contextlib.contextmanager
    def ends(self, extension=None):
        """The two ends of a relayed connection, open."""
        with Upstream() as server, Relay(server.port) as relay, Wire(connect(relay)) as client:
            asked = request(extension)
            client.send(asked)
            with server.accept() as upstream:
                self.assertEqual(upstream.read_head(), asked)
                answered = answer(asked, extension)
                upstream.send(answered)
                self.assertEqual(client.read_head(), answered)
                yield client, upstream

    def assert_ends(self, wire):
        self.assertEqual(wire.stream.read(), b"")

    def test_sizes(self):
        with self.echo() as peer:
            for size in (0, 1, 2, 3, 4, 5, 125, 126, 127, 65535, 65536, 131072, 1_000_003, 10_000_000):
                payload = os.urandom(size)
                sender = threading.Thread(target=peer.send, args=(frame(BINARY, payload),))
                sender.start()
                self.assertEqual(peer.read_frame(), (BINARY, payload))
                sender.join()

    def test_many_messages(self):
        messages = [os.urandom(number % 300) for number in range(20_000)]
        with self.echo() as peer:
            sender = threading.Thread(target=peer.send, args=(b"".join(frame(BINARY, m) for m in messages),))
            sender.start()
            for message in messages:
                self.assertEqual(peer.read_frame(), (BINARY, message))
            sender.join()

    def test_cut_at_every_byte(self):
        """Both directions; each part arrives alone."""
        payloads = (b"", b"Hello", bytes(range(200)))
        with self.ends() as (client, upstream):
            for payload in payloads:
                for sender, receiver, masked in ((client, upstream, True), (upstream, client, False)):
                    data = frame(BINARY, payload, masked=masked)
                    for cut in range(1, len(data)):
                        sender.send(data[:cut])
                        if cut > HEADER_MAX:  # what can go on does, without the rest
                            self.assertEqual(receiver.socket.recv(1, socket.MSG_PEEK), data[:1])
                        sender.send(data[cut:])
                        got, key, received = receiver.read_raw_frame()
                        self.assertEqual((got, received, key is not None), (FIN | BINARY, payload, masked))

    def test_byte_by_byte(self):
        with self.ends() as (client, upstream):
            for sender, receiver, masked in ((client, upstream, True), (upstream, client, False)):
                for byte in frame(TEXT, bytes(130), masked=masked) + frame(PING, b"", masked=masked):
                    sender.send(bytes([byte]))
                self.assertEqual(receiver.read_raw_frame()[::2], (FIN | TEXT, bytes(130)))
                self.assertEqual(receiver.read_raw_frame()[::2], (FIN | PING, b""))

    def test_frames_go_on_before_they_are_complete(self):
        with self.ends() as (client, upstream):
            data = frame(BINARY, bytes(100_000))
            client.send(data[:50_000])
            self.assertEqual(len(upstream.stream.read(50_000)), 50_000)

    def test_fragments_and_control_frames(self):
        with self.ends() as (client, upstream):
            for sender, receiver, masked in ((client, upstream, True), (upstream, client, False)):
                frames = [(TEXT, b"Hel", 0), (PING, b"?", FIN), (CONTINUATION, b"lo", 0), (CONTINUATION, b"", FIN)]
                sender.send(b"".join(frame(opcode, data, first, masked=masked) for opcode, data, first in frames))
                for opcode, data, first in frames:
                    self.assertEqual(receiver.read_raw_frame()[::2], (first | opcode, data))
            for sender, receiver, masked in ((client, upstream, True), (upstream, client, False)):
                sender.send(frame(PONG, b"!", masked=masked) + close_frame(3000, masked=masked))
                self.assertEqual(receiver.read_raw_frame()[::2], (FIN | PONG, b"!"))
                self.assertEqual(receiver.read_raw_frame()[::2], (FIN | CLOSE, struct.pack("!H", 3000)))
            upstream.socket.shutdown(socket.SHUT_WR)
            self.assert_ends(client)
            client.socket.shutdown(socket.SHUT_WR)
            self.assert_ends(upstream)

    def test_masking_keys_are_fresh(self):
        with self.ends() as (client, upstream):
            key = b"same"
            client.send(3000 * frame(BINARY, b"payload", key=key))
            keys = set()
            for _ in range(3000):
                first, fresh, payload = upstream.read_raw_frame()
                self.assertEqual((first, payload), (FIN | BINARY, b"payload"))
                keys.add(fresh)
            self.assertNotIn(key, keys)
            self.assertGreater(len(keys), 2990)

    def test_compression(self):
        text = b"wave " * 1000
        deflater = zlib.compressobj(wbits=-15)
        payload = (deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
        with self.echo("permessage-deflate") as peer:
            self.assertIn(b"permessage-deflate", peer.head)
            for _ in range(3):
                peer.send(frame(TEXT, payload, FIN | RSV1))
                opcode, reply = peer.read_frame(RSV1)
                self.assertEqual(opcode, TEXT)
                self.assertEqual(zlib.decompressobj(-15).decompress(reply + TAIL), text)

    def test_client_breaks_a_rule(self):
        breaches = {
            "not masked": frame(TEXT, b"?", masked=False),
            "opcode": frame(3, b"?"),
            "long control frame": frame(PING, bytes(126)),
            "length not minimal": b"\x82\xfe\x00\x01keys?",
        }
        for name, breach in breaches.items():
            with self.subTest(name), self.ends() as (client, upstream):
                client.send(frame(TEXT, b"fine") + breach)
                self.assertEqual(upstream.read_raw_frame()[::2], (FIN | TEXT, b"fine"))
                self.assert_ends(upstream)
                self.assert_ends(client)

    def test_upstream_breaks_a_rule(self):
        with self.ends() as (client, upstream):
            upstream.send(frame(TEXT, b"fine", masked=False) + frame(TEXT, b"masked"))
            self.assertEqual(client.read_frame(), (TEXT, b"fine"))
            self.assert_ends(client)
            self.assert_ends(upstream)

    def test_half_close(self):
        """What came before the end of the stream is relayed and answered."""
        with self.echo() as peer:
            peer.send(frame(TEXT, b"last words"))
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.read_frame(), (TEXT, b"last words"))
            self.assert_ends(peer)

    def test_both_end_inside_a_header(self):
        """What was kept of the headers does not keep the sockets."""
        with Upstream() as server, Relay(server.port) as relay:
            descriptors = relay.descriptor_count()
            with Wire(connect(relay)) as client:
                asked = request()
                client.send(asked)
                with server.accept() as upstream:
                    upstream.read_head()
                    upstream.send(answer(asked) + b"\x82")
                    client.read_head()
                    client.send(b"\x82\xfe")
                    client.socket.shutdown(socket.SHUT_WR)
                    upstream.socket.shutdown(socket.SHUT_WR)
                    self.assert_ends(client)
                    self.assert_ends(upstream)
            deadline = time.monotonic() + LIMIT_SECONDS
            while relay.descriptor_count() > descriptors and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertEqual(relay.descriptor_count(), descriptors)

    def test_reset(self):
        for one in (0, 1):
            with self.subTest(one), self.ends() as both:
                both[one].reset()
                with contextlib.suppress(ConnectionResetError):
                    self.assert_ends(both[1 - one])

    def test_backpressure(self):
        """A side that does not read stops the other one, and loses nothing."""
        block = os.urandom(1_000_000)
        for reader, writer, masked in ((1, 0, True), (0, 1, False)):
            with self.subTest(reader), self.ends() as ends:
                data = frame(BINARY, block, masked=masked)
                ends[writer].socket.settimeout(0.5)
                sent = 0
                with self.assertRaises(TimeoutError):
                    while True:
                        sent += ends[writer].socket.send(data[sent % len(data) :])
                        self.assertLess(sent, 200_000_000)
                # The other direction is open.
                ends[reader].send(frame(TEXT, b"Hello", masked=not masked))
                self.assertEqual(ends[writer].read_raw_frame()[::2], (FIN | TEXT, b"Hello"))
                for _ in range(sent // len(data)):
                    self.assertEqual(ends[reader].read_raw_frame()[::2], (FIN | BINARY, block))

    def test_refusal_is_passed_on(self):
        refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 200000\r\n\r\n"
        body = os.urandom(200_000)
        with Upstream() as server, Relay(server.port) as relay, Wire(connect(relay)) as client:
            client.send(request())
            with server.accept() as upstream:
                upstream.read_head()
                upstream.send(refusal + body)
                self.assertEqual(client.read_head(), refusal)
                self.assertEqual(client.stream.read(len(body)), body)
                upstream.socket.shutdown(socket.SHUT_WR)
                self.assert_ends(client)
                client.socket.shutdown(socket.SHUT_WR)
                self.assert_ends(upstream)

    def assert_refused(self, client, status):
        self.assertTrue(client.read_head().startswith(b"HTTP/1.1 %d " % status))
        self.assert_ends(client)

    def test_upstream_is_down(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            with Relay(closed.getsockname()[1]) as relay:
                for _ in range(3):
                    with Wire(connect(relay)) as client:
                        client.send(request())
                        self.assert_refused(client, 502)

    def test_upstream_ends_or_speaks_nonsense(self):
        for said in (b"", b"SSH-2.0-nonsense\r\n\r\n", b"HTTP/1.1 101 Switching"):
            with self.subTest(said), Upstream() as server, Relay(server.port) as relay:
                with Wire(connect(relay)) as client:
                    client.send(request())
                    with server.accept() as upstream:
                        upstream.read_head()
                        upstream.send(said)
                        upstream.socket.shutdown(socket.SHUT_WR)
                        self.assert_refused(client, 502)

    def test_bad_requests(self):
        """None reaches the upstream."""
        good = request()
        early = [good + frame(TEXT, b"too early"), good + good]
        bad = {
            400: [b"GET /\r\n\r\n", *early],
            431: [b"GET / HTTP/1.1" + 3 * (b"\r\nX: " + 8000 * b"x")],
        }
        with Upstream() as server, Relay(server.port) as relay:
            server.listener.settimeout(0)
            for status, requests in bad.items():
                for sent in requests:
                    with self.subTest(sent[:30]), Wire(connect(relay)) as client:
                        client.send(sent)
                        self.assertTrue(client.read_head().startswith(b"HTTP/1.1 %d " % status))
            with self.assertRaises(BlockingIOError):
                server.listener.accept()

    def test_half_a_request(self):
        with Upstream() as server, Relay(server.port) as relay, Wire(connect(relay)) as client:
            client.send(request()[:50])
            client.socket.shutdown(socket.SHUT_WR)
            self.assert_ends(client)

    def test_handshake_time_outs(self):
        """Of a client that does not end its request, and of an upstream that does not answer."""
        with Upstream() as server, Relay(server.port) as relay:
            with Wire(connect(relay)) as slow, Wire(connect(relay)) as client:
                slow.send(request()[:50])
                client.send(request())
                with server.accept():
                    self.assertTrue(slow.read_head().startswith(b"HTTP/1.1 408 "))
                    self.assert_refused(client, 502)

    def test_handshake_byte_by_byte(self):
        """Frames may follow the answer at once."""
        with Upstream() as server, Relay(server.port) as relay, Wire(connect(relay)) as client:
            asked = request()
            for byte in asked:
                client.send(bytes([byte]))
            with server.accept() as upstream:
                self.assertEqual(upstream.read_head(), asked)
                answered = answer(asked) + frame(TEXT, b"welcome", masked=False)
                for byte in answered[:-3]:
                    upstream.send(bytes([byte]))
                upstream.send(answered[-3:])
                self.assertEqual(client.read_head(), answer(asked))
                self.assertEqual(client.read_frame(), (TEXT, b"welcome"))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    RELAY, ECHO_SERVER = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Talks to the echo server over TLS, with a certificate that is made here.

usage: tls_echo_test.py TLS_ECHO_SERVER [UNITTEST_ARGUMENT...]
"""

import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings

from echo_cases import EchoCases
from testing import EMULATOR, TEXT, Peer, Wire, connect, frame


class TlsEchoTest(EchoCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.certificate, cls.key = (pathlib.Path(directory.name) / name for name in ("certificate.pem", "key.pem"))
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test"
        names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", cls.key, "-out", cls.certificate]
        subprocess.run([*command.split(), *names], check=True, capture_output=True)

    def command(self):
        return TLS_ECHO_SERVER, "0", str(self.certificate), str(self.key)

    def context(self, **versions):
        context = ssl.create_default_context(cafile=self.certificate)
        for name, version in versions.items():
            setattr(context, name, version)
        return context

    def dial(self, context=None, **options):
        return (context or self.context()).wrap_socket(connect(self.server, **options), server_hostname="localhost")

    def test_versions(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with Peer(self.dial(self.context(minimum_version=version, maximum_version=version))) as peer:
                peer.send(frame(TEXT, b"Hello"))
                self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))

    def test_old_versions_are_refused(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # these versions are deprecated
            context = self.context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with self.assertRaisesRegex(ssl.SSLError, "ALERT_PROTOCOL_VERSION"):
            self.dial(context)
        self.assert_serves()

    def test_plain_http(self):
        with Wire(connect(self.server)) as plain:
            plain.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"HTTP", plain.stream.read())
        self.assert_serves()

    def test_nonsense(self):
        for nonsense in (os.urandom(1000), b"\x16\x03\x01\xff\xff", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
            with Wire(connect(self.server)) as plain:
                plain.send(nonsense)
                plain.socket.shutdown(socket.SHUT_WR)
                plain.stream.read()
        self.assert_serves()

    def test_close_notify_is_answered(self):
        """What came before it is echoed."""
        peer = self.dial()
        with Peer(peer) as wire:
            wire.send(frame(TEXT, b"last words"))
            self.assertEqual(wire.read_frame(), (TEXT, b"last words"))
            peer.unwrap().close()

    def test_stream_that_ends_without_close_notify(self):
        peer = self.peer()
        peer.send(frame(TEXT, b"Hello"))
        self.assertEqual(peer.read_frame(), (TEXT, b"Hello"))
        sockets = self.server.descriptor_count()
        with socket.socket(fileno=os.dup(peer.socket.fileno())) as plain:
            plain.shutdown(socket.SHUT_WR)
        while self.server.descriptor_count() == sockets:
            self.assert_serves()

    def test_renegotiation_is_refused(self):
        address = f"127.0.0.1:{self.server.port}"
        command = ["openssl", "s_client", "-connect", address, "-tls1_2", "-CAfile", self.certificate]
        done = subprocess.run(command, input=b"R\n", capture_output=True, timeout=60)
        self.assertIn(b"no renegotiation", done.stderr)
        self.assert_serves()

    def test_files_that_are_none(self):
        command = [*EMULATOR, TLS_ECHO_SERVER, "0", str(self.key), str(self.certificate)]
        done = subprocess.run(command, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"PEM", done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    TLS_ECHO_SERVER = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

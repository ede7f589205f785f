# SPDX-License-Identifier: MIT
"""The server on the engine alone, under a client that is not ours."""

from __future__ import annotations

import contextlib
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tidewire import NEVER, Connection, DeflateConfig, Role
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

ROOT = Path(__file__).parents[1]
SECONDS = 20  # for what takes milliseconds


@pytest.fixture(scope="module")
def port():
    """The example server's, which ends in order when the tests are through."""
    command = [sys.executable, str(ROOT / "examples/echo_server.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            yield int(re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line).group(1))
            server.send_signal(signal.SIGTERM)
            assert server.wait(SECONDS) == 0
        finally:
            server.kill()


@pytest.fixture
def client(port):
    with connect(f"ws://127.0.0.1:{port}/", max_size=None, compression=None) as connection:
        yield connection


def echoed(client, message):
    client.send(message)
    return client.recv(SECONDS)


@pytest.mark.parametrize("text", ["", "hello", "Grüße", "日本語", "😀"])
def test_text_is_echoed(client, text):
    assert echoed(client, text) == text


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65536, 1_000_000, 16 * 1024 * 1024])
def test_binary_is_echoed(client, size):
    data = bytes(i % 251 for i in range(251)) * (size // 251 + 1)
    assert echoed(client, data[:size]) == data[:size]


def noise(size):
    return random.Random(1).randbytes(size)


def test_compressed_messages_are_echoed(port):
    with connect(f"ws://127.0.0.1:{port}/", max_size=None, compression="deflate") as client:
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"]
        for message in ("", "short", "long " * 10_000, bytes(1000), noise(1_000_000), "again " * 1000):
            assert echoed(client, message) == message


def test_what_is_compressed_very_well_is_answered_little_by_little(port):
    ours = Connection(Role.CLIENT, host=f"127.0.0.1:{port}", deflate=DeflateConfig(max_ratio=NEVER))
    with socket.create_connection(("127.0.0.1", port), SECONDS) as raw:
        raw.sendall(ours.data_to_send())
        ours.receive(raw.recv(4096))
        for _ in range(500):
            ours.send(bytes(60_000))
        data = ours.data_to_send()
        assert len(data) < 200_000
        raw.sendall(data)
        echoes = 0
        while echoes < 500:
            events = ours.receive(raw.recv(1 << 16))
            assert all(event.data == bytes(60_000) for event in events)
            echoes += len(events)


def test_fragments_come_back_as_one_message(client):
    assert echoed(client, ["one ", "two ", "three"]) == "one two three"


def test_pings_are_answered(client):
    assert client.ping(b"sign of life").wait(SECONDS)


def test_many_messages_in_flight(client):
    for i in range(2000):
        client.send(str(i))
    assert [client.recv(SECONDS) for _ in range(2000)] == [str(i) for i in range(2000)]


def test_the_close_code_comes_back(client):
    client.close(4000, "bye")
    assert client.protocol.close_rcvd.code == 4000


def test_a_message_above_the_limit_closes_with_1009(port):
    with connect(f"ws://127.0.0.1:{port}/", max_size=None, compression=None) as client:
        with pytest.raises(ConnectionClosed):
            client.send(bytes(16 * 1024 * 1024 + 1))
            client.recv(SECONDS)
        assert client.protocol.close_rcvd.code == 1009


def test_a_foreign_origin_is_refused(port):
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{port}/", origin="https://evil.example")


def test_who_does_not_read_is_not_read_from(port):
    ours = Connection(Role.CLIENT, host=f"127.0.0.1:{port}")
    with socket.create_connection(("127.0.0.1", port), SECONDS) as raw:
        raw.sendall(ours.data_to_send())
        ours.receive(raw.recv(4096))
        ours.send(bytes(1_000_000))
        message = ours.data_to_send()
        raw.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 100:
                raw.sendall(message)
                sent += 1
        assert 1 <= sent < 100  # 100 MB fit into no socket buffer
        with connect(f"ws://127.0.0.1:{port}/", compression=None) as other:
            assert echoed(other, "alive") == "alive"
        raw.settimeout(SECONDS)
        echoes = 0
        while echoes < sent:
            echoes += len(ours.receive(raw.recv(1 << 20)))


def test_abrupt_ends_harm_nobody(port):
    for sent in (b"", b"GET / HT", b"\xff" * 100):
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(sent)
    with connect(f"ws://127.0.0.1:{port}/", compression=None) as client:
        assert echoed(client, "alive") == "alive"


def test_the_server_says_goodbye():
    command = [sys.executable, str(ROOT / "examples/echo_server.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline().rpartition(":")[2])
            with connect(f"ws://127.0.0.1:{port}/", compression=None) as client:
                assert echoed(client, "hello") == "hello"
                begin = time.monotonic()
                server.send_signal(signal.SIGTERM)
                with pytest.raises(ConnectionClosed):
                    client.recv(SECONDS)
                assert client.protocol.close_rcvd.code == 1001
            assert server.wait(SECONDS) == 0
            assert time.monotonic() - begin < SECONDS
        finally:
            server.kill()

# SPDX-License-Identifier: MIT
"""What an idle connection takes of a server's memory."""

import contextlib
import pathlib
import re
import resource
import socket
import struct
import time

from loopback import Failure

COUNTS = (2000, 10000)
BATCH = 100  # connections that are opened at once; the first batch does not count
SPARE_FILES = 200
LIMIT_SECONDS = 60
SETTLE_SECONDS = 0.5

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PAYLOAD = b"20 bytes of payload."
MASKED = b"\x82\x94\0\0\0\0" + PAYLOAD
ECHO = b"\x82\x14" + PAYLOAD
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: no port remains in TIME_WAIT


def name_of(row, count):
    return f"BM_PythonIdle/{row}/{count}"


def private_bytes(pid):
    """What a process has written and shares with nobody."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Private_Dirty: +(\d+) kB$", rollup, re.MULTILINE)[1]) * 1024


def raise_limit():
    """Of open files, for this process and the servers that it starts."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < max(COUNTS) + SPARE_FILES:
        raise Failure(f"{max(COUNTS)} connections need more open files than {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def open_batch(server, stack):
    """Opens connections, each of which has echoed one message when this returns."""
    sockets = []
    for _ in range(BATCH):
        client = stack.enter_context(socket.create_connection(("127.0.0.1", int(server.port)), LIMIT_SECONDS))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        sockets.append(client)
    steps = [(PAYLOAD, PAYLOAD)] if server.is_raw else [(REQUEST, b"\r\n\r\n"), (MASKED, ECHO)]
    for sent, end in steps:
        for client in sockets:
            client.sendall(sent)
        for client in sockets:
            answer = b""
            while not answer.endswith(end):
                piece = client.recv(4096)
                if not piece:
                    raise Failure(f"{server.row} closed an idle connection")
                answer += piece


def measure(server):
    """{count: bytes of each of so many idle connections}"""
    result = {}
    with contextlib.ExitStack() as stack:
        open_batch(server, stack)
        before = private_bytes(server.process.pid)
        for count in COUNTS:
            for _ in range((count - max(result, default=0)) // BATCH):
                open_batch(server, stack)
            time.sleep(SETTLE_SECONDS)
            result[count] = (private_bytes(server.process.pid) - before) / count
    return result


def entry(row, count, measured, raw):
    """As Google Benchmark would write it. `raw` is what asyncio's transport takes, and a protocol that does nothing."""
    return {
        "name": name_of(row, count),
        "family_index": 0,
        "run_type": "iteration",
        "private": measured,
        **({} if row == "raw" else {"beyond": measured - raw}),
    }

# SPDX-License-Identifier: MIT
"""Runs the C echo server, talks to it through the `websockets` package, puts it under load and ends it.

usage: demo.py BUILD_DIRECTORY

Exits with 0 only if every echo matched and the server drained and exited with 0 when it was told to end.
"""

import asyncio
import json
import secrets
import select
import signal
import subprocess
import sys
import time

import websockets
from websockets.asyncio.client import connect

START_SECONDS = 10
TALK_SECONDS = 30
STOP_SECONDS = 8  # the server drains for at most 5
LOAD_SECONDS = 4
LOAD_CONNECTIONS = 16
LOAD_PIPELINE = 16
LOAD_SIZES = {"20 B": 20, "1 KiB": 1024, "16 KiB": 16 * 1024}
COLUMNS = ["messages/s", "MB/s", "p50", "p90", "p99", "p99.9", "max", "server us/message"]
LARGE = 16 * 1024 * 1024  # bytes; the engine's default limit

LANGUAGES = [
    "Hello, world",
    "Grüße aus Köln",
    "Žluťoučký kůň",
    "Γειά σου Κόσμε",
    "Привет, мир",
    "שלום עולם",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "你好，世界",
    "こんにちは世界",
    "안녕하세요 세계",
    "🌍👋🏽",
]


class Failure(Exception):
    """What the demo showed is not what it should show."""


def expect(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: got {got!r:.80}, not {wanted!r:.80}")


def report(what, result="ok"):
    print(f"   {what:<44} {result}")


class Server:
    """The echo server as a process, which does not outlive the `with` block."""

    def __init__(self, path):
        self.process = subprocess.Popen([path, "0"], stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def port(self):
        """The port on which the server says that it listens."""
        if not select.select([self.process.stdout], [], [], START_SECONDS)[0]:
            raise Failure(f"the server did not start within {START_SECONDS} s")
        line = self.process.stdout.readline().strip()
        prefix = "listening on 127.0.0.1:"
        if not line.startswith(prefix):
            raise Failure(f"the server said {line!r} instead of '{prefix}PORT'")
        return int(line.removeprefix(prefix))

    def stop(self):
        """Sends SIGTERM and waits for the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"the server did not end within {STOP_SECONDS} s of SIGTERM") from None


def client(port):
    return connect(f"ws://127.0.0.1:{port}/", proxy=None, max_size=None)


async def echo(ws, what, sent, wanted=None, *, text=None):
    """Sends a message, or the fragments of one, and compares its echo in type and content."""
    start = time.perf_counter()
    await ws.send(sent, text=text)
    expect(what, await ws.recv(), sent if wanted is None else wanted)
    return time.perf_counter() - start


async def talk(port):
    """Each kind of message once, each echo compared."""
    everything = "\n".join(LANGUAGES)
    octets = bytes(range(256))
    async with client(port) as ws:
        for greeting in LANGUAGES:
            await echo(ws, "text", greeting)
        report(f"text in {len(LANGUAGES)} languages")

        await echo(ws, "empty text", "")
        await echo(ws, "binary", octets)
        await echo(ws, "empty binary", b"")
        report("binary, and empty messages")

        encoded = everything.encode()
        await echo(ws, "text in fragments", [encoded[i : i + 1] for i in range(len(encoded))], everything, text=True)
        await echo(ws, "binary in fragments", [octets[:100], b"", octets[100:]], octets)
        report(f"fragments, {len(encoded)} of one byte and an empty one")

        async def interrupted():
            yield octets[:50]
            await (await ws.ping(b"between fragments"))
            yield octets[50:]

        await echo(ws, "ping between fragments", interrupted(), octets)
        report("ping between fragments")

        latencies = sorted([await (await ws.ping()) for _ in range(100)])
        report("100 pings", f"ok, median {latencies[50] * 1e6:.0f} us")

        seconds = await echo(ws, "16 MiB", secrets.token_hex(LARGE // 2))
        report("16 MiB of text", f"ok, {seconds * 1e3:.0f} ms")

        await ws.close(4001, "that was all")
        expect("close code", ws.protocol.close_rcvd.code, 4001)
        expect("who closed", ws.protocol.close_rcvd_then_sent, False)
        report("close with code and reason")


def digits(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def load(build, server, port):
    """Puts the server under load with text messages of each size, and prints a table."""
    widths = [max(len(column), 6) + 3 for column in COLUMNS]
    print(" " * 9 + "".join(f"{column:>{width}}" for column, width in zip(COLUMNS, widths, strict=True)))
    for name, size in LOAD_SIZES.items():
        options = {
            "port": port,
            "connections": LOAD_CONNECTIONS,
            "pipeline": LOAD_PIPELINE,
            "size": size,
            "seconds": LOAD_SECONDS,
            "server-pid": server.process.pid,
        }
        command = [f"{build}/bench/load/tw_load", "--text", "--json"]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LOAD_SECONDS + 10)
        if done.returncode != 0:
            raise Failure(f"the load generator exited with {done.returncode}: not every echo matched")
        figures = json.loads(done.stdout)
        cells = [f"{digits(figures[column]):>{width}}" for column, width in zip(COLUMNS, widths, strict=True)]
        print(f"   {name:<6}" + "".join(cells))


async def end(server, port):
    """Ends the server while a connection is open, which must be told why."""
    async with client(port) as ws:
        await echo(ws, "last message", "still here")
        status = await asyncio.to_thread(server.stop)
        await ws.wait_closed()
        expect("close code of a server that ends", ws.protocol.close_rcvd.code, 1001)
        expect("exit status of the server", status, 0)


def main(build):
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Server(f"{build}/capi/examples/echo_server") as server:
        port = server.port()
        print(f"-- echo_server listens on port {port}; websockets {websockets.__version__} talks to it")
        asyncio.run(asyncio.wait_for(talk(port), TALK_SECONDS))
        print(f"-- load: {LOAD_CONNECTIONS} connections, {LOAD_PIPELINE} messages under way on each, latencies in us")
        load(build, server, port)
        print("-- SIGTERM")
        asyncio.run(asyncio.wait_for(end(server, port), TALK_SECONDS))
        report("open connections were closed with 1001")
    print("-- every echo matched")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    try:
        main(sys.argv[1])
    except (Failure, OSError, TimeoutError, websockets.WebSocketException, subprocess.TimeoutExpired) as failure:
        sys.exit(f"demo: {failure or type(failure).__name__}")
    except KeyboardInterrupt:
        sys.exit(130)

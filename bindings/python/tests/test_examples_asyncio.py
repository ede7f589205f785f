# SPDX-License-Identifier: MIT
"""The examples on asyncio, with threads and in Starlette, against peers that are not ours, and the code of the guides."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SECONDS = 30  # for what takes milliseconds


@contextlib.contextmanager
def serving(*command, says=r"listening on 127\.0\.0\.1:(\d+)"):
    """Yields the port and the process of a server, which says where it listens in its first lines."""
    with subprocess.Popen(
        [sys.executable, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            said = ""
            while (match := re.search(says, said)) is None:
                line = process.stdout.readline()
                assert line, said
                said += line
            yield int(match[1]), process
        finally:
            process.kill()


def client(port, path="/"):
    return connect(f"ws://127.0.0.1:{port}{path}", compression=None)


def script(name, *arguments):
    command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)


# ---- Examples ----


def test_echo_server_on_asyncio_echoes_and_says_goodbye():
    with serving(EXAMPLES / "echo_asyncio.py", "--port", 0) as (port, process):
        with client(port) as connection:
            for message in ("Grüße", b"\x00\xff", "", bytes(100_000)):
                connection.send(message)
                assert connection.recv(SECONDS) == message
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                connection.recv(SECONDS)
            assert connection.protocol.close_rcvd.code == 1001
        assert process.wait(SECONDS) == 0


def test_chat_tells_a_room_and_no_other():
    with (
        serving(EXAMPLES / "chat.py", "--port", 0) as (port, _),
        client(port, "/lobby?ann") as ann,
        client(port, "/garden?eve") as eve,
    ):
        assert ann.recv(SECONDS) == "* ann is here"
        assert eve.recv(SECONDS) == "* eve is here"
        with client(port, "/lobby") as bob:
            for each in (ann, bob):
                assert each.recv(SECONDS) == "* somebody is here"
            bob.send("hello")
            ann.send("hi")
            for each in (ann, bob):
                assert {each.recv(SECONDS) for _ in range(2)} == {"somebody: hello", "ann: hi"}
        assert ann.recv(SECONDS) == "* somebody is gone"
        eve.send("alone")
        assert eve.recv(SECONDS) == "eve: alone"  # and nothing of the others before


@contextlib.contextmanager
def other_server(handler):
    """Yields the port of a server that is not ours."""
    with serve(handler, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join(SECONDS)


def test_ticker_takes_every_quote():
    asked = []

    def quotes(connection):
        asked.extend(connection.recv(SECONDS) for _ in range(2))
        for i in range(1000):
            for symbol in (b"AAPL", b"MSFT"):
                connection.send(struct.pack("<8sdd", symbol, i, i + 0.25))

    with other_server(quotes) as port:
        done = script("ticker_client.py", f"ws://127.0.0.1:{port}/", "AAPL", "MSFT")
    assert (done.returncode, done.stderr) == (0, "")
    assert asked == ["subscribe AAPL", "subscribe MSFT"]
    assert done.stdout.splitlines() == [
        "2000 quotes, closed with 1000",
        "AAPL         999.00     999.25",
        "MSFT         999.00     999.25",
    ]


def test_script_prints_the_answers():
    def shout(connection):
        for message in connection:
            connection.send(message.upper())

    with other_server(shout) as port:
        done = script("sync_client.py", f"ws://127.0.0.1:{port}/", "hello", "and again")
    assert (done.returncode, done.stdout, done.stderr) == (0, "HELLO\nAND AGAIN\n", "")


def test_script_says_what_was_wrong():
    def silent(connection):
        for _ in connection:
            pass

    def rude(connection):
        connection.close(4000, "not today")

    with other_server(silent) as port:
        done = script("sync_client.py", "--seconds", "0.2", f"ws://127.0.0.1:{port}/", "hello")
    assert (done.returncode, done.stderr) == (1, "no answer within 0.2 s\n")
    with other_server(rude) as port:
        done = script("sync_client.py", f"ws://127.0.0.1:{port}/", "hello")
    assert done.returncode == 1
    assert "4000" in done.stderr and "not today" in done.stderr


def test_starlette_application_serves_its_page_and_its_echo():
    pytest.importorskip("starlette", reason="the example is an application of starlette, which is not installed")
    pytest.importorskip("uvicorn", reason="the example is served by uvicorn, which is not installed")
    options = ["--ws", "tidewire.uvicorn:TidewireProtocol", "--port", "0", "--app-dir", EXAMPLES]
    says = r"running on http://127\.0\.0\.1:(\d+)"
    with serving("-m", "uvicorn", *options, "starlette_app:app", says=says) as (port, _):
        page = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        page.request("GET", "/")
        assert b'new WebSocket(location.origin.replace("http", "ws") + "/echo")' in page.getresponse().read()
        page.close()
        with client(port, "/echo") as connection:
            connection.send("hello")
            assert connection.recv(SECONDS) == "hello"


# ---- Guides ----

# What the blocks of each guide print, in their order.
OUTPUTS = {
    "README.md": ["Hello\n", "subscribe AAPL\nsubscribe MSFT\n", "HELLO\n"],
    "docs/engine.md": [
        "text: Hello\nbinary: b'\\x00\\x01'\n",
        "5.0 s left\nhandshake_timeout_ns\nHTTP/1.1 408 Request Timeout\n",
        "True the same\n",
        "text is not valid UTF-8 (TW_ERR_UTF8, RFC 6455 8.1, at offset 14)\n1007\n",
        "server failed: TW_ERR_HTTP_UPGRADE: the Upgrade header does not name websocket (RFC 6455 4.2.1), no Upgrade "
        "header; at offset 0, after 0 messages and 0 frames; answered with HTTP status 426\n426\n",
        "1000000\n",
    ],
}


def blocks_of(guide):
    """Returns its blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / guide).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("guide", "block", "expected"),
    [(guide, *each) for guide, outputs in OUTPUTS.items() for each in zip(blocks_of(guide), outputs, strict=True)],
)
def test_the_code_of_a_guide(guide, block, expected):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, guide, "exec"), {})
    assert printed.getvalue() == expected


def test_every_guide_is_run():
    with_code = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md") if blocks_of(path.relative_to(ROOT))}
    assert with_code | {"README.md"} == set(OUTPUTS)

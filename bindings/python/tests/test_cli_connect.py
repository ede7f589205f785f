# SPDX-License-Identifier: MIT
"""`python -m tidewire echo` and `connect`, without a terminal."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_process import COMMAND, ENVIRONMENT, EchoServer, tidewire
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.client import connect, unix_connect
from websockets.sync.server import ServerConnection, serve


@contextmanager
def serving(handler: Callable[[ServerConnection], None], **options: object) -> Iterator[str]:
    """A server of the package websockets; yields its URI."""
    with serve(handler, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with EchoServer() as server:
        yield server.uri


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + [
            "-keyout",
            folder / "key",
            "-out",
            folder / "cert",
            "-subj",
            "/CN=x",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "cert").read_text() + (folder / "key").read_text())
    return both


class TestEcho:
    def test_server_echoes_and_tells_what_happens(self) -> None:
        with EchoServer("--verbose") as server, connect(server.uri + "path?q", proxy=None) as websocket:
            for message in ("one", b"two", "x" * 10_000):
                websocket.send(message)
                assert websocket.recv() == message
            websocket.close(4000, "\x1b[2J")
        assert server.status == 0
        lines = server.errors.splitlines()
        assert lines[0] == "[1] open: /path?q from 127.0.0.1"
        assert lines[2:5] == ["[1] text, 3 characters", "[1] binary, 3 bytes", "[1] text, 10000 characters"]
        assert "received 4000 (private use) \\x1b[2J" in lines[5]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_server_goes_away_on_a_signal(self, number: int) -> None:
        with EchoServer() as server, connect(server.uri, proxy=None) as websocket:
            server.process.send_signal(number)
            with pytest.raises(ConnectionClosed):
                websocket.recv()
            assert websocket.close_code == 1001
            server.process.wait(60)
        assert (server.status, server.errors) == (0, "")

    def test_server_obeys_its_options(self) -> None:
        options = ["--no-compression", "--max-size", "10", "--subprotocol", "a", "--subprotocol", "b"]
        with EchoServer(*options) as server:
            with connect(server.uri, subprotocols=["c", "b"], proxy=None) as websocket:  # type: ignore[list-item]
                assert websocket.subprotocol == "b"
                assert websocket.response is not None
                assert "Sec-WebSocket-Extensions" not in websocket.response.headers
                websocket.send("x" * 11)
                with pytest.raises(ConnectionClosed):
                    websocket.recv()
                assert websocket.close_code == 1009

    def test_server_listens_at_a_unix_socket(self, tmp_path: Path) -> None:
        with EchoServer("--unix", tmp_path / "socket") as server:
            assert server.uri == f"ws+unix:{tmp_path / 'socket'}"
            with unix_connect(str(tmp_path / "socket")) as websocket:
                websocket.send("hi")
                assert websocket.recv() == "hi"
            done = tidewire("connect", "--unix", tmp_path / "socket", "ws://localhost/", given=b"hello\n")
            assert (done.status, done.lines) == (0, ["hello"])

    @pytest.mark.parametrize(
        ("arguments", "status", "what"),
        [
            (["--port", "65536"], 2, "--port: 65536 is not from 0 to 65535"),
            (["--key", "k"], 2, "--key needs --cert"),
            (["--cert", "/nowhere"], 1, "cannot load the certificate /nowhere: "),
            (["--host", "192.0.2.1"], 1, ""),
        ],
    )
    def test_server_says_in_one_line_why_it_cannot_begin(self, arguments: list[str], status: int, what: str) -> None:
        done = tidewire("echo", *arguments)
        assert (done.status, done.bytes) == (status, b"")
        assert done.errors.startswith(f"tidewire echo: {what}") and done.errors.count("\n") == 1


class TestConnect:
    def test_client_sends_lines_and_writes_messages(self, echo: str) -> None:
        done = tidewire("connect", echo, given="one\n/ping\n\nGrüße\nno newline".encode())
        assert (done.status, done.errors) == (0, "")
        assert done.lines == ["one", "/ping", "", "Grüße", "no newline"]

    def test_client_sends_and_writes_hex(self, echo: str) -> None:
        done = tidewire("connect", "--hex", echo, given=b"00 01 FF\n\n7f:80\n")
        assert (done.status, done.lines) == (0, ["0001ff", "", "7f80"])

    def test_client_waits_for_answers_that_take_their_time(self) -> None:
        def late(websocket: ServerConnection) -> None:
            for message in websocket:
                threading.Event().wait(0.3)
                websocket.send(message)

        with serving(late) as uri:
            done = tidewire("connect", "--wait", "5", uri, given=b"a\nb\nc\n")
        assert (done.status, done.lines) == (0, ["a", "b", "c"])

    def test_client_asks_as_it_is_told_to(self) -> None:
        asked: list[Request] = []

        def note(websocket: ServerConnection, request: Request) -> Response | None:
            asked.append(request)
            return None

        with serving(lambda websocket: None, process_request=note, subprotocols=["v2"]) as uri:
            options = ["-H", "X-One: 1", "--header", "Authorization:Bearer x", "--subprotocol", "v2"]
            done = tidewire("connect", *options, "--origin", "https://o.example", "--no-compression", f"{uri}/p?q=1")
        assert (done.status, done.errors) == (0, "")
        headers = asked[0].headers
        assert asked[0].path == "/p?q=1"
        assert (headers["X-One"], headers["Authorization"], headers["Origin"]) == ("1", "Bearer x", "https://o.example")
        assert headers["Sec-WebSocket-Protocol"] == "v2" and "Sec-WebSocket-Extensions" not in headers

    def test_client_shows_the_latency_every_so_often(self, echo: str) -> None:
        done = tidewire("connect", "--ping", "0.1", "--wait", "1.5", echo)
        assert done.status == 0
        assert all(line.startswith("latency ") and line.endswith(" ms") for line in done.errors.splitlines())
        assert done.errors

    def test_client_speaks_tls(self, certificate: Path) -> None:
        with EchoServer("--cert", certificate) as server:
            assert server.uri.startswith("wss://")
            trusted = tidewire("connect", "--cacert", certificate, server.uri, given=b"hello\n")
            careless = tidewire("connect", "--insecure", server.uri, given=b"hello\n")
            careful = tidewire("connect", server.uri, given=b"hello\n")
        assert (trusted.status, trusted.lines, careless.status, careless.lines) == (0, ["hello"], 0, ["hello"])
        assert careful.status == 1 and "CERTIFICATE_VERIFY_FAILED" in careful.errors
        assert careful.errors.count("\n") == 1


class TestEnds:
    @pytest.mark.parametrize(("code", "status"), [(1000, 0), (1001, 0), (1011, 1), (4000, 1)])
    def test_client_ends_with_the_connection(self, code: int, status: int) -> None:
        """Its input does not end."""
        with (
            serving(lambda websocket: websocket.close(code, "so \x07")) as uri,
            subprocess.Popen(
                [*COMMAND, "connect", uri],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
            ) as process,
        ):
            assert process.wait(60) == status
            assert process.stderr is not None
            errors = process.stderr.read().decode()
        assert (f"closed: received {code}" in errors and "so \\x07" in errors) == (status != 0)
        assert errors.count("\n") == status

    def test_client_says_when_the_server_vanishes(self) -> None:
        with serving(lambda websocket: websocket.socket.shutdown(2)) as uri:
            done = tidewire("connect", uri)
        assert done.status == 1 and done.errors.count("\n") == 1

    def test_client_says_when_the_server_breaks_the_protocol(self) -> None:
        def break_it(websocket: ServerConnection) -> None:
            websocket.socket.sendall(b"\x83\x00")
            with pytest.raises(ConnectionClosed):
                websocket.recv()

        with serving(break_it) as uri:
            done = tidewire("connect", uri)
        assert done.status == 1 and done.errors.count("\n") == 1
        assert "RFC 6455 5.2" in done.errors

    def test_client_shows_why_it_was_refused(self) -> None:
        def refuse(websocket: ServerConnection, request: Request) -> Response:
            return websocket.respond(418, "short and stout\x1b\nsecond line\n")  # type: ignore[arg-type]

        with serving(lambda websocket: None, process_request=refuse) as uri:
            done = tidewire("connect", uri)
        assert (done.status, done.bytes) == (1, b"")
        assert done.errors == "tidewire connect: the server refused the connection: HTTP 418: short and stout\\x1b\n"

    @pytest.mark.parametrize(
        ("arguments", "given", "status", "what"),
        [
            (["http://x"], b"", 2, "http://x is not a valid URI: "),
            (["ws://127.0.0.1:1"], b"", 1, "cannot connect to ws://127.0.0.1:1: "),
            (["ws://x", "--insecure"], b"", 2, "--cacert, --cert and --insecure do not go with ws://x"),
            (["wss://x", "--cacert", "/nowhere"], b"", 1, "cannot load /nowhere: "),
            (["wss://x", "--key", "k"], b"", 2, "--key needs --cert"),
            (["ws://x", "-H", "name"], b"", 2, "--header: 'name' is not 'NAME: VALUE'"),
            (["ws://x", "-H", "a b: c"], b"", 2, "--header: 'a b: c' is not 'NAME: VALUE'"),
            (["ws://x", "-H", "a: \x07"], b"", 2, "--header: 'a: \\x07' is not 'NAME: VALUE'"),
            (["ws://x", "--ping", "0"], b"", 2, "--ping must be positive"),
            (["ECHO"], b"ok\n\xff\n", 1, "line 2 of the input: byte 0 is not UTF-8"),
            (["ECHO", "--hex"], b"00\n0\n", 1, "line 2 of the input: an odd number of hex digits (1)"),
        ],
    )
    def test_client_says_in_one_line_what_is_wrong(
        self, arguments: list[str], given: bytes, status: int, what: str, echo: str
    ) -> None:
        done = tidewire("connect", *[echo if argument == "ECHO" else argument for argument in arguments], given=given)
        assert done.status == status
        assert done.errors.startswith(f"tidewire connect: {what}") and done.errors.count("\n") == 1

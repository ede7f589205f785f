# SPDX-License-Identifier: MIT
"""Applications of Starlette and FastAPI on uvicorn with TidewireProtocol, and clients of `websockets`."""

from __future__ import annotations

import logging
import ssl
import subprocess
import urllib.request
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi_server import Serving
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from tidewire.uvicorn import TidewireProtocol
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

try:
    import fastapi
except ImportError:
    fastapi = None  # type: ignore[assignment]


async def echo(websocket: WebSocket) -> None:
    await websocket.accept(
        subprotocol="chat" if "chat" in websocket.scope["subprotocols"] else None, headers=[(b"x-served-by", b"\xe9")]
    )
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            if "text" in message:
                await websocket.send_text(message["text"])
            else:
                await websocket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        pass


async def where(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json(
        {
            "url": str(websocket.url),
            "client": websocket.client.host if websocket.client else None,
            "name": websocket.path_params["name"],
            "query": websocket.query_params["q"],
            "started": websocket.state.started,
            "root_path": websocket.scope["root_path"],
        }
    )
    await websocket.close(4000, "that was all")


async def deny(websocket: WebSocket) -> None:
    raise HTTPException(401, "who are you?", headers={"www-authenticate": "Basic"})


async def flood(websocket: WebSocket) -> None:
    """Sends more than any buffer takes, and says how often it had to wait: the client reads late."""
    await websocket.accept()
    for number in range(64):
        await websocket.send_bytes(number.to_bytes(1, "big") * (1 << 18))
    await websocket.close()


async def page(request: Any) -> PlainTextResponse:
    return PlainTextResponse("a page")


@asynccontextmanager
async def lifespan(app: Any) -> Any:
    yield {"started": "yes"}


APP = Starlette(
    routes=[
        Route("/", page),
        Mount("/api", routes=[WebSocketRoute("/where/{name}", where)]),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/deny", deny),
        WebSocketRoute("/flood", flood),
    ],
    lifespan=lifespan,
)
IMPORT_STRING = "tidewire.uvicorn:TidewireProtocol"


@pytest.fixture(scope="module", params=["asyncio h11", "asyncio httptools", "uvloop httptools"])
def server(request: pytest.FixtureRequest) -> Any:
    loop, http = request.param.split()
    for package in (loop, http):
        pytest.importorskip(package)
    with Serving(APP, IMPORT_STRING, loop=loop, http=http, ws_max_size=1 << 20, root_path="") as serving:
        yield serving


class TestStarlette:
    def test_server_echoes_texts_and_bytes_of_all_sizes(self, server: Serving) -> None:
        messages = [
            "",
            "Grüße",
            b"",
            b"\x00\xff",
            "x" * 125,
            b"y" * 126,
            "z" * 65535,
            b"\x01" * 65536,
            "".join(map(chr, range(0x1F000, 0x1F400))) * 200,
        ]
        with connect(server.uri("/echo"), proxy=None) as websocket:
            for message in messages:
                websocket.send(message)
            assert [websocket.recv() for _ in messages] == messages

    def test_server_negotiates_subprotocol_headers_and_compression(self, server: Serving) -> None:
        with connect(server.uri("/echo"), subprotocols=["other", "chat"], proxy=None) as websocket:  # type: ignore[list-item]
            assert websocket.subprotocol == "chat"
            assert websocket.response is not None
            assert websocket.response.headers["x-served-by"] == "\xe9"
            assert websocket.response.headers["server"] == "uvicorn"
            assert "permessage-deflate" in websocket.response.headers["sec-websocket-extensions"]
        with connect(server.uri("/echo"), compression=None, proxy=None) as websocket:
            assert websocket.response is not None
            assert "sec-websocket-extensions" not in websocket.response.headers
            assert "sec-websocket-protocol" not in websocket.response.headers

    def test_server_tells_where_the_request_came_to_and_closes_with_a_code(self, server: Serving) -> None:
        with connect(server.uri("/api/where/J%C3%BCrgen?q=%C3%BC"), proxy=None) as websocket:
            got = websocket.recv()
            with pytest.raises(ConnectionClosedError):
                websocket.recv()
            assert websocket.close_code == 4000 and websocket.close_reason == "that was all"
        assert isinstance(got, str)
        assert '"name":"Jürgen","query":"ü","started":"yes","root_path":"/api"' in got
        assert '"client":"127.0.0.1"' in got

    def test_server_refuses_with_the_applications_own_response(self, server: Serving) -> None:
        with pytest.raises(InvalidStatus) as caught, connect(server.uri("/deny"), proxy=None):
            pass
        response = caught.value.response
        assert (response.status_code, response.body) == (401, b"who are you?")
        assert response.headers["www-authenticate"] == "Basic"
        assert response.headers["content-length"] == "12"

    def test_server_refuses_an_unknown_path(self, server: Serving) -> None:
        with pytest.raises(InvalidStatus) as caught, connect(server.uri("/nothing"), proxy=None):
            pass
        assert caught.value.response.status_code == 403

    def test_server_takes_any_origin(self, server: Serving) -> None:
        with connect(server.uri("/echo"), origin="https://elsewhere.example", proxy=None) as websocket:  # type: ignore[arg-type]
            websocket.send("hi")
            assert websocket.recv() == "hi"

    def test_server_waits_for_a_client_that_reads_late(self, server: Serving) -> None:
        with connect(server.uri("/flood"), max_size=None, compression=None, proxy=None) as websocket:
            received = [message for message in websocket if isinstance(message, bytes)]
        assert [message[0] for message in received] == list(range(64))
        assert websocket.close_code == 1000

    def test_server_keeps_order_and_all_messages_of_a_client_that_does_not_wait(self, server: Serving) -> None:
        """More messages than ws_max_queue before the application gets the first."""
        with connect(server.uri("/echo"), proxy=None) as websocket:
            for number in range(1000):
                websocket.send(str(number))
            assert [websocket.recv() for _ in range(1000)] == [str(number) for number in range(1000)]


@pytest.mark.skipif(fastapi is None, reason="FastAPI is not installed")
class TestFastApi:
    def test_server_runs_a_route_and_tells_it_of_the_close(self) -> None:
        codes: list[tuple[int, str]] = []
        app = fastapi.FastAPI()

        @app.websocket("/items/{number}")
        async def items(websocket: fastapi.WebSocket, number: int, token: str) -> None:
            await websocket.accept()
            try:
                while True:
                    await websocket.send_json({"number": number, "token": token, "got": await websocket.receive_json()})
            except fastapi.WebSocketDisconnect as gone:
                codes.append((gone.code, gone.reason))

        with Serving(app, TidewireProtocol, loop="asyncio") as server:
            with connect(server.uri("/items/7?token=t"), proxy=None) as websocket:
                websocket.send('{"a": [1, 2]}')
                assert websocket.recv() == '{"number":7,"token":"t","got":{"a":[1,2]}}'
                websocket.close(4001, "enough")
        assert codes == [(4001, "enough")]


class TestServer:
    def test_server_logs_as_uvicorn_does(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        with Serving(APP, TidewireProtocol, loop="asyncio") as server:
            with connect(server.uri("/echo?a=b"), proxy=None) as websocket:
                port = websocket.local_address[1]
            with pytest.raises(InvalidStatus), connect(server.uri("/nothing"), proxy=None):
                pass
        lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.error"]
        opened = lines.index(f'127.0.0.1:{port} - "WebSocket /echo?a=b" [accepted]')
        assert lines.index("connection open") > opened
        assert "connection closed" in lines
        assert any(line.endswith('- "WebSocket /nothing" 403') for line in lines)

    def test_server_speaks_tls(self, tmp_path: Any) -> None:
        key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            + ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
        context = ssl.create_default_context(cafile=certificate)
        with Serving(APP, TidewireProtocol, loop="asyncio", ssl_keyfile=key, ssl_certfile=certificate) as server:
            with connect(server.uri("/api/where/x?q=y", "wss"), ssl=context, proxy=None) as websocket:
                assert f'"url":"wss://127.0.0.1:{server.port}/' in str(websocket.recv())
            with connect(server.uri("/echo", "wss"), ssl=context, proxy=None) as websocket:
                large = b"".join(number.to_bytes(4, "big") for number in range(30_000))
                websocket.send(large)
                assert websocket.recv() == large

    def test_server_serves_pages_beside_websockets(self) -> None:
        with Serving(APP, TidewireProtocol, loop="asyncio") as server:
            with urllib.request.urlopen(server.uri("/", "http")) as answer:
                assert answer.read() == b"a page"

    @pytest.mark.parametrize("compress", [True, False])
    def test_server_obeys_the_option_of_compression(self, compress: bool) -> None:
        with Serving(APP, TidewireProtocol, loop="asyncio", ws_per_message_deflate=compress) as server:
            with connect(server.uri("/echo"), proxy=None) as websocket:
                assert websocket.response is not None
                assert ("sec-websocket-extensions" in websocket.response.headers) == compress
                websocket.send("again " * 1000)
                assert websocket.recv() == "again " * 1000

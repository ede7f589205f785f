# SPDX-License-Identifier: MIT
"""A browser talks to a Starlette application on uvicorn with TidewireProtocol."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asgi_server import Serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from tidewire.uvicorn import TidewireProtocol

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-extensions --disable-sync "
    "--disable-background-networking --disable-component-update --no-first-run --mute-audio"
)
RESULTS = {
    "text": ["plain", "", "Grüße aus Köln 😀"],
    "binary": [[0, 31, 62], []],
    "blob": [0, 31, 62, 93, 124],
    "large": True,
    "compression": ["permessage-deflate", True],
    "order": True,
    "subprotocol": "chat",
    "close_by_us": True,
    "close_without_code": [1005, "", True],
    "close_by_server": [4002, "that was all", True],
    "failure_of_server": [1011, "", True],
    "too_long": 1009,
    "refusal": 1006,
}


class Application:
    """Serves the page and what it connects to, and keeps what the page reports."""

    def __init__(self) -> None:
        self.reports: queue.Queue[dict[str, Any]] = queue.Queue()
        self.ends: list[tuple[int, str]] = []
        self.app = Starlette(
            routes=[
                Route("/", self.page),
                Route("/report", self.report, methods=["POST"]),
                WebSocketRoute("/echo", self.echo),
                WebSocketRoute("/closing", self.closing),
                WebSocketRoute("/failing", self.failing),
            ]
        )

    async def page(self, request: Request) -> Response:
        return FileResponse(Path(__file__).with_name("browser_page.html"))

    async def report(self, request: Request) -> Response:
        self.reports.put(json.loads(await request.body()))
        return Response()

    async def echo(self, websocket: WebSocket) -> None:
        await websocket.accept("chat" if "chat" in websocket.scope["subprotocols"] else None)
        while (event := await websocket.receive())["type"] == "websocket.receive":
            await websocket.send({**event, "type": "websocket.send"})
        self.ends.append((event["code"], event["reason"]))

    async def closing(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close(4002, "that was all")

    async def failing(self, websocket: WebSocket) -> None:
        await websocket.accept()
        raise ValueError("a failure of the application")


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Application]:
    """What the page reported to the application, after a visit."""
    if BROWSER is None:
        pytest.skip("no Chromium is installed")
    application = Application()
    folder = tmp_path_factory.mktemp("browser")
    with (
        Serving(application.app, TidewireProtocol, ws_max_size=1 << 20) as server,
        open(folder / "log", "wb") as log,
        subprocess.Popen(
            [BROWSER, *FLAGS.split(), f"--user-data-dir={folder / 'profile'}", server.uri("/", "http")],
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(folder)},
            start_new_session=True,
        ) as browser,
    ):
        try:
            return application.reports.get(timeout=120), application
        except queue.Empty:
            pytest.fail(f"the page did not report; the browser says: {(folder / 'log').read_text()[-2000:]}")
        finally:
            os.killpg(browser.pid, signal.SIGKILL)  # it and its helpers


@pytest.mark.parametrize("check", RESULTS)
def test_browser_gets_what_it_should(check: str, visited: tuple[dict[str, Any], Application]) -> None:
    assert visited[0][check] == RESULTS[check]


def test_browser_runs_no_check_that_is_not_looked_at(visited: tuple[dict[str, Any], Application]) -> None:
    assert visited[0].keys() == RESULTS.keys()


def test_server_gets_the_code_and_reason_of_the_browser(visited: tuple[dict[str, Any], Application]) -> None:
    assert (3001, "grün") in visited[1].ends
    assert (1005, "") in visited[1].ends

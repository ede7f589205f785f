# SPDX-License-Identifier: MIT
"""A Starlette application whose WebSocket connections are tidewire's:

    uvicorn --ws tidewire.uvicorn:TidewireProtocol starlette_app:app

Nothing in it says so: FastAPI and any other ASGI application switch by that one option.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

PAGE = """<!DOCTYPE html>
<title>Echo</title>
<input id="text" autofocus placeholder="type, and press Enter"><ul id="answers"></ul>
<script>
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/echo");
  socket.onmessage = (event) => {
    answers.appendChild(document.createElement("li")).textContent = event.data;
  };
  text.onchange = () => { socket.send(text.value); text.value = ""; };
</script>
"""


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(routes=[Route("/", page), WebSocketRoute("/echo", echo)])

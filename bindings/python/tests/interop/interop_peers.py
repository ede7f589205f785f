# SPDX-License-Identifier: MIT
"""The peers: each has a server, `serving`, which yields its URI, and a client's conversation, `talk_to`.

`close_answer` is the code with which it answers a close frame of CLOSE's code: the same, or one of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import interop_talk
from interop_talk import CLOSE, CLOSE_ORDER, FRAGMENTS, FRAGMENTS_ORDER, PING_ORDER, PONG, CoroutineTalk

HERE = pathlib.Path(__file__).parent


class WebsocketsPeer:
    """The package `websockets`. With takeover it keeps the compression's context, else it resets it."""

    name = "websockets"
    missing = ""
    compresses = True
    close_answer = CLOSE[0]

    def _factories(self, side: str, takeover: bool) -> list[Any]:
        from websockets.extensions import permessage_deflate

        factory = getattr(permessage_deflate, f"{side}PerMessageDeflateFactory")
        return [factory(server_no_context_takeover=not takeover, client_no_context_takeover=not takeover)]

    @contextlib.asynccontextmanager
    async def serving(self, takeover: bool) -> AsyncIterator[str]:
        from websockets.asyncio.server import serve

        extensions = self._factories("Server", takeover)
        async with serve(interop_talk.handle, "127.0.0.1", 0, compression=None, extensions=extensions) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def talk_to(self, uri: str, takeover: bool) -> None:
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosed

        extensions = self._factories("Client", takeover)
        async with connect(uri, compression=None, extensions=extensions) as connection:
            await interop_talk.converse(CoroutineTalk(connection, ConnectionClosed))


class AiohttpPeer:
    """aiohttp. It keeps the compression's context if the other side allows."""

    name = "aiohttp"
    missing = ""
    compresses = True
    close_answer = 1000

    @contextlib.asynccontextmanager
    async def serving(self, takeover: bool) -> AsyncIterator[str]:
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield "ws://{}:{}/".format(*runner.addresses[0][:2])
        finally:
            await runner.cleanup()

    async def _handle(self, request: Any) -> Any:
        from aiohttp import WSMsgType, web

        socket = web.WebSocketResponse(autoping=False, max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                await socket.send_str(PONG)
            elif message.data == CLOSE_ORDER:
                await socket.close(code=CLOSE[0], message=CLOSE[1].encode())
            elif message.data == FRAGMENTS_ORDER:  # it has no way of sending fragments
                await socket.send_str("".join(FRAGMENTS))
            elif message.data == PING_ORDER:
                await socket.ping(b"?")
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            else:
                await socket.send_bytes(message.data)
        return socket

    async def talk_to(self, uri: str, takeover: bool) -> None:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(uri, autoping=False, max_msg_size=0, compress=15) as socket:
                await interop_talk.converse(AiohttpTalk(socket))


class AiohttpTalk:
    """A client of aiohttp."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def send(self, message: str | bytes) -> None:
        await (self._socket.send_str if isinstance(message, str) else self._socket.send_bytes)(message)

    async def send_fragments(self, parts: list[str]) -> bool:
        return False

    async def recv(self) -> str | bytes:
        message = await self._receive()
        assert isinstance(message.data, str | bytes)
        return message.data

    async def _receive(self) -> Any:
        from aiohttp import WSMsgType

        while (message := await self._socket.receive()).type is WSMsgType.PING:
            await self._socket.pong(message.data)
        return message

    async def ping(self) -> None:
        from aiohttp import WSMsgType

        await self._socket.ping(b"?")
        message = await self._receive()
        assert message.type is WSMsgType.PONG and message.data == b"?"

    async def closed(self) -> tuple[int, str]:
        message = await self._receive()
        return message.data, message.extra


class PicowsPeer:
    """picows. It has no compression, and hands out frames, not messages."""

    name = "picows"
    missing = ""
    compresses = False
    close_answer = CLOSE[0]

    @contextlib.asynccontextmanager
    async def serving(self, takeover: bool) -> AsyncIterator[str]:
        import picows

        class Echo(picows.WSListener):
            def on_ws_frame(self, transport: Any, frame: Any) -> None:
                kind, data = frame.msg_type, frame.get_payload_as_bytes()
                text = data.decode() if kind == picows.WSMsgType.TEXT and frame.fin else ""
                if kind == picows.WSMsgType.CLOSE:
                    transport.send_close(frame.get_close_code(), frame.get_close_message())
                    transport.disconnect()
                elif kind == picows.WSMsgType.PONG:
                    transport.send(picows.WSMsgType.TEXT, PONG.encode())
                elif text == CLOSE_ORDER:
                    transport.send_close(CLOSE[0], CLOSE[1].encode())
                elif text == FRAGMENTS_ORDER:
                    send_frames(transport, FRAGMENTS)
                elif text == PING_ORDER:
                    transport.send_ping(b"?")
                elif kind != picows.WSMsgType.PING:
                    transport.send(kind, data, frame.fin)

        server = await picows.ws_create_server(lambda request: Echo(), "127.0.0.1", 0)
        try:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        finally:
            server.close()
            await server.wait_closed()

    async def talk_to(self, uri: str, takeover: bool) -> None:
        import picows

        transport, listener = await picows.ws_connect(picows_listener, uri)
        await interop_talk.converse(PicowsTalk(transport, listener))
        transport.disconnect()
        await transport.wait_disconnected()


def send_frames(transport: Any, parts: list[str]) -> None:
    """Sends a text in parts with picows."""
    from picows import WSMsgType

    for i, part in enumerate(parts):
        kind = WSMsgType.CONTINUATION if i else WSMsgType.TEXT
        transport.send(kind, part.encode(), i == len(parts) - 1)


def picows_listener() -> Any:
    """Makes a listener that puts messages, pongs and close frames together into a queue."""
    from picows import WSListener, WSMsgType

    class Listener(WSListener):
        def __init__(self) -> None:
            self.queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
            self.kind = WSMsgType.TEXT
            self.parts: list[bytes] = []

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            kind = frame.msg_type
            if kind == WSMsgType.CLOSE:
                self.queue.put_nowait(("close", (int(frame.get_close_code()), frame.get_close_reason())))
                transport.send_close(frame.get_close_code(), frame.get_close_message())
            elif kind == WSMsgType.PONG:
                self.queue.put_nowait(("pong", frame.get_payload_as_bytes()))
            elif kind != WSMsgType.PING:
                self._take(kind, frame.get_payload_as_bytes(), frame.fin)

        def _take(self, kind: Any, data: bytes, fin: bool) -> None:
            if kind != WSMsgType.CONTINUATION:
                self.kind = kind
            self.parts.append(data)
            if fin:
                whole = b"".join(self.parts)
                self.parts.clear()
                self.queue.put_nowait(("message", whole.decode() if self.kind == WSMsgType.TEXT else whole))

    return Listener()


class PicowsTalk:
    """A client of picows."""

    def __init__(self, transport: Any, listener: Any) -> None:
        self._transport = transport
        self._queue = listener.queue

    async def _next(self, kind: str) -> Any:
        got, content = await self._queue.get()
        assert got == kind
        return content

    async def send(self, message: str | bytes) -> None:
        from picows import WSMsgType

        data = message.encode() if isinstance(message, str) else message
        self._transport.send(WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY, data)

    async def send_fragments(self, parts: list[str]) -> bool:
        send_frames(self._transport, parts)
        return True

    async def recv(self) -> str | bytes:
        received: str | bytes = await self._next("message")
        return received

    async def ping(self) -> None:
        self._transport.send_ping(b"?")
        assert await self._next("pong") == b"?"

    async def closed(self) -> tuple[int, str]:
        code, reason = await self._next("close")
        return code, reason


class NodePeer:
    """Node's `ws`. node_peer.js has both its parts."""

    name = "node-ws"
    compresses = True
    close_answer = CLOSE[0]

    def __init__(self) -> None:
        self.missing = ""
        if shutil.which("node") is None:
            self.missing = "node is not installed"
        elif subprocess.run(["node", HERE / "node_peer.js", "check"], capture_output=True).returncode != 0:
            self.missing = "node has no module ws: install node-ws, or set NODE_PATH"

    @contextlib.asynccontextmanager
    async def _node(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        command = ["node", str(HERE / "node_peer.js"), *arguments]
        node = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            yield node
        finally:
            if node.returncode is None:
                node.terminate()
            await node.communicate()

    @contextlib.asynccontextmanager
    async def serving(self, takeover: bool) -> AsyncIterator[str]:
        async with self._node("serve", str(int(takeover))) as node:
            assert node.stdout is not None
            yield f"ws://127.0.0.1:{int(await node.stdout.readline())}/"

    async def talk_to(self, uri: str, takeover: bool) -> None:
        async with self._node("connect", str(int(takeover)), uri) as node:
            assert node.stdout is not None
            said = await node.stdout.read()
            assert (await node.wait(), said) == (0, b"ok\n"), said.decode()

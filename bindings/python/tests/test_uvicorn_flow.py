# SPDX-License-Identifier: MIT
"""uvicorn with TidewireProtocol where a side is slow, silent or goes down."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest
from asgi_server import REQUEST, Serving, read_until
from tidewire.uvicorn import TidewireProtocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CLOSE_1000 = bytes.fromhex("8882 00000000 03e8")


class Held:
    """An application that accepts when it is told, then lets messages wait until it is told, and keeps all events."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_accept = threading.Event()
        self.accepted = threading.Event()
        self.may_receive = threading.Event()
        self.events: list[Any] = []
        self.errors: list[BaseException] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.serve(receive, send)
        except BaseException as error:
            self.errors.append(error)
            raise

    async def serve(self, receive: Any, send: Any) -> None:
        await receive()
        self.asked.set()
        await asyncio.to_thread(self.may_accept.wait, 30)
        await send({"type": "websocket.accept"})
        self.accepted.set()
        await asyncio.to_thread(self.may_receive.wait, 30)
        while not self.events or self.events[-1]["type"] != "websocket.disconnect":
            self.events.append(await receive())
        assert await receive() == self.events[-1], "the end is told again to who asks again"

    def go(self) -> Held:
        """Lets it run without a stop."""
        self.may_accept.set()
        self.may_receive.set()
        return self


@pytest.fixture
def app() -> Any:
    app = Held()
    yield app
    app.go()


def serving(app: Any, **options: Any) -> Serving:
    return Serving(app, TidewireProtocol, lifespan="off", loop="asyncio", **options)


class TestQueue:
    def test_server_stops_reading_when_the_application_does_not_receive(self, app: Held) -> None:
        app.may_accept.set()
        message = b"\x82\xff" + (1 << 16).to_bytes(8, "big") + bytes(4) + bytes(1 << 16)
        with serving(app, ws_max_queue=4) as server, server.ask() as peer:
            read_until(peer, b"\r\n\r\n")
            peer.settimeout(1)
            sent = 0
            with pytest.raises(TimeoutError):
                for _ in range(1000):  # more than the buffers of the system hold
                    at = 0
                    while at < len(message):
                        at += peer.send(message[at:])
                    sent += 1
            app.may_receive.set()
            peer.settimeout(30)
            peer.sendall(message[at:] + CLOSE_1000)
            read_until(peer, None)
        assert [event.get("code", len(event.get("bytes", b""))) for event in app.events] == [1 << 16] * (sent + 1) + [
            1000
        ]

    def test_server_keeps_what_comes_before_it_accepts(self, app: Held) -> None:
        with serving(app) as server, server.ask() as peer:
            early = b"".join(b"\x82\x84" + bytes(4) + number.to_bytes(4, "big") for number in range(20_000))
            assert app.asked.wait(30)  # what comes in one read with the request, uvicorn itself loses
            sender = threading.Thread(target=peer.sendall, args=(early + CLOSE_1000,))
            sender.start()
            app.go()
            assert read_until(peer, None).endswith(b"\x88\x02\x03\xe8")
            sender.join()
        *messages, last = app.events
        assert [int.from_bytes(event["bytes"], "big") for event in messages] == list(range(20_000))
        assert last["code"] == 1000

    def test_server_throws_away_what_waits_when_the_application_closes(self) -> None:
        """A full queue must not keep it from the peer's close frame: else the end would take ten seconds."""
        may_close = threading.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            await asyncio.to_thread(may_close.wait, 30)
            await send({"type": "websocket.close"})

        with serving(app, ws_max_queue=2) as server, server.ask() as peer:
            read_until(peer, b"\r\n\r\n")
            peer.settimeout(8)
            for _ in range(100):
                peer.sendall(b"\x82\xfe\x40\x00" + bytes(4) + bytes(1 << 14))
            may_close.set()
            read_until(peer, b"\x88\x02\x03\xe8")
            peer.sendall(CLOSE_1000)
            assert read_until(peer, None) == b""


class TestBackPressure:
    def test_send_waits_for_a_slow_client_and_fails_when_it_is_gone(self) -> None:
        sent = 0
        outcome: list[BaseException] = []
        waits = threading.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal sent
            await send({"type": "websocket.accept"})
            while sent < 1000:
                sending = asyncio.ensure_future(send({"type": "websocket.send", "bytes": bytes(1 << 16)}))
                await asyncio.wait((sending,), timeout=0.5)
                if not sending.done():
                    waits.set()
                try:
                    await sending
                except OSError as gone:
                    outcome.append(gone)
                    raise
                sent += 1

        with serving(app) as server, server.ask() as peer:
            assert waits.wait(30)
            peer.close()
        assert sent < 1000 and len(outcome) == 1


class TestKeepalive:
    def test_server_pings_and_gives_up_a_client_that_does_not_answer(self, app: Held) -> None:
        app.go()
        with serving(app, ws_ping_interval=0.05, ws_ping_timeout=0.2) as server, server.ask() as peer:
            data = read_until(peer, None).partition(b"\r\n\r\n")[2]
        assert data[:1] == b"\x89" and b"\x88" in data
        assert data.partition(b"\x88")[2][1:3] == (1011).to_bytes(2, "big")
        assert app.events[-1]["code"] == 1011

    def test_server_keeps_a_client_that_answers(self, app: Held) -> None:
        app.go()
        with serving(app, ws_ping_interval=0.02, ws_ping_timeout=20) as server:
            with connect(server.uri(), proxy=None) as websocket, pytest.raises(TimeoutError):
                websocket.recv(timeout=0.3)
        assert app.events == [{"type": "websocket.disconnect", "code": 1000, "reason": ""}]

    def test_server_does_not_ping_when_told_not_to(self, app: Held) -> None:
        app.go()
        with serving(app, ws_ping_interval=None, ws_ping_timeout=None) as server, server.ask() as peer:
            read_until(peer, b"\r\n\r\n")
            peer.sendall(CLOSE_1000)
            assert read_until(peer, None) == b"\x88\x02\x03\xe8"


class TestShutdown:
    def test_server_closes_open_connections_with_1012(self, app: Held) -> None:
        app.go()
        with serving(app) as server, connect(server.uri(), proxy=None) as websocket:
            assert app.accepted.wait(30)
            server.stop()
            with pytest.raises(ConnectionClosed):
                websocket.recv()
            assert websocket.close_code == 1012
        assert app.events == [{"type": "websocket.disconnect", "code": 1012, "reason": ""}]

    def test_server_does_not_wait_long_for_a_client_that_is_silent(self, app: Held) -> None:
        app.go()
        with serving(app) as server, server.ask() as peer:
            assert app.accepted.wait(30)
            server.stop()
            assert b"\x88\x02\x03\xf4" in read_until(peer, b"\x88\x02\x03\xf4")
        assert app.events[-1]["code"] == 1012

    def test_server_answers_500_to_a_request_that_is_not_decided(self, app: Held) -> None:
        with serving(app) as server, server.ask() as peer:
            server.stop()
            assert read_until(peer, None).startswith(b"HTTP/1.1 500 ")
            app.go()
        assert isinstance(app.errors[0], OSError), "it learns of it when it accepts"


class TestBadRequests:
    @pytest.mark.parametrize(
        ("old", "new", "status"),
        [
            ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 7", 426),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: short", 400),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "X: y", 400),
            ("GET", "POST", 405),
        ],
    )
    def test_server_refuses_a_request_without_asking_the_application(self, old: str, new: str, status: int) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise AssertionError("the application was asked")

        with serving(app) as server, socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
            peer.sendall(REQUEST.format(path="/").replace(old, new).encode())
            head = read_until(peer, None).partition(b"\r\n\r\n")[0].decode()
        assert head.startswith(f"HTTP/1.1 {status} ")
        assert "server: uvicorn" in head
        assert ("sec-websocket-version: 13" in head.lower()) == (status == 426)

# SPDX-License-Identifier: MIT
"""The callback API."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import websockets.asyncio.client
import websockets.asyncio.server
from server_peers import GET, exchange, port_of, raw_client, until, uri_of
from tidewire import Connection, PreparedMessage, Role, State, UsageError
from tidewire.asyncio import Listener, ListenerSession, connect, connect_listener, serve_listener
from tidewire.exceptions import ConnectionClosedOK, InvalidMessage, InvalidStatus, ProtocolError
from tidewire.http11 import Request, Response


class Echo(Listener):
    def on_message(self, session: ListenerSession, message: Any) -> None:
        session.send(message)


class Recorder(Listener):
    """Notes all that happens."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def on_open(self, session: ListenerSession) -> None:
        self.calls.append(("open", session.state))

    def on_message(self, session: ListenerSession, message: Any) -> None:
        self.calls.append(("message", message.text if message.is_text else bytes(message)))

    def on_ping(self, session: ListenerSession, data: bytes) -> None:
        self.calls.append(("ping", data))

    def on_pong(self, session: ListenerSession, data: bytes) -> None:
        self.calls.append(("pong", data))

    def on_close(self, session: ListenerSession, code: int, reason: str) -> None:
        self.calls.append(("close", code, reason, session.state))


async def test_listeners_talk_to_each_other() -> None:
    async with serve_listener(Echo, "127.0.0.1", 0) as server:
        session, listener = await connect_listener(Recorder, uri_of(server))
        assert isinstance(listener, Recorder) and session.listener is listener
        messages: list[str | bytes] = ["é", b"\x00\xff", "", b"", "x" * 300_000, b"y" * 300_000]
        for message in messages[:3]:
            session.send(message)
        session.send_batch(messages[3:])
        await until(lambda: len(listener.calls) == 7)
        assert listener.calls == [("open", State.OPEN), *(("message", message) for message in messages)]
        session.close(4000, "enough")
        await session.wait_closed()
        assert listener.calls[-1] == ("close", 4000, "enough", State.CLOSED)


async def test_listener_serves_clients_of_websockets() -> None:
    async with serve_listener(Echo, "127.0.0.1", 0, subprotocols=["a"]) as server:
        async with websockets.asyncio.client.connect(uri_of(server), subprotocols=["a"]) as client:
            for message in ("hi", b"there", ["in ", "fragments"]):
                await client.send(message)
            assert [await client.recv() for _ in range(3)] == ["hi", b"there", "in fragments"]
            await (await client.ping())
            [session] = server.connections
            assert session.subprotocol == "a" and session.remote_address == client.local_address
            assert session.request.headers["Sec-WebSocket-Protocol"] == "a"


async def test_listener_connects_to_servers_of_websockets() -> None:
    async def handler(connection: Any) -> None:
        await (await connection.ping(b"p"))
        async for message in connection:
            await connection.send(message)

    async with websockets.asyncio.server.serve(handler, "127.0.0.1", 0) as server:
        uri = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        session, listener = await connect_listener(Recorder, uri)
        session.send("text")
        session.send(bytearray(b"binary"))
        session.send("as binary", text=False)
        session.send(b"as text", text=True, compress=False)
        session.send_prepared(PreparedMessage(b"prepared"))
        session.ping(b"q")
        await until(lambda: len(listener.calls) == 8)
        session.close()
        await session.wait_closed()
    assert [call for call in listener.calls if call[0] == "message"] == [
        ("message", "text"),
        ("message", b"binary"),
        ("message", b"as binary"),
        ("message", "as text"),
        ("message", b"prepared"),
    ]
    assert ("ping", b"p") in listener.calls and ("pong", b"q") in listener.calls
    assert listener.calls[0] == ("open", State.OPEN) and listener.calls[-1] == ("close", 1000, "", State.CLOSED)


async def test_peer_closes() -> None:
    recorders: list[Recorder] = []

    def make() -> Recorder:
        recorders.append(Recorder())
        return recorders[-1]

    async with serve_listener(make, "127.0.0.1", 0) as server:
        async with websockets.asyncio.client.connect(uri_of(server)) as client:
            [session] = server.connections
            await client.close(1001, "away")
        await session.wait_closed()
        assert recorders[0].calls[-1] == ("close", 1001, "away", State.CLOSED)
        assert isinstance(session.closed_exception(), ConnectionClosedOK)
        with pytest.raises(UsageError):
            session.send("too late")
        async with raw_client(port_of(server), GET) as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()
        await until(lambda: recorders[1].calls[-1][:2] == ("close", 1006))


async def test_messages_that_came_with_the_request_follow_on_open() -> None:
    client = Connection(Role.CLIENT, upgraded=True)
    client.send("early")
    recorder = Recorder()
    async with serve_listener(lambda: recorder, "127.0.0.1", 0) as server:
        request = GET
        async with raw_client(port_of(server), request + client.data_to_send()):
            await until(lambda: len(recorder.calls) == 2)
    assert recorder.calls[:2] == [("open", State.OPEN), ("message", "early")]


@pytest.mark.parametrize("event", ["on_open", "on_message", "on_ping", "on_pong"])
async def test_callback_that_raises_closes_with_1011(event: str) -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))

    class Failing(Recorder):
        pass

    def fail(*_: Any) -> None:
        raise KeyError("oops")

    setattr(Failing, event, fail)
    recorder = Failing()
    async with serve_listener(lambda: recorder, "127.0.0.1", 0) as server:
        async with connect(uri_of(server)) as client:
            if event != "on_open":
                await client.send("message")
                await client.ping()
                await client.pong()
            await client.wait_closed()
            assert client.close_code == 1011
        await until(lambda: recorder.calls[-1][0] == "close")
    assert [type(report["exception"]) for report in reports] == [KeyError]


async def test_on_close_that_raises_is_reported() -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))

    class Failing(Listener):
        def on_close(self, session: ListenerSession, code: int, reason: str) -> None:
            raise KeyError("oops")

    async with serve_listener(Failing, "127.0.0.1", 0) as server, connect(uri_of(server)):
        pass
    assert [type(report["exception"]) for report in reports] == [KeyError]


async def test_listener_is_told_when_the_peer_reads_slowly() -> None:
    class Flood(Recorder):
        def on_open(self, session: ListenerSession) -> None:
            self.session = session
            self.send_more()

        def send_more(self) -> None:
            while not self.calls:
                self.session.send(bytes(100_000))
                self.session.flush()

        def on_pause(self, session: ListenerSession) -> None:
            self.calls.append(("pause",))

        def on_resume(self, session: ListenerSession) -> None:
            self.calls.append(("resume",))

    flood = Flood()
    async with serve_listener(lambda: flood, "127.0.0.1", 0, compression=None) as server:
        async with raw_client(port_of(server), GET) as (reader, writer):
            await until(lambda: flood.calls)
            assert flood.calls == [("pause",)]
            while len(flood.calls) < 2:
                await reader.read(1 << 16)
            assert flood.calls == [("pause",), ("resume",)]
            writer.transport.abort()


async def test_close_of_the_server_closes_sessions_and_waits_for_them() -> None:
    recorder = Recorder()
    server = await serve_listener(lambda: recorder, "127.0.0.1", 0)
    client = await connect(uri_of(server))
    await until(lambda: server.connections)
    server.close(code=1012, reason="again soon")
    await server.wait_closed()
    assert recorder.calls[-1] == ("close", 1012, "again soon", State.CLOSED)
    await client.wait_closed()


async def test_hooks_of_a_server_get_the_session() -> None:
    def process_request(session: Any, request: Request) -> Response | None:
        assert isinstance(session, ListenerSession) and isinstance(session.listener, Echo)
        return session.respond(404, "no") if request.path == "/no" else None  # type: ignore[attr-defined, no-any-return]

    async with serve_listener(Echo, "127.0.0.1", 0, process_request=process_request) as server:
        assert (await exchange(port_of(server), b"GET /no HTTP/1.1\r\nHost: h\r\n\r\n")).endswith(b"\r\n\r\nno")
        with pytest.raises(InvalidStatus):
            await connect_listener(Recorder, uri_of(server, "/no"))
        session, _ = await connect_listener(Recorder, uri_of(server))
        session.close()
        await session.wait_closed()


async def test_factory_that_raises_is_logged_and_the_client_dropped(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Listener:
        raise KeyError("oops")

    async with serve_listener(fail, "127.0.0.1", 0) as server:
        with pytest.raises((OSError, InvalidMessage)):
            await connect(uri_of(server))
        with pytest.raises(KeyError):
            async with serve_listener(Echo, "127.0.0.1", 0) as other:
                await connect_listener(fail, uri_of(other))
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None and isinstance(record.exc_info[1], KeyError)


async def test_arguments_are_checked() -> None:
    async with serve_listener(Echo, "127.0.0.1", 0) as server:
        with pytest.raises(ValueError, match="ping_interval"):
            await connect_listener(Recorder, uri_of(server), ping_interval=0)
        session, _ = await connect_listener(Recorder, uri_of(server))
        with pytest.raises(ProtocolError):
            session.close(1005)
        with pytest.raises(UsageError):
            session.ping(bytes(126))
        session.close()
        await session.wait_closed()

# SPDX-License-Identifier: MIT
"""What an ASGI application and its client see: with TidewireProtocol the same as with uvicorn's own implementation, but
for the differences that are named here."""

from __future__ import annotations

import queue
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgi_server import Serving, read_until
from tidewire.uvicorn import TidewireProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

Seen = list[Any]
"""What a side saw, in order."""


class Asgi:
    """An application under test: each scenario is a coroutine function, chosen by the first part of the path."""

    def __init__(self) -> None:
        self.seen: queue.Queue[Seen] = queue.Queue()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        seen: Seen = []

        async def note() -> Any:
            event = await receive()
            seen.append({name: value for name, value in event.items() if name != "type" or value != ""})
            return event

        try:
            await SCENARIOS[scope["path"].split("/")[1]].app(scope, note, send, seen)
        finally:
            self.seen.put(seen)


class Scenario:
    """What the application does, what the client does, and where the other implementation differs."""

    def __init__(self, app: Any, client: Callable[[Serving, str], Seen], theirs: dict[str, Any] | None = None) -> None:
        self.app = app
        self.client = client
        self.theirs = theirs or {}


SCENARIOS: dict[str, Scenario] = {}


def scenario(client: Callable[[Serving, str], Seen], /, **theirs: Any) -> Callable[[Any], Any]:
    """Registers an application. `theirs` has what they see otherwise: `app` and `client`, and `reason`."""

    def register(app: Any) -> Any:
        SCENARIOS[app.__name__] = Scenario(app, client, theirs)
        return app

    return register


# ---- Clients ----


def talk(websocket: ClientConnection, messages: Any = ()) -> Seen:
    """Sends messages, and returns those that come until the end, with the close code."""
    seen: Seen = []
    try:
        for message in messages:
            websocket.send(message)
        while True:
            seen.append(websocket.recv())
    except ConnectionClosed:
        seen.append((websocket.close_code, websocket.close_reason))
    return seen


def sends(*messages: Any) -> Callable[[Serving, str], Seen]:
    def client(server: Serving, path: str) -> Seen:
        with connect(server.uri(path), proxy=None) as websocket:
            return talk(websocket, messages)

    return client


def closes(code: int | None, reason: str = "") -> Callable[[Serving, str], Seen]:
    def client(server: Serving, path: str) -> Seen:
        with connect(server.uri(path), proxy=None) as websocket:
            if code is not None:
                websocket.close(code, reason)
            else:
                websocket.socket.sendall(bytes.fromhex("8880 00000000"))
            return talk(websocket)

    return client


def is_refused(server: Serving, path: str) -> Seen:
    with pytest.raises(InvalidStatus) as caught, connect(server.uri(path), proxy=None):
        pass
    response = caught.value.response
    return [response.status_code, bytes(response.body or b"")]


def raw(*frames: str) -> Callable[[Serving, str], Seen]:
    """A client that sends bytes, given in hex, and returns the close code and what came before it."""

    def client(server: Serving, path: str) -> Seen:
        with server.ask(path) as peer:
            read_until(peer, b"\r\n\r\n")
            for frame in frames:
                peer.sendall(bytes.fromhex(frame))
            before, _, close = read_until(peer, None).partition(b"\x88")
            return [before, struct.unpack("!H", close[1:3])[0]]

    return client


def vanishes(server: Serving, path: str) -> Seen:
    with server.ask(path) as peer:
        return [peer.recv(12)]


def vanishes_before(server: Serving, path: str) -> Seen:
    server.ask(path).close()
    return []


async def until_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


# ---- Applications ----


@scenario(sends("one", b"two", "", b"", "x" * 5000, ["frag", "men", "ts"], "bye"))
async def echoes(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive()).get("text") != "bye":
        await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})
    await send({"type": "websocket.close", "code": 3000, "reason": "bye"})
    await receive()


@scenario(closes(1000))
async def peer_closes(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await until_disconnect(receive)


@scenario(
    closes(4321, "grün"),
    reason="the engine echoes the code alone",
    client=[(4321, "grün")],
)
async def peer_closes_with_reason(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(closes(None))
async def peer_closes_without_code(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(
    vanishes,
    reason="1005 says that a close frame came without a code; none came",
    app=[{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1005}],
)
async def peer_vanishes(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(vanishes_before)
async def peer_vanishes_before_it_is_accepted(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await receive()
    try:
        await send({"type": "websocket.accept"})
    except OSError as gone:
        seen.append(type(gone).__name__)


@scenario(sends())
async def closes_at_once(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close"})
    await receive()


@scenario(sends())
async def sends_after_its_close(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1001, "reason": None})
    for event in ({"type": "websocket.send", "text": "late"}, {"type": "websocket.close"}):
        try:
            await send(event)
        except RuntimeError as error:
            seen.append(str(error))


@scenario(closes(1000))
async def sends_after_the_peers_close(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await until_disconnect(receive)
    try:
        await send({"type": "websocket.send", "text": "late"})
    except OSError as gone:
        seen.append(type(gone).__name__)


@scenario(is_refused)
async def refuses(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4000})
    await receive()


@scenario(is_refused)
async def denies(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    headers = [(b"content-type", b"text/html"), (b"x-why", b"\xe9")]
    await send({"type": "websocket.http.response.start", "status": 451, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"<p>in", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b" parts</p>"})
    await receive()


@scenario(is_refused)
async def raises_before_it_accepts(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    raise ValueError("a failure of the application")


@scenario(
    sends(),
    reason="a client had better know that it was the server's failure",
    client=[(1006, "")],
)
async def raises_after_it_accepts(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    raise ValueError("a failure of the application")


@scenario(is_refused)
async def returns_without_an_answer(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()


@scenario(
    sends(),
    reason="an application that is done has not failed: the connection is closed as the protocol wants it",
    client=["hello", (1006, "")],
)
async def returns_without_closing(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "hello"})


@scenario(is_refused)
async def begins_with_a_wrong_event(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    try:
        await send({"type": "websocket.send", "text": "too early"})
    except RuntimeError:
        seen.append("RuntimeError")
    await send({"type": "websocket.close"})


@scenario(sends())
async def goes_on_with_a_wrong_event(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await send({"type": "websocket.accept"})
    try:
        await send({"type": "websocket.accept"})
    except RuntimeError:
        seen.append("RuntimeError")
    await send({"type": "websocket.close"})


@scenario(
    raw("82fe2711 00000000" + "00" * 10001),
    reason="the words of the reason are the engine's",
    app=[
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1009, "reason": "frame with 10001 bytes exceeds limit of 10000 bytes"},
    ],
)
async def peer_sends_too_much(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(
    raw("8181 00000000 ff"),
    reason="the words of the reason are the engine's",
    app=[
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1007, "reason": ""},
    ],
)
async def peer_sends_bad_utf8(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(
    raw("8182 00000000 6f6b", "8101 41"),
    reason="the words of the reason are the engine's",
    app=[
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "ok"},
        {"type": "websocket.disconnect", "code": 1002, "reason": "incorrect masking"},
    ],
)
async def peer_does_not_mask(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(raw("8984 00000000 70696e67", "8882 00000000 03e8"))
async def peer_pings(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(raw("0181 00000000 61", "8980 00000000", "8081 00000000 62", "8882 00000000 03e8"))
async def peer_pings_between_fragments(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await peer_closes(scope, receive, send, seen)


@scenario(is_refused)
async def looks_at_its_scope(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    told = {**scope, "headers": sorted(scope["headers"])}
    told["client"] = (told["client"][0], type(told["client"][1]))
    told["server"] = (told["server"][0], type(told["server"][1]))
    told["headers"] = [pair for pair in told["headers"] if pair[0] not in (b"host", b"sec-websocket-key")]
    seen.append(told)
    await send({"type": "websocket.close"})


# ---- The tests ----

OPTIONS = {"ws_max_size": 10_000, "lifespan": "off", "loop": "asyncio"}


@pytest.fixture(scope="module")
def ours() -> Iterator[tuple[Serving, Asgi]]:
    app = Asgi()
    with Serving(app, TidewireProtocol, **OPTIONS) as server:
        yield server, app


@pytest.fixture(scope="module")
def theirs() -> Iterator[tuple[Serving, Asgi]]:
    app = Asgi()
    with Serving(app, "websockets-sansio", **OPTIONS) as server:
        yield server, app


def run(name: str, side: tuple[Serving, Asgi]) -> dict[str, Seen]:
    server, app = side
    client = SCENARIOS[name].client(server, f"/{name}/a%20b/%C3%BC?q=%20&r")
    return {"app": app.seen.get(timeout=30), "client": client}


@pytest.mark.parametrize("name", SCENARIOS)
def test_application_and_client_see_the_same(
    name: str, ours: tuple[Serving, Asgi], theirs: tuple[Serving, Asgi]
) -> None:
    seen = run(name, ours)
    other = run(name, theirs)
    for side in ("app", "client"):
        assert other[side] == SCENARIOS[name].theirs.get(side, seen[side])
        assert (side in SCENARIOS[name].theirs) == (other[side] != seen[side]), "no difference is named in vain"


@pytest.mark.parametrize(
    ("name", "side", "last"),
    [
        ("echoes", "app", {"type": "websocket.disconnect", "code": 3000, "reason": "bye"}),
        ("peer_closes_with_reason", "app", {"type": "websocket.disconnect", "code": 4321, "reason": "grün"}),
        ("peer_closes_without_code", "app", {"type": "websocket.disconnect", "code": 1005, "reason": ""}),
        ("peer_vanishes", "app", {"type": "websocket.disconnect", "code": 1006, "reason": ""}),
        ("raises_after_it_accepts", "client", (1011, "")),
        ("returns_without_closing", "client", (1000, "")),
        ("peer_sends_too_much", "client", 1009),
        ("peer_sends_bad_utf8", "client", 1007),
        ("peer_does_not_mask", "client", 1002),
        ("denies", "client", b"<p>in parts</p>"),
        ("raises_before_it_accepts", "client", b"Internal Server Error"),
    ],
)
def test_ours_ends_with(name: str, side: str, last: Any, ours: tuple[Serving, Asgi]) -> None:
    assert run(name, ours)[side][-1] == last

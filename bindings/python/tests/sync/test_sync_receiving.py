# SPDX-License-Identifier: MIT
"""When recv waits, when it gives up, and when reading stops."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from sync_peers import (
    GUARD_SECONDS,
    Library,
    RawPeer,
    each_library,
    each_pair,
    in_background,
    pair,
    raw_client,
    raw_server,
)
from tidewire import Ping, Pong
from tidewire.exceptions import ConnectionClosedError, ConnectionClosedOK


@each_library
@pytest.mark.parametrize("timeout", [0, -1, 0.01])
def test_recv_gives_up_and_nothing_is_lost(library: Library, timeout: float) -> None:
    with pair(client=library, server=library) as (one, other):
        with pytest.raises(TimeoutError):
            one.recv(timeout)
        other.send("later")
        assert one.recv(GUARD_SECONDS) == "later"


def test_recv_that_gives_up_keeps_the_fragments_that_came() -> None:
    with raw_server(max_queue=2) as (websocket, peer):
        peer.engine.send_text("0", more=True)
        for number in range(1, 20):
            peer.engine.send_continuation(str(number), more=True)
        peer.flush()
        with pytest.raises(TimeoutError):
            websocket.recv(0.2)
        with pytest.raises(TimeoutError):
            websocket.recv(0)
        peer.engine.send_continuation("!")
        peer.flush()
        assert websocket.recv(GUARD_SECONDS) == "".join(map(str, range(20))) + "!"


def test_streaming_goes_on_where_recv_gave_up() -> None:
    with raw_server() as (websocket, peer):
        peer.engine.send_text("be", more=True)
        peer.flush()
        with pytest.raises(TimeoutError):
            websocket.recv(0.1)
        peer.engine.send_continuation("gin")
        peer.flush()
        assert "".join(websocket.recv_streaming()) == "begin"


@each_pair
def test_messages_that_came_before_the_end_are_received_after_it(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        for number in range(10):
            other.send(str(number))
        other.close()
        assert [one.recv(GUARD_SECONDS) for _ in range(10)] == [str(number) for number in range(10)]
        with pytest.raises((ConnectionClosedOK, client.exceptions.ConnectionClosedOK)):
            one.recv(GUARD_SECONDS)


@each_pair
def test_iteration_ends_when_the_connection_is_closed(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        other.send("a")
        other.send(b"b")
        with in_background(lambda: other.close(1001)):
            assert list(one) == ["a", b"b"]
        assert list(one) == []


@each_pair
def test_iteration_raises_when_the_connection_failed(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        with in_background(lambda: other.close(4000, "why not")):
            with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
                list(one)
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4000, "why not")


def test_a_message_that_has_no_end_is_not_received() -> None:
    with raw_server() as (websocket, peer):
        peer.engine.send_text("begin", more=True)
        peer.flush()
        peer.sock.close()
        with pytest.raises(ConnectionClosedError):
            websocket.recv(GUARD_SECONDS)
        with pytest.raises(ConnectionClosedError):
            websocket.recv(GUARD_SECONDS)


def test_a_stream_that_is_cut_raises_and_says_so_again() -> None:
    with raw_server() as (websocket, peer):
        peer.engine.send_text("begin", more=True)
        peer.flush()
        parts = websocket.recv_streaming()
        assert next(parts) == "begin"
        peer.sock.close()
        with pytest.raises(ConnectionClosedError):
            next(parts)
        with pytest.raises(ConnectionClosedError):
            websocket.recv(GUARD_SECONDS)


@each_library
def test_binary_that_is_to_be_text_and_is_not_closes_with_1007(library: Library) -> None:
    with pair(client=library, server=library) as (one, other):
        one.send(b"\xff")
        with pytest.raises(library.exceptions.ConnectionClosedError) as caught:
            other.recv(GUARD_SECONDS, decode=True)
        assert isinstance(caught.value.__cause__, UnicodeDecodeError)
        with pytest.raises(library.exceptions.ConnectionClosedError) as caught:
            one.recv(GUARD_SECONDS)
        assert caught.value.rcvd.code == 1007


@each_pair
def test_a_message_has_4096_fragments_or_as_many_as_are_allowed(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        one.send(["x"] * 4095)  # and an empty one that ends it
        assert other.recv(GUARD_SECONDS) == "x" * 4095
        one.send(["x"] * 4096)
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            other.recv(GUARD_SECONDS)
        assert caught.value.sent.code == 1009
    for allowed in (5000, None):
        with pair(client=client, serve={"max_fragments": allowed}) as (one, other):
            one.send(["x"] * 4999)
            assert other.recv(GUARD_SECONDS) == "x" * 4999


def send_until_stuck(peer: RawPeer, message: bytes) -> int:
    """Sends messages until the other side has stopped reading. Returns how many went out whole."""
    peer.sock.settimeout(1)
    count = 0
    with contextlib.suppress(TimeoutError):
        while True:
            peer.send(message)
            count += 1
    return count


@pytest.mark.parametrize("max_queue", [16, (16, 3), 0])
def test_a_full_queue_stops_the_reading_and_room_resumes_it(max_queue: Any) -> None:
    with raw_client(max_queue=max_queue) as (websocket, peer):
        message = b"x" * 50_000
        sent = send_until_stuck(peer, message)
        assert sent < 2000  # 100 MB: the socket's buffers are not as large
        for _ in range(sent):
            assert websocket.recv(GUARD_SECONDS) == message


def test_without_a_limit_all_is_read() -> None:
    with raw_client(max_queue=None) as (websocket, peer):
        for _ in range(400):
            peer.send(b"x" * 50_000)
        peer.engine.ping(b"is all read?")
        peer.flush()
        assert peer.next_event() == Pong(b"is all read?")
        for _ in range(400):
            assert len(websocket.recv(0)) == 50_000


def test_pings_are_answered_while_nobody_receives() -> None:
    with raw_server() as (websocket, peer):
        for number in range(10):
            peer.engine.ping(str(number).encode())
            peer.flush()
            assert peer.next_event() == Pong(str(number).encode())


@each_pair
def test_a_ping_tells_when_its_pong_came(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        assert one.latency == 0
        for data in (None, "text", b"bytes", bytearray(b""), memoryview(b"x" * 125)):
            assert one.ping(data).wait(GUARD_SECONDS)
        assert 0 < one.latency < GUARD_SECONDS
        other.pong(b"unasked")
        other.pong()
        assert other.ping().wait(GUARD_SECONDS)


def test_a_pong_answers_the_pings_before_it_too() -> None:
    with raw_server() as (websocket, peer):
        first, second, third = (websocket.ping(data) for data in (b"1", b"2", b"3"))
        assert [peer.next_event() for _ in range(3)] == [Ping(b"1"), Ping(b"2"), Ping(b"3")]
        peer.engine.pong(b"2")
        peer.flush()
        assert second.wait(GUARD_SECONDS) and first.is_set() and not third.is_set()


@each_library
def test_a_ping_with_the_data_of_one_under_way_is_refused(library: Library) -> None:
    with raw_server(library) as (websocket, _):
        websocket.ping("same")
        with pytest.raises(library.exceptions.ConcurrencyError):
            websocket.ping(b"same")


@each_library
def test_the_end_of_the_connection_answers_pings_that_ask_for_it(library: Library) -> None:
    with raw_server(library) as (websocket, peer):
        asks = websocket.ping(ack_on_close=True)
        asks_not = websocket.ping()
        peer.sock.close()
        assert asks.wait(GUARD_SECONDS)
        assert not asks_not.is_set()


@each_library
@pytest.mark.parametrize("send", ["ping", "pong"])
def test_what_no_ping_can_have_is_refused(library: Library, send: str) -> None:
    with pair(client=library, server=library) as (one, other):
        with pytest.raises(TypeError):
            getattr(one, send)(1)
        with pytest.raises(library.exceptions.ProtocolError):
            getattr(one, send)(b"x" * 126)
        other.send("fine")
        assert one.recv(GUARD_SECONDS) == "fine"

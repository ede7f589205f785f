# SPDX-License-Identifier: MIT
"""How connections end: in agreement, in anger, or not at all."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
import weakref
from typing import Any

import pytest
from sync_peers import (
    GUARD_SECONDS,
    OURS,
    Library,
    each_library,
    each_pair,
    in_background,
    pair,
    raw_client,
    raw_server,
    serving,
    uri_of,
)
from tidewire import Close, LimitError, ProtocolError, State
from tidewire.exceptions import ConnectionClosedError, ConnectionClosedOK


@each_pair
@pytest.mark.parametrize("closer", ["client", "server"])
@pytest.mark.parametrize(
    ("code", "reason", "is_ok"), [(1000, "", True), (1001, "bye", True), (1011, "é" * 60, False), (4999, "", False)]
)
def test_both_ends_know_how_it_was_closed(
    client: Library, server: Library, closer: str, code: int, reason: str, is_ok: bool
) -> None:
    with pair(client=client, server=server) as (one, other):
        first, second = (one, other) if closer == "client" else (other, one)
        assert first.close_code is None and first.close_reason is None
        first.close(code, reason)
        assert second.wait_closed(GUARD_SECONDS)
        libraries = {id(one): client, id(other): server}
        for websocket in (first, second):
            library = libraries[id(websocket)]
            assert (websocket.close_code, websocket.close_reason) == (code, reason)
            assert websocket.state is library.state.CLOSED
            kind = library.exceptions.ConnectionClosedOK if is_ok else library.exceptions.ConnectionClosedError
            for call in (websocket.recv, lambda websocket=websocket: websocket.send("late"), websocket.ping):
                with pytest.raises(kind) as caught:
                    call()
                error = caught.value
                assert (error.rcvd.code, error.rcvd.reason) == (code, reason)
                assert (error.sent.code, error.sent.reason) == (code, reason)
                assert error.rcvd_then_sent is (websocket is second)
                assert error.__cause__ is None


@each_library
def test_closing_twice_and_the_end_of_a_with_statement_do_no_harm(library: Library) -> None:
    with pair(client=library, server=library) as (one, other):
        one.close(4000)
        one.close(4001)
        one.close(9999)
        with one:
            pass
        assert other.wait_closed(GUARD_SECONDS)
        assert other.close_code == 4000


@each_library
@pytest.mark.parametrize(("code", "reason"), [(999, ""), (1005, ""), (1006, ""), (5000, ""), (1000, "x" * 124)])
def test_what_no_close_frame_can_say_is_refused_and_the_connection_goes_on(
    library: Library, code: int, reason: str
) -> None:
    with pair(client=library, server=library) as (one, other):
        with pytest.raises(library.exceptions.ProtocolError):
            one.close(code, reason)
        one.send("fine")
        assert other.recv(GUARD_SECONDS) == "fine"


@each_library
def test_an_exception_in_a_with_statement_closes_with_1011(library: Library) -> None:
    with pair(client=library, server=library) as (one, other):
        with pytest.raises(ZeroDivisionError), one:
            raise ZeroDivisionError
        assert other.wait_closed(GUARD_SECONDS)
        assert other.close_code == 1011


@each_library
def test_closing_from_another_thread_ends_recv(library: Library) -> None:
    with pair(client=library, server=library) as (one, _):
        timer = threading.Timer(0.05, one.close)
        timer.start()
        with pytest.raises(library.exceptions.ConnectionClosedOK):
            one.recv(GUARD_SECONDS)
        timer.join(GUARD_SECONDS)


def test_closing_from_another_thread_ends_a_send_that_is_stuck() -> None:
    with raw_server(close_timeout=0.2) as (websocket, _):
        timer = threading.Timer(0.3, websocket.close)
        timer.start()
        with pytest.raises(ConnectionClosedError) as caught:
            while True:
                websocket.send(b"x" * 100_000)
        assert isinstance(caught.value.__cause__, TimeoutError)
        timer.join(GUARD_SECONDS)


def test_closing_while_fragments_are_sent_says_1011() -> None:
    with pair() as (one, other):

        def fragments() -> Any:
            yield "a"
            one.close(1000)
            yield "b"

        with pytest.raises(ConnectionClosedError):
            one.send(fragments())
        assert other.wait_closed(GUARD_SECONDS)
        assert other.close_code == 1011


def test_a_full_queue_does_not_hold_up_the_closing() -> None:
    with raw_client(max_queue=1, close_timeout=None) as (websocket, peer):
        for _ in range(100):
            peer.send("x" * 1000)
        assert websocket.recv(GUARD_SECONDS) == "x" * 1000

        def answer() -> None:
            while not isinstance(peer.next_event(), Close):
                pass
            peer.close()
            assert peer.next_event() is None  # the server ends its direction first
            peer.sock.close()

        with in_background(answer):
            websocket.close()
        assert websocket.close_code == 1000


def test_an_endless_message_does_not_hold_up_the_closing_beyond_its_time() -> None:
    with raw_client(close_timeout=0.3) as (websocket, peer):
        stop = threading.Event()

        def flood() -> None:
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    peer.send("x" * 10_000)

        with in_background(flood):
            websocket.close()
            stop.set()
        assert websocket.close_code == 1006


@pytest.mark.parametrize("raw", [raw_server, raw_client], ids=["client", "server"])
def test_a_peer_that_does_not_answer_is_waited_for_until_close_timeout(raw: Any) -> None:
    with raw(close_timeout=0.1) as (websocket, peer):
        websocket.close(1000, "bye")
        with pytest.raises(ConnectionClosedError) as caught:
            websocket.recv()
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert str(caught.value) == "sent 1000 (OK) bye; no close frame received"
        assert peer.next_event() == Close(1000, "bye")
        assert peer.next_event() is None


def test_a_client_waits_for_the_server_to_close_the_socket() -> None:
    with raw_server(close_timeout=0.1) as (websocket, peer):
        with in_background(websocket.close):
            assert peer.next_event() == Close(1000)
            peer.close()
            assert peer.next_event() is None
        with pytest.raises(ConnectionClosedOK):
            websocket.recv()


def test_a_server_ends_its_direction_and_waits_for_the_client() -> None:
    with raw_client(close_timeout=GUARD_SECONDS) as (websocket, peer):
        peer.close(1000, "done")
        assert peer.next_event() == Close(1000, "done")
        assert peer.next_event() is None
        assert websocket.state is State.CLOSING
        peer.sock.close()
        assert websocket.wait_closed(GUARD_SECONDS)
        assert (websocket.close_code, websocket.close_reason) == (1000, "done")


@pytest.mark.parametrize("raw", [raw_server, raw_client], ids=["client", "server"])
def test_an_end_without_a_close_frame_is_1006(raw: Any) -> None:
    with raw() as (websocket, peer):
        peer.send("last")
        peer.sock.shutdown(socket.SHUT_WR)
        assert websocket.recv(GUARD_SECONDS) == "last"
        with pytest.raises(ConnectionClosedError) as caught:
            websocket.recv(GUARD_SECONDS)
        assert str(caught.value) == "no close frame received or sent"
        assert isinstance(caught.value.__cause__, ProtocolError)
        assert (websocket.close_code, websocket.close_reason) == (1006, "")
        assert peer.next_event() is None


@pytest.mark.parametrize("raw", [raw_server, raw_client], ids=["client", "server"])
def test_a_reset_is_the_cause_of_what_recv_raises(raw: Any) -> None:
    with raw() as (websocket, peer):
        peer.reset()
        with pytest.raises(ConnectionClosedError) as caught:
            websocket.recv(GUARD_SECONDS)
        assert isinstance(caught.value.__cause__, OSError)


def test_a_close_frame_is_seen_though_the_socket_cannot_be_written_any_more() -> None:
    with raw_server() as (websocket, peer):
        peer.close(1008, "go away")
        peer.sock.close()
        with pytest.raises(ConnectionClosedError) as caught:
            while True:
                websocket.send("x" * 100_000)
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1008, "go away")


@pytest.mark.parametrize("raw", [raw_server, raw_client], ids=["client", "server"])
def test_a_peer_that_breaks_the_protocol_is_told_and_the_error_is_the_cause(raw: Any) -> None:
    with raw() as (websocket, peer):
        peer.send("before")
        peer.sock.sendall(b"\xff\xff\xff\xff")
        assert websocket.recv(GUARD_SECONDS) == "before"
        assert peer.next_event() == Close(1002)
        peer.sock.close()
        with pytest.raises(ConnectionClosedError) as caught:
            websocket.recv(GUARD_SECONDS)
        assert caught.value.sent.code == 1002 and caught.value.rcvd is None
        assert isinstance(caught.value.__cause__, ProtocolError)


@each_pair
def test_a_message_beyond_max_size_is_refused_with_1009(client: Library, server: Library) -> None:
    with pair(client=client, server=server, serve={"max_size": 1000}, connect={"max_size": 1000}) as (one, other):
        one.send(bytes(1000))
        assert len(other.recv(GUARD_SECONDS)) == 1000
        one.send(bytes(1001))
        with pytest.raises(server.exceptions.ConnectionClosedError) as caught:
            other.recv(GUARD_SECONDS)
        assert caught.value.sent.code == 1009
        with pytest.raises(client.exceptions.ConnectionClosedError) as caught:
            one.recv(GUARD_SECONDS)
        assert caught.value.rcvd.code == 1009


def test_keepalive_measures_the_latency() -> None:
    with pair(connect={"ping_interval": 0.02}) as (one, other):
        arrived = threading.Event()
        for _ in range(GUARD_SECONDS * 50):
            if one.latency > 0:
                break
            arrived.wait(0.02)
        assert 0 < one.latency < GUARD_SECONDS
        other.send("still open")
        assert one.recv(GUARD_SECONDS) == "still open"


@pytest.mark.parametrize("raw", [raw_server, raw_client], ids=["client", "server"])
def test_a_peer_that_does_not_answer_pings_is_left_with_1011(raw: Any) -> None:
    with raw(ping_interval=0.05, ping_timeout=0.1, close_timeout=0.1) as (websocket, _):
        with pytest.raises(ConnectionClosedError) as caught:
            websocket.recv(GUARD_SECONDS)
        assert caught.value.sent.code == 1011
        assert isinstance(caught.value.__cause__, LimitError)


def test_without_keepalive_no_pings_are_sent() -> None:
    with raw_server(ping_interval=None) as (websocket, peer):
        peer.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.next_event()
        assert websocket.state is State.OPEN


def test_a_slow_reader_holds_up_the_sender_until_it_reads() -> None:
    with raw_server() as (websocket, peer):
        message = b"x" * 1_000_000
        sent: list[int] = []

        def send_all() -> None:
            for number in range(30):
                websocket.send(message)
                sent.append(number)

        with in_background(send_all):
            with pytest.raises(TimeoutError):
                websocket.recv(0.5)
            assert len(sent) < 30
            for _ in range(30):
                assert peer.next_event().data == message
        assert len(sent) == 30


def test_a_connection_that_is_forgotten_is_closed_by_its_peer() -> None:
    with serving() as server:
        websocket = OURS.connect(uri_of(server))
        server.shutdown()
        assert websocket.wait_closed(GUARD_SECONDS)
        assert websocket.close_code == 1001


def test_both_ends_closing_at_once_agree() -> None:
    for _ in range(50):
        with pair() as (one, other):
            with in_background(lambda one=one: one.close(4001)), in_background(lambda other=other: other.close(4002)):
                pass
            assert {one.close_code, other.close_code} <= {4001, 4002}


def test_closed_connections_are_freed_without_the_garbage_collector() -> None:
    left: list[weakref.ref[Any]] = []

    def handler(websocket: Any) -> None:
        left.append(weakref.ref(websocket))
        for message in websocket:
            websocket.send(message)

    gc.collect()
    gc.disable()
    try:
        with serving(handler) as server:
            websocket = OURS.connect(uri_of(server))
            left += [weakref.ref(websocket), weakref.ref(websocket._engine)]
            websocket.send("x")
            assert websocket.recv(GUARD_SECONDS) == "x"
            websocket.close()
            with pytest.raises(ConnectionClosedOK):
                websocket.send("late")
            del websocket
        assert len(left) == 3 and [ref() for ref in left] == [None] * 3
    finally:
        gc.enable()


def test_times_beyond_what_the_system_can_wait_are_as_good_as_none() -> None:
    ages = {"ping_interval": 1e9, "ping_timeout": 1e9, "close_timeout": 1e9, "open_timeout": 1e8}
    with pair(serve=ages, connect=ages) as (one, other):
        one.send("fine")
        assert other.recv(GUARD_SECONDS) == "fine"
        one.close()
        assert other.wait_closed(GUARD_SECONDS)
        assert other.close_code == 1000

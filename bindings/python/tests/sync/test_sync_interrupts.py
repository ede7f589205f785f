# SPDX-License-Identifier: MIT
"""Control-C, in the main thread alone, and what is left of the connection after it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sync_peers import GUARD_SECONDS, OURS, in_background, pair, raw_server, uri_of, when_stuck
from tidewire.exceptions import ConnectionClosedError
from tidewire.sync.client import connect
from tidewire.sync.server import serve


def interrupt() -> None:
    """Does what Control-C does."""
    os.kill(os.getpid(), signal.SIGINT)


@contextlib.contextmanager
def interrupted() -> Iterator[None]:
    """Expects the block to wait, and interrupts it."""
    timer = threading.Timer(0.2, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    timer.join(GUARD_SECONDS)


def test_recv_that_is_interrupted_loses_nothing() -> None:
    with pair() as (one, other):
        with interrupted():
            one.recv()
        other.send("later")
        assert one.recv(GUARD_SECONDS) == "later"


@pytest.mark.parametrize("wait", [lambda one: one.wait_closed(), lambda one: one.ping(b"x").wait()])
def test_a_wait_that_is_interrupted_leaves_the_connection_open(wait: Callable[[Any], object]) -> None:
    with raw_server() as (websocket, peer):
        with interrupted():
            wait(websocket)
        peer.send("later")
        assert websocket.recv(GUARD_SECONDS) == "later"


def test_send_that_is_interrupted_goes_on_in_the_background() -> None:
    with raw_server() as (websocket, peer):
        message = b"x" * 20_000_000
        with when_stuck(websocket, interrupt), pytest.raises(KeyboardInterrupt):
            websocket.send(message)
        with in_background(lambda: websocket.send("after")):
            assert peer.next_event().data == message
            assert peer.next_event().text == "after"


def test_fragments_that_are_interrupted_end_the_connection() -> None:
    with pair() as (one, other):

        def fragments() -> Iterator[str]:
            yield "a"
            threading.Event().wait()

        with interrupted():
            one.send(fragments())
        with pytest.raises(ConnectionClosedError) as caught:
            other.recv(GUARD_SECONDS)
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 1011


def test_connect_that_is_interrupted_closes_its_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        with interrupted():
            connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/")
        with listening.accept()[0] as sock:
            sock.settimeout(GUARD_SECONDS)
            while sock.recv(1 << 16):
                pass


def test_close_that_is_interrupted_goes_on_in_the_background() -> None:
    with raw_server(close_timeout=1) as (websocket, _):
        with interrupted():
            websocket.close()
        assert websocket.wait_closed(GUARD_SECONDS)


def test_a_server_that_is_interrupted_shuts_down() -> None:
    clients: list[Any] = []

    def connect_and_interrupt() -> None:
        clients.append(OURS.connect(uri_of(server)))
        interrupt()

    with serve(lambda websocket: websocket.wait_closed(GUARD_SECONDS), "127.0.0.1", 0) as server:
        with pytest.raises(KeyboardInterrupt), in_background(connect_and_interrupt):
            server.serve_forever()
    assert clients[0].wait_closed(GUARD_SECONDS)
    assert clients[0].close_code == 1001

# SPDX-License-Identifier: MIT
"""One message for many connections."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sync_peers import (
    GUARD_SECONDS,
    OURS,
    THEIRS,
    Library,
    each_library,
    pair,
    raw_server,
    serving,
    uri_of,
    when_stuck,
)
from tidewire.exceptions import ConnectionClosedError
from tidewire.sync.server import broadcast


def test_a_broadcast_reaches_all_that_are_open(caplog: pytest.LogCaptureFixture) -> None:
    with serving(lambda websocket: websocket.wait_closed(GUARD_SECONDS), compression=None) as server:
        clients = [library.connect(uri_of(server)) for library in (OURS, THEIRS, OURS)]
        while len(server.connections) < 3:
            threading.Event().wait(0.01)
        for message in ("text", b"binary", bytearray(b"binary")):
            broadcast(server.connections, message)
            for websocket in clients:
                assert websocket.recv(GUARD_SECONDS) == message
        broadcast(server.connections, b"text", text=True, max_workers=5)
        broadcast(server.connections, "binary", text=False)
        clients[0].close()
        broadcast(server.connections, "rest")
        assert [clients[1].recv(GUARD_SECONDS) for _ in range(3)] == ["text", b"binary", "rest"]
        for websocket in clients:
            websocket.close()
        with pytest.raises(TypeError):
            broadcast([], ["fragments"])  # type: ignore[arg-type]
    assert "skipped" not in caplog.text


@each_library
def test_a_broadcast_leaves_out_who_is_sending_fragments(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    with pair(client=library, server=library) as (one, other):

        def fragments() -> Any:
            yield "a"
            library.server.broadcast([one], "skipped")
            with pytest.raises(Exception, match="skipped broadcast"):  # an ExceptionGroup, which 3.10 has not
                library.server.broadcast([one], "skipped", raise_exceptions=True)
            yield "b"

        one.send(fragments())
        one.send("after")
        assert [other.recv(GUARD_SECONDS) for _ in range(2)] == ["ab", "after"]
    assert "skipped broadcast: sending a fragmented message" in caplog.text


def test_a_broadcast_that_cannot_be_written_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with raw_server(close_timeout=0.1) as (stuck, _), pair() as (one, other):
        with when_stuck(stuck, stuck.close):
            broadcast([stuck, one], b"x" * 20_000_000)
        with pytest.raises(ConnectionClosedError):
            other.recv(GUARD_SECONDS)  # which is longer than its max_size
    assert "skipped broadcast: failed to write message" in caplog.text

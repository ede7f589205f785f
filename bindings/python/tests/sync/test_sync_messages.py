# SPDX-License-Identifier: MIT
"""Messages between clients and servers that block, ours and those of `websockets`."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
from sync_peers import GUARD_SECONDS, Library, each_library, each_pair, in_background, pair, raw_server, serving, uri_of

MESSAGES = [
    "",
    b"",
    "Hello, 世界",
    b"\x00\xff" * 60,
    "x" * 125,
    b"y" * 126,
    bytes(range(256)) * 256,
    "text " * 40_000,
]


@each_pair
@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_come_back_as_they_were_sent(client: Library, server: Library, compression: str | None) -> None:
    with serving(library=server, compression=compression) as listening:
        with client.connect(uri_of(listening), compression=compression) as websocket:
            for message in MESSAGES:
                websocket.send(message)
                assert websocket.recv(GUARD_SECONDS) == message


@each_pair
def test_every_kind_of_buffer_is_sent_as_binary(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        for data in (b"data", bytearray(b"data"), memoryview(b"data")):
            one.send(data)
            assert other.recv(GUARD_SECONDS) == b"data"


@each_pair
def test_text_says_how_it_is_sent(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        one.send("é", text=False)
        one.send("é".encode(), text=True)
        one.send([b"\xc3", b"\xa9"], text=True)
        one.send(["é"], text=False)
        assert [other.recv(GUARD_SECONDS) for _ in range(4)] == ["é".encode(), "é", "é", "é".encode()]


@each_pair
def test_decode_says_how_it_is_received(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        one.send("é")
        one.send("é".encode())
        assert other.recv(GUARD_SECONDS, decode=False) == "é".encode()
        assert other.recv(GUARD_SECONDS, decode=True) == "é"


@each_pair
def test_what_an_iterable_yields_are_fragments_of_one_message(client: Library, server: Library) -> None:
    with pair(client=client, server=server) as (one, other):
        one.send(str(number) for number in range(100))
        one.send([b"a", bytearray(b"b"), memoryview(b"c")])
        one.send(iter(()))
        one.send("end")
        assert other.recv(GUARD_SECONDS) == "".join(str(number) for number in range(100))
        assert other.recv(GUARD_SECONDS) == b"abc"
        assert other.recv(GUARD_SECONDS) == "end"


@each_pair
def test_streaming_yields_parts_as_they_come(client: Library, server: Library) -> None:
    with pair(client=client, server=server, serve={"compression": None}) as (one, other):
        go_on = threading.Event()

        def fragments() -> Any:
            yield "first é"
            assert go_on.wait(GUARD_SECONDS)
            yield "second"

        with in_background(lambda: one.send(fragments())):
            parts = other.recv_streaming()
            assert next(parts) == "first é"
            go_on.set()
            assert "".join(parts) == "second"
        one.send(b"whole")
        assert list(other.recv_streaming()) == [b"whole"]
        one.send(b"text")
        assert list(other.recv_streaming(decode=True)) == ["text"]
        one.send("")
        assert list(other.recv_streaming(decode=False)) == [b""]


def test_streamed_text_may_be_cut_within_a_character() -> None:
    with raw_server() as (websocket, peer):
        for part, more in ((b"\xe4\xb8", True), (b"\x96!", True), (b"", False)):
            if part == b"\xe4\xb8":
                peer.engine.send_text(part, more=more)
            else:
                peer.engine.send_continuation(part, more=more)
            peer.flush()
        assert "".join(websocket.recv_streaming()) == "世!"


@each_pair
def test_thousands_of_small_messages_go_both_ways(client: Library, server: Library) -> None:
    count = 5000
    with pair(client=client, server=server, serve={"max_queue": 64}, connect={"max_queue": 64}) as (one, other):

        def send_all(websocket: Any, kind: str) -> None:
            for number in range(count):
                websocket.send(f"{kind} {number}")

        def receive_all(websocket: Any, kind: str) -> None:
            for number in range(count):
                assert websocket.recv(GUARD_SECONDS) == f"{kind} {number}"

        with in_background(lambda: send_all(one, "up")), in_background(lambda: send_all(other, "down")):
            with in_background(lambda: receive_all(other, "up")):
                receive_all(one, "down")


def test_messages_of_many_threads_are_not_mixed_up() -> None:
    threads = 8
    count = 200
    with pair(serve={"max_queue": None}) as (one, other):

        def send_all(name: int) -> None:
            for number in range(count):
                one.send(f"{name}:{number}:" + "x" * (number * 50))

        senders = [threading.Thread(target=send_all, args=(name,)) for name in range(threads)]
        for sender in senders:
            sender.start()
        seen: dict[str, int] = {}
        for _ in range(threads * count):
            name, number, rest = other.recv(GUARD_SECONDS).split(":")
            assert seen.get(name, -1) + 1 == int(number)
            assert rest == "x" * (int(number) * 50)
            seen[name] = int(number)
        for sender in senders:
            sender.join(GUARD_SECONDS)


@each_library
def test_while_fragments_are_sent_other_sends_are_refused(library: Library) -> None:
    with pair(client=library, server=library) as (one, other):

        def fragments() -> Any:
            yield "a"
            with pytest.raises(library.exceptions.ConcurrencyError):
                one.send("between")
            with pytest.raises(library.exceptions.ConcurrencyError):
                one.send(["between"])
            one.ping()
            yield "b"

        one.send(fragments())
        one.send("after")
        assert other.recv(GUARD_SECONDS) == "ab"
        assert other.recv(GUARD_SECONDS) == "after"


@each_library
@pytest.mark.parametrize("second", [b"bytes", 1, None])
def test_fragments_of_different_types_end_the_connection(library: Library, second: Any) -> None:
    with pair(client=library, server=library) as (one, other):
        with pytest.raises(TypeError):
            one.send(["text", second])
        with pytest.raises(library.exceptions.ConnectionClosedError) as caught:
            other.recv(GUARD_SECONDS)
        assert caught.value.rcvd.code == 1011


@each_library
def test_an_iterable_that_raises_ends_the_connection(library: Library) -> None:
    def fragments() -> Any:
        yield "a"
        raise ZeroDivisionError

    with pair(client=library, server=library) as (one, other):
        with pytest.raises(ZeroDivisionError):
            one.send(fragments())
        with pytest.raises(library.exceptions.ConnectionClosedError) as caught:
            other.recv(GUARD_SECONDS)
        assert caught.value.rcvd.code == 1011


@each_library
@pytest.mark.parametrize("message", [{"key": "value"}, 1, None, object()])
def test_what_is_no_message_is_refused_and_the_connection_goes_on(library: Library, message: Any) -> None:
    with pair(client=library, server=library) as (one, other):
        with pytest.raises(TypeError):
            one.send(message)
        one.send("fine")
        assert other.recv(GUARD_SECONDS) == "fine"


def test_text_that_is_not_utf8_is_refused_and_the_connection_goes_on() -> None:
    with pair() as (one, other):
        for message in (b"\xff", [b"\xff", b""]):
            with pytest.raises(ValueError, match="UTF-8"):
                one.send(message, text=True)
        one.send("fine")
        assert other.recv(GUARD_SECONDS) == "fine"


@each_library
def test_a_second_receiver_is_refused(library: Library) -> None:
    with pair(client=library, server=library) as (one, other):
        received: list[str] = []
        with in_background(lambda: received.append(one.recv(GUARD_SECONDS))):
            with pytest.raises(library.exceptions.ConcurrencyError):
                receive_until_refused(one)
            with pytest.raises(library.exceptions.ConcurrencyError):
                list(one.recv_streaming())
            other.send("for the first")
        assert received == ["for the first"]


def receive_until_refused(websocket: Any) -> None:
    """Receives until another thread does."""
    while True:
        with contextlib.suppress(TimeoutError):
            websocket.recv(0)


@each_library
def test_a_stream_that_is_not_taken_to_its_end_blocks_the_others(library: Library) -> None:
    with pair(client=library, server=library) as (one, other):
        one.send(["a", "b"])
        assert next(other.recv_streaming()) == "a"
        with pytest.raises(library.exceptions.ConcurrencyError):
            other.recv(0)

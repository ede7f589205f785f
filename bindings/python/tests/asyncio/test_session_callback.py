# SPDX-License-Identifier: MIT
"""The callback of a session: messages that are borrowed, and what a callback may do."""

from __future__ import annotations

import asyncio
import gc
import struct
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from session_peers import Client, PlainSession, WrittenDown, give, joined, on_paper, until
from tidewire import Close, Connection, Role
from tidewire._native import BorrowedMessage


def received_by(look: Callable[[BorrowedMessage], Any], *messages: Any) -> list[Any]:
    """Returns what `look` finds in each message."""
    found: list[Any] = []
    session, _, client = on_paper(on_message=lambda _, message: found.append(look(message)))
    give(session, client.bytes_of(*messages))
    return found


# ---- What a message tells ----


async def test_message_tells_its_kind_and_content() -> None:
    text, binary, empty = "\u00fc\N{SNOWMAN}", b"\x00\xff" * 3000, b""
    messages = (text, binary, empty)
    data = [text.encode(), binary, empty]
    assert received_by(lambda message: message.is_text, *messages) == [True, False, False]
    assert received_by(bytes, *messages) == data
    assert received_by(lambda message: message.tobytes(), *messages) == data
    assert received_by(lambda message: bytes(message.data), *messages) == data
    assert received_by(lambda message: bytes(memoryview(message)), *messages) == data
    assert received_by(len, *messages) == [len(part) for part in data]
    assert received_by(lambda message: message.text, text) == [text]
    assert received_by(repr, "abc", b"") == ["<BorrowedMessage, text, 3 bytes>", "<BorrowedMessage, binary, 0 bytes>"]
    assert received_by(lambda message: struct.unpack(">HI", message), struct.pack(">HI", 7, 8)) == [(7, 8)]


async def test_binary_message_has_no_text() -> None:
    def look(message: BorrowedMessage) -> None:
        with pytest.raises(TypeError, match="binary message"):
            _ = message.text

    assert received_by(look, b"") == [None]


async def test_message_is_void_when_the_callback_has_returned() -> None:
    kept = received_by(lambda message: message, "a", b"b", "c")
    assert len({id(message) for message in kept}) == 3
    for message in kept:
        assert repr(message) == "<BorrowedMessage, void>"
        for use in (len, bytes, memoryview, lambda it: it.text, lambda it: it.data, lambda it: it.is_text):
            with pytest.raises(ValueError, match="void"):
                use(message)


@pytest.mark.parametrize("length", [1, 1000, 100_000, 1_000_000])
async def test_view_of_a_message_outlives_everything(length: int) -> None:
    views: list[memoryview] = []
    session, transport, client = on_paper(on_message=lambda _, message: views.append(message.data))
    contents = [bytes([number]) * length for number in range(5)]
    for content in contents:
        give(session, client.bytes_of(content, b"between"))
    session.connection_lost(None)
    del session, transport
    gc.collect()
    assert [bytes(view) for view in views] == [part for content in contents for part in (content, b"between")]


async def test_views_of_one_message_show_the_same_memory() -> None:
    def look(message: BorrowedMessage) -> bool:
        first, second = message.data, memoryview(message)
        first[0] = ord("x")
        return bytes(second) == b"x"

    assert received_by(look, b"a") == [True]


# ---- What a callback may do ----


@pytest.mark.parametrize("message", ["text", b"binary", "", bytes(70_000), "\N{SNOWMAN}" * 40_000])
async def test_server_sends_the_message_back_as_it_is(message: Any) -> None:
    session, transport, client = on_paper(on_message=PlainSession.send_now)
    give(session, client.bytes_of(message, message))
    assert client.read(transport) == [message, message]


async def test_answers_to_one_read_leave_in_one_write() -> None:
    session, transport, client = on_paper(on_message=PlainSession.send_now)
    give(session, client.bytes_of(*map(str, range(50))))
    assert len(transport.written) == 1
    assert client.read(transport) == [str(i) for i in range(50)]


async def test_server_sends_borrowed_messages_in_a_batch_and_as_another_kind() -> None:
    def answer(session: PlainSession, message: BorrowedMessage) -> None:
        session.send_batch([message, "and", message])
        session.send_now(message, text=not message.is_text)
        session.send_now("text", text=False)
        session.engine.send(message)

    session, transport, client = on_paper(on_message=answer)
    give(session, client.bytes_of("a", b"b"))
    assert client.read(transport) == ["a", "and", "a", b"a", b"text", "a", b"b", "and", b"b", "b", b"text", b"b"]


async def test_void_message_is_not_sent() -> None:
    kept: list[BorrowedMessage] = []
    session, _, client = on_paper(on_message=lambda _, message: kept.append(message))
    give(session, client.bytes_of("a"))
    with pytest.raises(ValueError, match="void"):
        session.send_now(kept[0])


async def test_borrowed_message_may_be_lent_to_the_engine() -> None:
    def answer(session: PlainSession, message: BorrowedMessage) -> None:
        session.engine.send(message, borrow=True)

    session, transport, client = on_paper(on_message=answer)
    contents = [bytes([number]) * 50_000 for number in range(4)]
    give(session, client.bytes_of(*contents))
    assert client.read(transport) == contents


async def test_callback_may_write_at_once_and_much() -> None:
    def answer(session: PlainSession, message: BorrowedMessage) -> None:
        session.send_now(message)
        session.flush()
        session.send_batch([bytes(100_000)] * 50)  # above output_high_len: it does not pile up in the engine

    session, transport, client = on_paper(on_message=answer)
    give(session, client.bytes_of("a", "b"))
    assert client.read(transport) == ["a", *[bytes(100_000)] * 50, "b", *[bytes(100_000)] * 50]


async def test_callback_may_not_give_input_to_its_own_session() -> None:
    refused: list[type[Exception]] = []

    def intrude(session: PlainSession, _: BorrowedMessage) -> None:
        for act in (
            lambda: session.feed(b"\x81"),
            lambda: session.get_buffer(-1),
            lambda: session.buffer_updated(0),
            lambda: session.engine.receive(b"\x81"),
            lambda: session.engine.read_buffer(),
        ):
            try:
                act()
            except (RuntimeError, BufferError) as error:
                refused.append(type(error))

    session, transport, client = on_paper(on_message=intrude)
    give(session, client.bytes_of("a"))
    assert refused == [RuntimeError] * 3 + [BufferError] * 2
    give(session, client.bytes_of("b"))
    assert len(refused) == 10 and transport.done == []


async def test_callback_may_give_input_to_another_session() -> None:
    seen: list[str] = []
    inner, _, inner_client = on_paper(on_message=lambda _, message: seen.append(message.text))

    def relay(_: PlainSession, message: BorrowedMessage) -> None:
        give(inner, inner_client.bytes_of("inner " + message.text))
        seen.append(message.text)

    outer, _, outer_client = on_paper(on_message=relay)
    give(outer, outer_client.bytes_of("a", "b"))
    assert seen == ["inner a", "a", "inner b", "b"]


async def test_callback_may_close() -> None:
    seen: list[str] = []

    def close(session: PlainSession, message: BorrowedMessage) -> None:
        seen.append(message.text)
        session.end_with(4000, "enough")

    async with joined(on_message=close) as (session, peer):
        await peer.send("a", "b")
        [event] = await peer.receive(1)
        assert isinstance(event, Close) and (event.code, event.reason) == (4000, "enough")
        await peer.flush()
        await until(lambda: session.close_rcvd is not None)
    assert seen == ["a", "b"]


async def test_callback_may_abort_the_transport() -> None:
    async with joined(on_message=lambda session, _: session.transport.abort()) as (session, peer):
        await peer.send("a", "b")
        await until(lambda: session.lost)


async def test_exception_of_a_callback_is_reported_and_closes_with_1011() -> None:
    reports: list[dict[str, Any]] = []
    calls: list[str] = []

    def fail(_: PlainSession, message: BorrowedMessage) -> None:
        calls.append(message.text)
        raise ZeroDivisionError(message.text)

    loop = asyncio.get_running_loop()
    async with joined(on_message=fail) as (session, peer):
        loop.set_exception_handler(lambda _, context: reports.append(context))
        await peer.send("a", "b", "c")
        [event] = await peer.receive(1)
        assert isinstance(event, Close) and event.code == 1011
        loop.set_exception_handler(lambda _, context: pytest.fail(str(context)))
    [report] = reports
    assert calls == ["a"]
    assert isinstance(report["exception"], ZeroDivisionError) and report["protocol"] is session
    assert report["exception"].__traceback__ is not None


async def test_interrupt_in_a_callback_is_not_held_up() -> None:
    def interrupt(_: PlainSession, message: BorrowedMessage) -> None:
        if message.text == "b":
            raise KeyboardInterrupt

    session, _, client = on_paper(on_message=interrupt)
    with pytest.raises(KeyboardInterrupt):
        give(session, client.bytes_of("a", "b", "c"))


async def test_control_frames_come_between_the_messages() -> None:
    order: list[Any] = []

    class Ordered(PlainSession):
        def _on_event(self, event: Any) -> None:
            order.append(event.data)

    session, client = Ordered(), Client()
    session.begin(
        Connection(Role.SERVER, upgraded=True), WrittenDown(), on_message=lambda _, message: order.append(message.text)
    )
    client.engine.send("a")
    client.engine.ping(b"ping")
    client.engine.send("b")
    give(session, client.engine.data_to_send())
    assert order == ["a", b"ping", "b"]


async def test_callback_is_let_go_when_the_transport_is_lost() -> None:
    class Owner:
        def on_message(self, session: PlainSession, message: BorrowedMessage) -> None: ...

    owner = Owner()
    session, _, _ = on_paper(on_message=owner.on_message)
    owner_gone = weakref.ref(owner)
    session.connection_lost(None)
    del owner
    assert owner_gone() is None


async def test_message_is_made_by_sessions_alone() -> None:
    with pytest.raises(TypeError, match="cannot create"):
        BorrowedMessage()

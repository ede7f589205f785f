# SPDX-License-Identifier: MIT
"""The events as objects."""

from __future__ import annotations

import pytest
import tidewire
from tidewire import Chunk, Close, Message, MessageView, Opcode, Open, Ping, Pong, UsageError

EVENTS = [
    Open("/chat", [("Host", "a")], "chat", b"GET ...", offset=1),
    Message(b"data", True, offset=2),
    MessageView(b"data", True, offset=2),
    Chunk(b"data", Opcode.BINARY, True, offset=3),
    Ping(b"ping", offset=4),
    Pong(b"pong", offset=5),
    Close(1000, "bye", offset=6),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
class TestEveryEvent:
    def test_its_representation_makes_it_again(self, event):
        again = eval(repr(event), vars(tidewire))
        assert again == event
        assert again.offset == event.offset

    def test_is_compared_by_its_content(self, event):
        fields = [getattr(event, name) for name in event.__match_args__]
        same = type(event)(*fields)
        assert same == event
        assert hash(same) == hash(event)
        assert same.offset == 0  # which takes no part in it
        assert event != tuple(fields)

    def test_equals_no_other_kind(self, event):
        assert sum(event == other for other in EVENTS) == 1

    def test_has_no_order(self, event):
        with pytest.raises(TypeError):
            _ = event < event

    def test_cannot_be_changed(self, event):
        for name in (*event.__match_args__, "offset", "other"):
            with pytest.raises(AttributeError):
                setattr(event, name, None)

    def test_cannot_be_inherited_from(self, event):
        with pytest.raises(TypeError):
            type("Derived", (type(event),), {})

    def test_belongs_to_the_package(self, event):
        assert type(event).__module__ == "tidewire"
        assert getattr(tidewire, type(event).__qualname__) is type(event)


def test_defaults():
    assert Message(b"a") == Message(b"a", is_text=False)
    assert Chunk(b"a", 0) == Chunk(b"a", Opcode.CONTINUATION, fin=False)
    assert (Ping().data, Pong().data) == (b"", b"")
    assert (Close(1005).reason, Open().target, Open().headers, Open().subprotocol, Open().head) == (
        "",
        None,
        (),
        None,
        b"",
    )


def test_text_is_decoded_on_demand():
    assert Message("grün".encode(), is_text=True).text == "grün"
    with pytest.raises(TypeError, match="a binary message has no text"):
        _ = Message(b"").text
    with pytest.raises(UnicodeDecodeError):
        _ = Message(b"\xff", is_text=True).text


def test_buffers_are_copied():
    data = bytearray(b"abc")
    message = Message(data)
    data[0] = 0
    assert message.data == b"abc"
    assert type(message.data) is bytes


def test_long_data_is_shown_in_part():
    assert repr(Message(bytes(1000))) == f"Message(data=<1000 bytes: {bytes(64)!r}...>, is_text=False, offset=0)"
    assert repr(Ping(bytes(64))) == f"Ping(data={bytes(64)!r}, offset=0)"


def test_patterns():
    match Message(b"text", is_text=True):
        case Message(data, True):
            assert data == b"text"
        case _:
            pytest.fail("did not match")
    match Close(4000, "reason"):
        case Close(4000, reason):
            assert reason == "reason"
        case _:
            pytest.fail("did not match")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Message(), TypeError, r"Message\(\) missing required argument 'data'"),
        (lambda: Message("text"), TypeError, "data must be bytes-like, not str"),
        (lambda: Message(b"", False, 0), TypeError, "takes at most 2 positional"),
        (lambda: Message(b"", offset=-1), UsageError, "offset must be between 0"),
        (lambda: MessageView(), TypeError, r"MessageView\(\) missing required argument 'data'"),
        (lambda: MessageView("text"), TypeError, "data must be bytes-like, not str"),
        (lambda: MessageView(memoryview(b"abcd")[::2]), TypeError, "data must be one contiguous piece of memory"),
        (lambda: Chunk(b""), TypeError, "missing required argument 'opcode'"),
        (lambda: Chunk("text", 1), TypeError, "data must be bytes-like, not str"),
        (lambda: Chunk(b"", 3), UsageError, "opcode 3 is reserved"),
        (lambda: Close(), TypeError, "missing required argument 'code'"),
        (lambda: Close("1000"), TypeError, "code must be an int, not str"),
        (lambda: Close(2**32), UsageError, "code must be between 0 and 4294967295"),
        (lambda: Close(1000, b"bytes"), TypeError, "reason must be str, not bytes"),
        (lambda: Open(1), TypeError, "target must be str, not int"),
        (lambda: Open("/", 1), TypeError, "not iterable"),
        (lambda: Open("/", [1]), TypeError, "not iterable"),
        (lambda: Open("/", [("a", 1)]), TypeError, r"headers must be pairs of str, not \('a', 1\)"),
        (lambda: Open("/", [("a",)]), TypeError, "headers must be pairs of str"),
        (lambda: Ping(1), TypeError, "data must be bytes-like, not int"),
    ],
)
def test_wrong_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()

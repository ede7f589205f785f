# SPDX-License-Identifier: MIT
"""Exceptions: their classes, fields and texts."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
import tidewire
from tidewire import Connection, Error, LimitError, OutOfMemoryError, ProtocolError, ResourceError, Role, UsageError
from tidewire._errors import from_status
from wire import KEY, frame, upgraded

HEADER = Path(__file__).parents[1] / "capi/include/tidewire/tidewire.h"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (-1, UsageError),
        (-99, UsageError),
        (-100, ProtocolError),
        (-199, ProtocolError),
        (-200, LimitError),
        (-299, LimitError),
        (-300, OutOfMemoryError),
        (-301, ResourceError),
        (-399, ResourceError),
    ],
)
def test_the_range_of_a_status_gives_the_class(status, expected):
    error = from_status(status, "message")
    assert type(error) is expected
    assert error.status == status


def test_no_memory_has_the_number_of_the_header():
    assert re.search(r"#define TW_ERR_NO_MEMORY \(-300\)", HEADER.read_text())


def test_they_are_caught_as_what_python_knows():
    assert issubclass(UsageError, ValueError)
    assert issubclass(OutOfMemoryError, MemoryError)
    assert issubclass(OutOfMemoryError, ResourceError)
    for cls in (UsageError, ProtocolError, LimitError, ResourceError):
        assert issubclass(cls, Error)


def raised_by_receive(data: bytes, **arguments) -> Error:
    with pytest.raises(Error) as raised:
        upgraded(**arguments).receive(data)
    return raised.value


def test_a_broken_rule():
    error = raised_by_receive(frame(1, b"ok", KEY) + frame(1, b"a\xff", KEY))
    assert (error.status, error.name) == (-110, "TW_ERR_UTF8")
    assert error.offset == 8 + 6 + 1
    assert error.close_code == 1007
    assert error.section == "RFC 6455 8.1"
    assert error.limit is None
    assert error.http_status == 0
    assert str(error) == f"{error.message} (TW_ERR_UTF8, RFC 6455 8.1, at offset 15)"


def test_a_limit():
    error = raised_by_receive(frame(2, bytes(11), KEY), max_message_len=10)
    assert (error.status, error.name, error.close_code) == (-201, "TW_ERR_LIMIT_MESSAGE", 1009)
    assert error.limit == "max_message_len"
    assert error.section is None
    assert str(error) == f"{error.message} (TW_ERR_LIMIT_MESSAGE, limit max_message_len, at offset 0)"


def test_a_refused_handshake():
    with pytest.raises(ProtocolError) as raised:
        Connection(Role.SERVER).receive(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert raised.value.name == "TW_ERR_HTTP_UPGRADE"
    assert raised.value.http_status == 426


def test_a_handshake_refused_without_a_connection():
    with pytest.raises(ProtocolError) as raised:
        tidewire.check_request(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (raised.value.section, raised.value.limit) == ("RFC 6455 4.1", None)
    with pytest.raises(LimitError) as raised:
        tidewire.check_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", max_head_len=20)
    assert (raised.value.section, raised.value.limit) == (None, "max_head_len")


def test_a_mistake():
    with pytest.raises(UsageError) as raised:
        tidewire.mask(b"", b"")
    error = raised.value
    assert (error.status, error.name, error.offset, error.close_code) == (-2, "TW_ERR_ARGUMENT", None, 0)
    assert error.events == ()
    assert str(error) == "key must be 4 bytes, not 0 (TW_ERR_ARGUMENT)"


def test_they_survive_pickling():
    error = raised_by_receive(frame(1, b"\xff", KEY))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is ProtocolError
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_an_error_of_ones_own():
    error = Error("message")
    assert str(error) == "message"
    assert error.args == ("message",)

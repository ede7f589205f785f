# SPDX-License-Identifier: MIT
"""The exceptions of connections that do their own I/O; beside those of the package `websockets`."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import websockets.exceptions
import websockets.frames
import websockets.typing
from tidewire import close_code_valid, exceptions, frames, typing
from tidewire.datastructures import Headers
from tidewire.exceptions import (
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHeader,
    InvalidHeaderFormat,
    InvalidHeaderValue,
    InvalidOrigin,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
)
from tidewire.frames import Close, CloseCode
from tidewire.http11 import Response

# Names of that package which only its own extensions and its parser raise: here the engine does their work, and
# its error tells what was wrong.
NOT_OURS = {
    "DuplicateParameter",
    "InvalidMethod",
    "InvalidParameterName",
    "InvalidParameterValue",
    "InvalidProtocol",
}


def test_every_exception_that_is_caught_there_is_here() -> None:
    theirs = set(websockets.exceptions.__all__)
    assert NOT_OURS < theirs
    assert set(exceptions.__all__) == theirs - NOT_OURS


def bases(module: Any, name: str) -> set[str]:
    return {cls.__name__ for cls in getattr(module, name).__mro__}


@pytest.mark.parametrize("name", exceptions.__all__)
def test_exception_has_the_bases_that_it_has_there(name: str) -> None:
    assert bases(exceptions, name) == bases(websockets.exceptions, name)


def response(status: int) -> Response:
    return Response(status, "", Headers())


EXAMPLES: list[tuple[Exception, str]] = [
    (ConnectionClosedError(None, None), "no close frame received or sent"),
    (ConnectionClosedError(Close(1000, ""), None), "received 1000 (OK); no close frame sent"),
    (ConnectionClosedError(None, Close(1011, "x")), "sent 1011 (internal error) x; no close frame received"),
    (
        ConnectionClosedOK(Close(1001, "bye"), Close(1001, "bye"), True),
        "received 1001 (going away) bye; then sent 1001 (going away) bye",
    ),
    (
        ConnectionClosedOK(Close(1000, ""), Close(1000, ""), False),
        "sent 1000 (OK); then received 1000 (OK)",
    ),
    (InvalidURI("http://h", "not ws"), "http://h is not a valid URI: not ws"),
    (InvalidProxy("ftp://h", "not http"), "ftp://h is not a valid proxy: not http"),
    (InvalidStatus(response(404)), "the server refused the connection: HTTP 404"),
    (InvalidProxyStatus(response(407)), "the proxy refused the connection: HTTP 407"),
    (InvalidHeader("Upgrade"), "missing Upgrade header"),
    (InvalidHeader("Upgrade", ""), "empty Upgrade header"),
    (InvalidHeaderValue("Upgrade", "h2c"), "invalid Upgrade header: h2c"),
    (InvalidHeaderFormat("Upgrade", "no token", "a, ;", 3), "invalid Upgrade header: no token at 3 in a, ;"),
    (InvalidOrigin("http://evil"), "invalid Origin header: http://evil"),
    (InvalidOrigin(None), "missing Origin header"),
]


@pytest.mark.parametrize("error,text", EXAMPLES, ids=[text for _, text in EXAMPLES])
def test_exception_says_what_happened_and_survives_a_copy(error: Exception, text: str) -> None:
    assert str(error) == text
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error) and str(twin) == text and vars(twin) == vars(error)


def test_connection_closed_has_the_code_and_the_reason_of_the_peer() -> None:
    error = ConnectionClosedError(Close(4000, "why"), Close(1000, ""), True)
    assert (error.code, error.reason, error.rcvd_then_sent) == (4000, "why", True)
    assert error.rcvd == Close(4000, "why") and error.sent == Close(1000, "")
    lost = ConnectionClosedError(None, Close(1000, ""))
    assert (lost.code, lost.reason, lost.rcvd_then_sent) == (1006, "", None)


def test_close_codes_have_the_names_that_they_have_there() -> None:
    theirs = websockets.frames.CloseCode
    assert {code.name: int(code) for code in CloseCode} == {code.name: int(code) for code in theirs}


def test_close_is_written_as_it_is_there_where_users_match_it() -> None:
    for code in (1000, 1001, 1002, 1003, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999, 1004, 999, 5000):
        for reason in ("", "bye"):
            assert str(Close(code, reason)) == str(websockets.frames.Close(code, reason))
    for code in CloseCode:
        assert close_code_valid(code) == (code not in (1005, 1006, 1015)), code


def test_close_codes_of_an_orderly_end_are_those_there() -> None:
    assert set(map(int, frames.OK_CLOSE_CODES)) == set(map(int, websockets.frames.OK_CLOSE_CODES))


def test_types_have_the_names_that_they_have_there() -> None:
    extensions = {"ExtensionName", "ExtensionParameter"}  # extensions of one's own are not supported
    assert set(websockets.typing.__all__) - extensions <= set(typing.__all__)
    assert typing.Origin("http://h") == "http://h" and typing.Subprotocol("chat") == "chat"

# SPDX-License-Identifier: MIT
"""basic_auth: servers that ask for a password."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from server_peers import echo, refused, uri_of
from tidewire.asyncio.server import basic_auth, serve
from websockets.asyncio.client import connect


def credentials(user: str, password: str) -> dict[str, Any]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {token}"}}


async def check_slowly(user: str, password: str) -> bool:
    await asyncio.sleep(0)
    return (user, password) == ("jürgen", "geh:eim")


@pytest.mark.parametrize(
    "auth",
    [
        basic_auth("r", credentials=("jürgen", "geh:eim")),
        basic_auth("r", credentials=[("other", "x"), ("jürgen", "geh:eim")]),
        basic_auth("r", check_credentials=check_slowly),
        basic_auth("r", check_credentials=lambda user, password: (user, password) == ("jürgen", "geh:eim")),
    ],
    ids=["pair", "pairs", "coroutine", "function"],
)
async def test_basic_auth_lets_in_who_knows_the_password(auth: Any) -> None:
    async with serve(echo, "127.0.0.1", 0, process_request=auth) as server:
        async with connect(uri_of(server), **credentials("jürgen", "geh:eim")):
            [connection] = server.connections
            assert connection.username == "jürgen"
        for user, password in (("jürgen", "geheim"), ("jürgen", ""), ("nobody", "geh:eim"), ("", "")):
            response = await refused(uri_of(server), **credentials(user, password))
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == 'Basic realm="r", charset="UTF-8"'
        for header in ("Bearer x", "Basic", "Basic !", "Basic " + base64.b64encode(b"no colon").decode(), "Basic /w=="):
            response = await refused(uri_of(server), additional_headers={"Authorization": header})
            assert response.status_code == 401 and response.body == b"Unsupported credentials\n"
        assert (await refused(uri_of(server))).body == b"Missing credentials\n"


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({}, ValueError),
        ({"credentials": ("a", "b"), "check_credentials": check_slowly}, ValueError),
        ({"credentials": 5}, TypeError),
        ({"credentials": "ab"}, TypeError),
        ({"credentials": [("a", "b"), "cd"]}, TypeError),
    ],
    ids=str,
)
def test_basic_auth_refuses_arguments_that_cannot_be(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        basic_auth("r", **arguments)


def test_basic_auth_refuses_a_realm_that_cannot_be_in_a_header() -> None:
    with pytest.raises(ValueError, match="realm"):
        basic_auth("r\r\nX: y", credentials=("a", "b"))

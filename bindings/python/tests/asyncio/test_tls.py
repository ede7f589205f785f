# SPDX-License-Identifier: MIT
"""Clients that speak TLS."""

from __future__ import annotations

import gc
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import websockets.asyncio.server as peer
from client_peers import (
    accepting,
    answering,
    cancel_at_every_turn,
    certificate,
    echo_server,
    expect_clients_to_give_up,
    port_of,
    stream_server,
)
from tidewire.asyncio.client import connect, unix_connect
from tidewire.exceptions import ConnectionClosedOK, InvalidMessage, InvalidStatus


async def test_client_speaks_tls_with_a_context(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    async with echo_server(ssl=context) as server:
        for host in ("127.0.0.1", "localhost"):
            async with connect(f"wss://{host}:{port_of(server)}/", ssl=trust) as client:
                for message in ("text", b"x" * 1_000_000):
                    await client.send(message)
                    assert await client.recv() == message
                assert client.transport.get_extra_info("sslcontext") is trust
            assert client.close_code == 1000


async def test_client_does_not_trust_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    expect_clients_to_give_up()
    context, _ = certificate(tmp_path)
    async with echo_server(ssl=context) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(f"wss://localhost:{port_of(server)}/")


async def test_client_checks_the_name_that_it_was_given(tmp_path: Path) -> None:
    expect_clients_to_give_up()
    context, trust = certificate(tmp_path)
    async with echo_server(ssl=context) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(f"wss://127.0.0.1:{port_of(server)}/", ssl=trust, server_hostname="other.test")
        where: dict[str, Any] = {"host": "127.0.0.1", "port": port_of(server)}
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect("wss://other.test/", ssl=trust, **where)
        async with connect("wss://other.test/", ssl=trust, server_hostname="localhost", **where) as client:
            assert client.request is not None and client.request.headers["Host"] == "other.test"


async def test_client_speaks_tls_on_a_unix_socket(tmp_path: Path) -> None:
    async def greet(connection: peer.ServerConnection) -> None:
        await connection.send("hello")

    context, trust = certificate(tmp_path)
    async with peer.unix_serve(greet, str(tmp_path / "socket"), ssl=context):
        async with unix_connect(tmp_path / "socket", ssl=trust) as client:
            assert await client.recv() == "hello"


async def test_client_speaks_tls_over_a_socket_that_it_was_given(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    async with echo_server(ssl=context) as server:
        sock = socket.create_connection(("127.0.0.1", port_of(server)))
        async with connect("wss://localhost/", sock=sock, ssl=trust) as client:
            await client.send("hello")
            assert await client.recv() == "hello"


async def test_client_reads_a_refusal_over_tls(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    refusal = b"HTTP/1.1 403 Forbidden\r\n\r\n" + b"x" * 300_000
    async with stream_server(answering(refusal), ssl=context) as port:
        with pytest.raises(InvalidStatus) as info:
            await connect(f"wss://127.0.0.1:{port}/", ssl=trust)
    assert info.value.response.body == b"x" * 300_000


async def test_client_keeps_what_comes_with_the_response_and_the_end(tmp_path: Path) -> None:
    context, trust = certificate(tmp_path)
    frames = b"\x81\x02hi" * 3 + bytes.fromhex("88 02 03e8")
    async with stream_server(answering(lambda request: accepting(request) + frames), ssl=context) as port:
        client = await connect(f"wss://127.0.0.1:{port}/", ssl=trust)
        assert [await client.recv() for _ in range(3)] == ["hi"] * 3
        with pytest.raises(ConnectionClosedOK):
            await client.recv()
        await client.wait_closed()


async def test_client_that_speaks_tls_to_a_server_that_does_not_gets_an_error(tmp_path: Path) -> None:
    expect_clients_to_give_up()
    async with echo_server() as server:
        with pytest.raises(OSError):
            await connect(f"wss://127.0.0.1:{port_of(server)}/")
    context, _ = certificate(tmp_path)
    async with stream_server(answering(b""), ssl=context) as port:
        with pytest.raises((InvalidMessage, OSError)):
            await connect(f"ws://127.0.0.1:{port}/")


async def test_cancelling_during_tls_leaves_no_transport_open(tmp_path: Path) -> None:
    expect_clients_to_give_up()
    context, trust = certificate(tmp_path)
    async with echo_server(ssl=context) as server:
        uri = f"wss://127.0.0.1:{port_of(server)}/"
        assert await cancel_at_every_turn(lambda: connect(uri, ssl=trust)) > 5
    gc.collect()  # what is left open warns, and a warning is an error

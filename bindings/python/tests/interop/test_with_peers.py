# SPDX-License-Identifier: MIT
"""`tidewire.asyncio` and other libraries understand each other in both roles, with compression and without."""

from __future__ import annotations

import asyncio
from typing import Any

import interop_talk
import pytest
from interop_peers import AiohttpPeer, NodePeer, PicowsPeer, WebsocketsPeer
from interop_talk import CLOSE, SECONDS, CoroutineTalk
from tidewire import DeflateConfig
from tidewire.asyncio.client import connect
from tidewire.asyncio.server import serve
from tidewire.exceptions import ConnectionClosed

# What this side does, and whether the peer is to keep its context as well.
COMPRESSION: dict[str, tuple[Any, bool]] = {
    "none": (None, True),
    "no-takeover": ("deflate", False),
    "theirs-alone": ("deflate", True),
    "takeover": (DeflateConfig(max_context_len=1 << 20, min_len=1, max_ratio=1100), True),
}

PEERS: list[Any] = [WebsocketsPeer(), AiohttpPeer(), PicowsPeer(), NodePeer()]


@pytest.fixture(params=PEERS, ids=[peer.name for peer in PEERS])
def peer(request: pytest.FixtureRequest) -> Any:
    if request.param.missing:
        pytest.skip(request.param.missing)
    return request.param


def check_compression(peer: Any, compression: Any, connection: Any) -> None:
    """Compression is used where both can, and nowhere else."""
    agreed = "Sec-WebSocket-Extensions" in connection.response.headers
    assert agreed == (peer.compresses and compression is not None)


@pytest.mark.parametrize("mode", COMPRESSION)
def test_client_talks_to_the_servers_of_others(peer: Any, mode: str) -> None:
    compression, takeover = COMPRESSION[mode]

    async def main() -> None:
        async with peer.serving(takeover) as uri, connect(uri, compression=compression) as connection:
            check_compression(peer, compression, connection)
            await interop_talk.converse(CoroutineTalk(connection, ConnectionClosed))

    asyncio.run(asyncio.wait_for(main(), SECONDS))


@pytest.mark.parametrize("mode", COMPRESSION)
def test_server_talks_to_the_clients_of_others(peer: Any, mode: str) -> None:
    compression, takeover = COMPRESSION[mode]
    closed: list[int | None] = []

    async def handler(connection: Any) -> None:
        check_compression(peer, compression, connection)
        await interop_talk.handle(connection)
        await connection.wait_closed()
        closed.append(connection.close_code)

    async def main() -> None:
        async with serve(handler, "127.0.0.1", 0, compression=compression) as server:
            await peer.talk_to(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", takeover)

    asyncio.run(asyncio.wait_for(main(), SECONDS))
    assert closed == [peer.close_answer]


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_client_closes_with_a_code_that_others_answer(peer: Any, code: int) -> None:
    async def main() -> None:
        async with peer.serving(True) as uri, connect(uri) as connection:
            await connection.close(code, "why")
            assert connection.close_code == (code if peer.close_answer == CLOSE[0] else peer.close_answer)

    asyncio.run(asyncio.wait_for(main(), SECONDS))

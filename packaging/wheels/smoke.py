# SPDX-License-Identifier: MIT
"""Uses an installed tidewire: its engine by itself, and a server and a client on asyncio."""

import sys

before = set(sys.modules)

# ruff: noqa: E402
import tidewire

loaded = set(sys.modules) - before

import asyncio

from tidewire import Connection, DeflateConfig, Role, unstable


def engine() -> None:
    """A handshake and a compressed message, without sockets."""
    client = Connection(Role.CLIENT, host="example.com", deflate=DeflateConfig())
    server = Connection(Role.SERVER, deflate=DeflateConfig())
    server.receive(client.data_to_send())
    client.receive(server.data_to_send())
    text = "a tide comes in, " * 1000
    client.send(text)
    data = client.data_to_send()
    (message,) = server.receive(data)
    assert message.text == text and len(data) < 500


async def sockets() -> None:
    """The same over the loopback."""

    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    async with tidewire.serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with tidewire.connect(f"ws://127.0.0.1:{port}") as connection:
            for message in ("text", b"\x00\xff" * 100_000):
                await connection.send(message)
                assert await connection.recv() == message


assert {name.partition(".")[0] for name in loaded} <= {*sys.stdlib_module_names, "tidewire"}, loaded
engine()
asyncio.run(asyncio.wait_for(sockets(), 60))
print(f"tidewire {tidewire.__version__} works on Python {sys.version.split()[0]}, with {unstable.kernel_selected()}")

# SPDX-License-Identifier: MIT
"""What a type checker must refuse. Each line that is wrong says so, with mypy's name of the fault."""

import tidewire
from tidewire import Connection, DeflateConfig, Message, Role
from tidewire.asyncio.client import connect
from tidewire.asyncio.server import ServerConnection, serve

engine = Connection("server")  # wrong: arg-type
engine = Connection(Role.SERVER, unknown=True)  # wrong: call-arg
engine.send(1)  # wrong: arg-type
DeflateConfig().level = 2  # wrong: misc
print(tidewire.conect)  # wrong: attr-defined
code: str = engine.receive(b"")[0]  # wrong: assignment
Message(b"", is_text="yes")  # wrong: arg-type


async def client() -> None:
    async with connect("ws://127.0.0.1/", max_size="1") as connection:  # wrong: arg-type
        message: bytes = await connection.recv()  # wrong: assignment
        print(message)


def no_coroutine(connection: ServerConnection) -> None:
    print(connection.id)


server = serve(no_coroutine, "127.0.0.1", 0)  # wrong: arg-type

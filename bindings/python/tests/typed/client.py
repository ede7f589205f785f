# SPDX-License-Identifier: MIT
"""A client as a typed program writes it."""

import asyncio

import tidewire
from tidewire.asyncio.client import ClientConnection


async def ask(connection: ClientConnection, question: str) -> str:
    await connection.send(question)
    answer = await connection.recv()
    return answer if isinstance(answer, str) else answer.decode()


async def main() -> None:
    async with tidewire.connect("ws://127.0.0.1:9001/", subprotocols=["chat"], max_size=1 << 20) as connection:
        print(await ask(connection, "who is there?"))
        latency: float = await (await connection.ping())
        print(f"{latency * 1000:.1f} ms")
        async for message in connection:
            length: int = len(message)
            print(length)
    try:
        await connection.send("late")
    except tidewire.ConnectionClosed as closed:
        print(closed.rcvd.code if closed.rcvd else "no close frame")


if __name__ == "__main__":
    asyncio.run(main())

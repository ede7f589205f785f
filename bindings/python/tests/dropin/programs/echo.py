"""An echo server, and a client that says this and that to it."""

import asyncio

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def talk(port, print):
    async with connect(f"ws://127.0.0.1:{port}/echo", ping_interval=None) as websocket:
        for message in ("hello", "", "\u2603" * 50, b"\x00\x01\x02", "x" * 100_000):
            await websocket.send(message)
            answer = await websocket.recv()
            print(type(answer).__name__, len(answer), answer == message)

        await websocket.send(["in ", "three ", "parts"])
        print(await websocket.recv())

        for number in range(1000):
            await websocket.send(str(number))
        numbers = [int(await websocket.recv()) for _ in range(1000)]
        print("in order:", numbers == list(range(1000)))

        try:
            await asyncio.wait_for(websocket.recv(), timeout=0.01)
        except asyncio.TimeoutError:
            print("nothing more")

    print("closed", websocket.close_code, repr(websocket.close_reason))
    try:
        await websocket.recv()
    except ConnectionClosedOK as closed:
        print("recv:", closed.rcvd.code, closed.sent.code, closed.rcvd_then_sent)
    try:
        await websocket.send("too late")
    except ConnectionClosed as closed:
        print("send:", type(closed).__name__, str(closed))


async def main():
    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await talk(port, print)
        logs = [[] for _ in range(5)]
        await asyncio.gather(*(talk(port, lambda *words, log=log: log.append(words)) for log in logs))
        print("five at once, all alike:", all(log == logs[0] for log in logs), len(logs[0]))


if __name__ == "__main__":
    asyncio.run(main())

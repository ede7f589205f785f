"""The names at the top of the package."""

import asyncio

import websockets
import websockets.exceptions

CODES = []


async def handler(websocket):
    try:
        while True:
            await websocket.send((await websocket.recv()).upper())
    except websockets.ConnectionClosed:
        CODES.append(websocket.close_code)


async def main():
    server = await websockets.serve(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with websockets.connect(f"ws://127.0.0.1:{port}") as websocket:
        await websocket.send("loud")
        print(await websocket.recv())
    try:
        await websocket.send("late")
    except websockets.exceptions.ConnectionClosedOK as closed:
        print(isinstance(closed, websockets.WebSocketException), closed.rcvd.code)
    try:
        await websockets.connect("http://127.0.0.1")
    except websockets.InvalidURI as error:
        print(error.uri)
    server.close()
    await server.wait_closed()
    print("codes:", CODES)


if __name__ == "__main__":
    asyncio.run(main())

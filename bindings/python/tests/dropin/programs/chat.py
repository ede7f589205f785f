"""A chat with rooms: everybody in a room hears what is said there. /health is for the load balancer."""

import asyncio
import http
import json
import urllib.error
import urllib.request

from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

ROOMS = {}


def health_check(connection, request):
    if request.path == "/health":
        return connection.respond(http.HTTPStatus.OK, "OK\n")
    if not request.path.startswith("/room/"):
        return connection.respond(http.HTTPStatus.NOT_FOUND, "no such room\n")


async def chat(websocket):
    name = websocket.request.path.removeprefix("/room/")
    room = ROOMS.setdefault(name, set())
    user = websocket.request.headers["X-User"]
    room.add(websocket)
    broadcast(room, json.dumps({"type": "join", "user": user, "count": len(room)}))
    try:
        async for message in websocket:
            event = json.loads(message)
            if event["type"] == "say":
                broadcast(room, json.dumps({"type": "say", "user": user, "text": event["text"]}))
            elif event["type"] == "kick":
                for other in list(room):
                    if other.request.headers["X-User"] == event["user"]:
                        await other.close(4000, f"kicked by {user}")
    except ConnectionClosed:
        pass
    finally:
        room.discard(websocket)
        broadcast(room, json.dumps({"type": "leave", "user": user, "count": len(room)}))


class User:
    def __init__(self, name, websocket):
        self.name = name
        self.websocket = websocket

    async def send(self, **event):
        await self.websocket.send(json.dumps(event))

    async def expect(self, count):
        for _ in range(count):
            event = json.loads(await self.websocket.recv())
            print(f"{self.name} <", json.dumps(event, sort_keys=True))


async def enter(uri, room, name):
    return User(name, await connect(f"{uri}/room/{room}", additional_headers={"X-User": name}))


def get(url):
    try:
        with urllib.request.urlopen(url) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


async def main():
    async with serve(chat, "127.0.0.1", 0, process_request=health_check) as server:
        port = server.sockets[0].getsockname()[1]
        uri = f"ws://127.0.0.1:{port}"
        for path in ("/health", "/elsewhere"):
            print(path, *await asyncio.to_thread(get, f"http://127.0.0.1:{port}{path}"))
        try:
            async with connect(f"{uri}/elsewhere"):
                pass
        except InvalidStatus as refused:
            print("refused:", refused.response.status_code, bytes(refused.response.body))

        ann = await enter(uri, "red", "ann")
        await ann.expect(1)
        bob = await enter(uri, "red", "bob")
        await ann.expect(1)
        await bob.expect(1)
        eve = await enter(uri, "blue", "eve")
        await eve.expect(1)

        await ann.send(type="say", text="hello \u2603")
        await bob.send(type="say", text="hello ann")
        await ann.expect(2)
        await bob.expect(2)
        print("rooms:", {name: len(room) for name, room in sorted(ROOMS.items())})

        await bob.send(type="kick", user="ann")
        try:
            await ann.expect(1)
        except ConnectionClosedError as closed:
            print("ann was", closed.rcvd.code, closed.rcvd.reason)
        await bob.expect(1)
        await bob.websocket.close()
        server.close()
        try:
            await eve.expect(1)
        except ConnectionClosed as closed:
            print("eve was", type(closed).__name__, closed.rcvd.code)
        await server.wait_closed()
    print("rooms:", {name: len(room) for name, room in sorted(ROOMS.items())})


if __name__ == "__main__":
    asyncio.run(main())

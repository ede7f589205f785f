"""A service behind a password, and a client that stays connected to it."""

import asyncio

from websockets.asyncio.client import connect
from websockets.asyncio.server import basic_auth, serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

BALANCES = {"ann": 12, "bob": 7}


async def check(username, password):
    await asyncio.sleep(0)
    return username in BALANCES and password == f"{username}-secret"


def name_the_shard(connection, request, response):
    response.headers["X-Shard"] = "7"


async def account(websocket):
    traces = websocket.request.headers.get_all("X-Trace")
    await websocket.send(f"welcome {websocket.username} to {websocket.subprotocol}, {traces}")
    try:
        async for message in websocket:
            if message == "balance":
                await websocket.send(str(BALANCES[websocket.username]))
            elif message == "restart":
                await websocket.close(1012, "service restart")
            else:
                await websocket.close(1008, "what?")
    except ConnectionClosed:
        pass


async def stay_connected(uri):
    """Asks for the balance, loses the connection twice, and connects again by itself."""
    restarts = 0
    async for websocket in connect(uri, subprotocols=["account.v2", "account.v1"]):
        try:
            print(await websocket.recv())
            await websocket.send("balance")
            print("balance", await websocket.recv(), "over", websocket.subprotocol)
            if restarts == 2:
                await websocket.close()
                return
            restarts += 1
            await websocket.send("restart")
            await websocket.recv()
        except ConnectionClosed as closed:
            print("again, because of", closed.rcvd.code, closed.rcvd.reason)


async def main():
    async with serve(
        account,
        "127.0.0.1",
        0,
        subprotocols=["account.v1"],
        process_request=basic_auth(realm="accounts", check_credentials=check),
        process_response=name_the_shard,
        server_header="bank",
        ping_interval=5,
        max_size=1000,
        max_queue=4,
        write_limit=8192,
    ) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

        for credentials in ("", "ann:wrong@", "eve:eve-secret@"):
            try:
                async with connect(f"ws://{credentials}{host}/", subprotocols=["account.v1"]):
                    print("not reached")
            except InvalidStatus as refused:
                response = refused.response
                print(response.status_code, response.headers["WWW-Authenticate"].split(",")[0])

        try:
            async with connect(f"ws://ann:ann-secret@{host}/", subprotocols=["account.v9"]):
                print("not reached")
        except InvalidHandshake as refused:
            print(type(refused).__name__)

        async with connect(
            f"ws://ann:ann-secret@{host}/",
            subprotocols=["account.v1"],
            additional_headers=[("X-Trace", "1"), ("X-Trace", "2")],
            user_agent_header="teller",
            compression=None,
        ) as websocket:
            headers = websocket.response.headers
            print(headers["Server"], headers["X-Shard"], headers["Sec-WebSocket-Protocol"])
            print(websocket.request.headers["User-Agent"], websocket.request.path)
            print(await websocket.recv())
            pong = await websocket.ping()
            latency = await pong
            print("latency is", type(latency).__name__, 0 <= latency < 60, websocket.latency == latency)
            await websocket.send("balance")
            print("balance", await websocket.recv())
            await websocket.send("x" * 1001)
            try:
                await websocket.recv()
            except ConnectionClosed as closed:
                print("too much:", closed.rcvd.code, websocket.close_code)

        await stay_connected(f"ws://bob:bob-secret@{host}/")
    print("closed")


if __name__ == "__main__":
    asyncio.run(main())

"""A script without asyncio: a server in a thread, and clients that block."""

import http
import threading

from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve


def handle(websocket):
    if websocket.request.path == "/count":
        for number in range(3):
            websocket.send(str(number))
        return
    try:
        for message in websocket:
            if message == "bye":
                websocket.close(4001, "bye yourself")
            else:
                websocket.send(message)
    except ConnectionClosed:
        pass


def refuse_strangers(connection, request):
    if request.path == "/secret":
        return connection.respond(http.HTTPStatus.FORBIDDEN, "go away\n")


def main():
    with serve(handle, "127.0.0.1", 0, process_request=refuse_strangers, subprotocols=["s"]) as server:
        uri = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        with connect(uri, subprotocols=["s"], additional_headers={"X-A": "b"}) as websocket:
            print(websocket.subprotocol, websocket.response.status_code)
            for message in ("text", b"binary", "", "x" * 200_000):
                websocket.send(message)
                answer = websocket.recv(timeout=30)
                print(type(answer).__name__, len(answer), answer == message)
            websocket.send(["in ", "parts"])
            print("".join(websocket.recv_streaming()))
            websocket.send("raw")
            print(websocket.recv(decode=False))
            try:
                websocket.recv(timeout=0.01)
            except TimeoutError:
                print("nothing more")
            print("pong:", websocket.ping().wait(30))
            websocket.send("bye")
            try:
                websocket.recv()
            except ConnectionClosed as closed:
                print(type(closed).__name__, closed.rcvd.code, closed.rcvd.reason, closed.rcvd_then_sent)

        with connect(f"{uri}/count", subprotocols=["s"], compression=None) as websocket:
            print(list(websocket))
            try:
                websocket.recv()
            except ConnectionClosedOK as closed:
                print(closed.rcvd.code, websocket.close_code)

        try:
            with connect(f"{uri}/secret", subprotocols=["s"]):
                print("not reached")
        except InvalidStatus as refused:
            print(refused.response.status_code, bytes(refused.response.body))

        results = []

        def one(number):
            with connect(uri, subprotocols=["s"]) as websocket:
                websocket.send(str(number))
                results.append(int(websocket.recv()))

        threads = [threading.Thread(target=one, args=[number]) for number in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        print(sorted(results))
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    main()

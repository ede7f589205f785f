# SPDX-License-Identifier: MIT
"""A script with threads as a typed program writes it."""

from tidewire.sync.client import connect
from tidewire.sync.server import ServerConnection, serve


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


def main() -> None:
    with serve(echo, "127.0.0.1", 9001) as server, connect("ws://127.0.0.1:9001/") as connection:
        connection.send(b"\x00")
        answer: str | bytes = connection.recv(timeout=1.5)
        print(answer)
        server.shutdown()


if __name__ == "__main__":
    main()

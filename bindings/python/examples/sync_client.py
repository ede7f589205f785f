# SPDX-License-Identifier: MIT
"""A script without asyncio: sends lines to a server and prints what comes back.

    python sync_client.py ws://127.0.0.1:9001/ hello "and again"
"""

from __future__ import annotations

import argparse
import sys

from tidewire.exceptions import ConnectionClosed, InvalidHandshake
from tidewire.sync import connect


def main(uri: str, messages: list[str], seconds: float) -> int:
    try:
        with connect(uri, open_timeout=seconds) as connection:
            for message in messages:
                connection.send(message)
                print(connection.recv(timeout=seconds))
    except TimeoutError:
        print(f"no answer within {seconds:g} s", file=sys.stderr)
        return 1
    except (ConnectionClosed, InvalidHandshake, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Sends messages to a WebSocket server and prints the answers.")
    parser.add_argument("uri")
    parser.add_argument("messages", nargs="+")
    parser.add_argument("--seconds", type=float, default=10, help="to wait for an answer (default: %(default)s)")
    options = parser.parse_args()
    sys.exit(main(options.uri, options.messages, options.seconds))

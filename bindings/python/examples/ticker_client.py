# SPDX-License-Identifier: MIT
"""A client of market data, on callbacks: quotes are read where they lie, without a copy, a task or a future.

    python ticker_client.py ws://127.0.0.1:9001/ AAPL MSFT

Subscribes by text messages, and takes binary ones: a symbol of 8 bytes, then bid and ask as little-endian doubles.
"""

from __future__ import annotations

import argparse
import asyncio
import struct
from collections.abc import Sequence
from typing import Any

from tidewire.asyncio import Listener, ListenerSession, connect_listener

QUOTE = struct.Struct("<8sdd")


class Ticker(Listener):
    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = symbols
        self.quotes: dict[bytes, tuple[float, float]] = {}
        self.count = 0

    def on_open(self, session: ListenerSession) -> None:
        session.send_batch([f"subscribe {symbol}" for symbol in self.symbols])

    def on_message(self, session: ListenerSession, message: Any) -> None:
        symbol, bid, ask = QUOTE.unpack_from(message.data)  # `message` is valid until this returns
        self.quotes[symbol] = (bid, ask)
        self.count += 1

    def on_close(self, session: ListenerSession, code: int, reason: str) -> None:
        print(f"{self.count} quotes, closed with {code}")
        for symbol, (bid, ask) in sorted(self.quotes.items()):
            print(f"{symbol.rstrip(bytes(1)).decode():8} {bid:10.2f} {ask:10.2f}")


async def main(uri: str, symbols: Sequence[str]) -> None:
    session, _ = await connect_listener(lambda: Ticker(symbols), uri)
    await session.wait_closed()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Shows the last quotes when the server is done.")
    parser.add_argument("uri")
    parser.add_argument("symbols", nargs="+")
    options = parser.parse_args()
    asyncio.run(main(options.uri, options.symbols))

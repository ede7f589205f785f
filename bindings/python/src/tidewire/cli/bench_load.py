# SPDX-License-Identifier: MIT
"""The load for `python -m tidewire bench`: bench_load PORT PID CONNECTIONS PIPELINE SIZE SECONDS prints a JSON object.

On asyncio, with the engine itself: each connection sends a batch in one write, and the next when all of it is back.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from tidewire import Connection, Error, Message, Open, Role

HOST = "127.0.0.1"
_SECONDS_TO_OPEN = 30


class _Failure(Exception):
    """The server did not do what it should."""


class _Load:
    """What all connections share."""

    def __init__(self, pipeline: int, size: int) -> None:
        self.payload = bytes(i % 251 for i in range(size))
        self.batch = [self.payload] * pipeline
        self.opened = 0
        self.messages = 0
        self.latencies: list[float] = []  # of whole batches, in seconds
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_exception(_Failure(reason))


class _Client(asyncio.BufferedProtocol):
    transport: asyncio.Transport

    def __init__(self, load: _Load, port: int) -> None:
        self._load = load
        self._engine = Connection(Role.CLIENT, host=f"{HOST}:{port}", max_read_len=1 << 18)
        self._awaited = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._engine.data_to_send())

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(f"the server closed a connection: {exc or 'without an error'}")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._engine.read_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        load = self._load
        try:
            events = self._engine.read_commit(nbytes)
        except Error as error:
            load.fail(str(error))
            return
        count = 0
        for event in events:
            if type(event) is Message:
                count += 1
                if event.data != load.payload:
                    load.fail("a message came back that differs from what was sent")
            elif type(event) is Open:
                load.opened += 1
        load.messages += count
        self._awaited -= count
        if count and self._awaited == 0:
            load.latencies.append(time.perf_counter() - self._sent_at)
            self.send()

    def send(self) -> None:
        """Sends a batch."""
        self._awaited = len(self._load.batch)
        self._engine.send_batch(self._load.batch)
        self._sent_at = time.perf_counter()
        self.transport.write(self._engine.data_to_send())


def processor_seconds(pid: int) -> float | None:
    """Returns what the first thread of a process has had of the processor, or None where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError):
        return None


async def _open(load: _Load, port: int, connections: int) -> list[_Client]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SECONDS_TO_OPEN
    clients = [(await loop.create_connection(lambda: _Client(load, port), HOST, port))[1] for _ in range(connections)]
    while load.opened < connections:
        if load.failed.done():
            await load.failed
        if loop.time() > deadline:
            raise _Failure(f"the server opened {load.opened} of {connections} connections")
        await asyncio.sleep(0.01)
    return clients


async def _measure(
    port: int, pid: int, connections: int, pipeline: int, size: int, seconds: float
) -> dict[str, float | None]:
    load = _Load(pipeline, size)
    clients = await _open(load, port, connections)
    for client in clients:
        client.send()
    await asyncio.wait([load.failed], timeout=min(0.3, seconds))
    processor = processor_seconds(pid)
    load.messages = 0
    load.latencies.clear()
    begin = time.perf_counter()
    await asyncio.wait([load.failed], timeout=seconds)
    elapsed = time.perf_counter() - begin
    after = processor_seconds(pid)
    if load.failed.done():
        await load.failed
    if not load.messages:
        raise _Failure("no message came back in the measured time; take more --seconds")
    latencies = sorted(load.latencies) or [elapsed]
    load.failed.cancel()
    for client in clients:
        client.transport.abort()
    return {
        "messages_per_second": load.messages / elapsed,
        "processor_us": None if processor is None or after is None else (after - processor) * 1e6 / load.messages,
        "p50_us": latencies[len(latencies) // 2] * 1e6,
        "p99_us": latencies[len(latencies) * 99 // 100] * 1e6,
    }


def main(port: str, pid: str, connections: str, pipeline: str, size: str, seconds: str) -> None:
    """Measures, and prints the figures."""
    measured = _measure(int(port), int(pid), int(connections), int(pipeline), int(size), float(seconds))
    try:
        print(json.dumps(asyncio.run(measured)))
    except (_Failure, OSError) as failure:
        sys.exit(f"{failure}")


if __name__ == "__main__":
    main(*sys.argv[1:])

# SPDX-License-Identifier: MIT
"""`python -m tidewire echo`: a server that sends every message back."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from typing import TYPE_CHECKING, Any

from .text import CommandError, Style, escaped

if TYPE_CHECKING:
    from ..asyncio.server import Server, ServerConnection

_EPILOG = """\
examples:
  python -m tidewire echo
  python -m tidewire echo --host 0.0.0.0 --port 443 --cert chain.pem --key key.pem --verbose
  python -m tidewire echo --unix echo.sock

It ends, and closes its connections with 1001, on Ctrl-C or SIGTERM. Pages of any origin may connect.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the command to those of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "echo",
        help="a server that sends every message back",
        description="Serves WebSockets and sends every message back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="default: 8765; 0 lets the system choose")
    parser.add_argument("--unix", metavar="PATH", help="listen at a unix socket instead")
    parser.add_argument("--cert", metavar="FILE", help="serve TLS with this certificate chain (PEM)")
    parser.add_argument("--key", metavar="FILE", help="its private key (default: in the file of --cert)")
    parser.add_argument(
        "--subprotocol", action="append", default=[], metavar="NAME", help="one to agree to; repeatable"
    )
    parser.add_argument("--no-compression", action="store_true", help="do not agree to permessage-deflate")
    parser.add_argument("--max-size", type=int, default=1 << 20, metavar="BYTES",
                        help="of a message; 0 is no limit (default: 1048576)")  # fmt: skip
    parser.add_argument("--max-queue", type=int, default=16, metavar="N",
                        help="messages of a connection that wait before its reading stops (default: 16)")  # fmt: skip
    parser.add_argument("--ping-interval", type=float, default=20, metavar="SECONDS",
                        help="0 is never (default: 20)")  # fmt: skip
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of connections and messages")


def run(options: argparse.Namespace) -> int:
    """Serves until it is told to stop. Returns the exit status."""
    import asyncio

    if options.key is not None and options.cert is None:
        raise CommandError("--key needs --cert", status=2)
    if not 0 <= options.port <= 65535:
        raise CommandError(f"--port: {options.port} is not from 0 to 65535", status=2)
    try:
        asyncio.run(_serve(options))
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    return 0


async def _serve(options: argparse.Namespace) -> None:
    import asyncio
    import signal

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _make_server(options) as server:
        for listening in server.sockets:
            print(f"listening at {_name_of(listening.getsockname(), options)}", flush=True)
        await stop.wait()


def _make_server(options: argparse.Namespace) -> Server:
    from ..asyncio.server import serve, unix_serve

    arguments: dict[str, Any] = {
        "any_origin": True,
        "subprotocols": options.subprotocol or None,
        "compression": None if options.no_compression else "deflate",
        "max_size": options.max_size or None,
        "max_queue": options.max_queue,
        "ping_interval": options.ping_interval or None,
        "ssl": _tls(options),
    }
    handler = _Verbose() if options.verbose else _echo
    if options.unix is not None:
        return unix_serve(handler, options.unix, **arguments)
    return serve(handler, options.host, options.port, **arguments)


def _tls(options: argparse.Namespace) -> Any:
    if options.cert is None:
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.cert, options.key)
    except (OSError, ssl.SSLError) as error:
        raise CommandError(f"cannot load the certificate {options.cert}: {error}") from error
    return context


def _name_of(address: Any, options: argparse.Namespace) -> str:
    scheme = "wss" if options.cert else "ws"
    if isinstance(address, str):
        return f"{scheme}+unix:{address}"
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{scheme}://{host}:{address[1]}/"


async def _echo(connection: ServerConnection) -> None:
    from ..exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):
        async for message in connection:
            await connection.send(message)


class _Verbose:
    """Echoes, and tells what happens."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._style = Style(sys.stderr)

    async def __call__(self, connection: ServerConnection) -> None:
        from ..exceptions import ConnectionClosed

        number = next(self._numbers)
        peer = connection.remote_address
        path = connection.request.path if connection.request is not None else ""
        terms = connection.engine.deflate
        self._say(number, f"open: {escaped(path)} from {peer[0] if isinstance(peer, tuple) else 'a unix socket'}")
        if terms is not None:
            self._say(number, f"compresses with windows of 2^{terms.send_window_bits}, 2^{terms.receive_window_bits}")
        try:
            while True:
                message = await connection.recv()
                kind = "text" if isinstance(message, str) else "binary"
                self._say(number, f"{kind}, {len(message)} {'characters' if kind == 'text' else 'bytes'}")
                await connection.send(message)
        except ConnectionClosed as closed:
            self._say(number, f"closed: {escaped(str(closed))}")

    def _say(self, number: int, what: str) -> None:
        print(f"{self._style('dim', f'[{number}]')} {what}", file=sys.stderr, flush=True)

# SPDX-License-Identifier: MIT
"""`python -m tidewire connect`: a client for people and for pipes."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Any

from ..datastructures import Headers
from ..exceptions import InvalidHeader, InvalidProxy, InvalidStatus, InvalidURI, WebSocketException
from .text import CommandError, escaped

if TYPE_CHECKING:
    from ..sync.client import ClientConnection

_EPILOG = """\
At a terminal, every line that is entered is sent as a text message, with these exceptions:

  /ping                  measures the latency
  /hex 00 01 ff          sends bytes
  /close [CODE [REASON]] closes the connection
  /help                  shows this list
  //text                 sends /text

and Ctrl-D closes. The arrow keys bring earlier lines back, those of earlier days too.

Elsewhere every line of the input is a message, and every message that comes is a line of the output: text as it is,
binary in hex. After the end of the input the connection is closed as soon as nothing has come for --wait seconds.

examples:
  python -m tidewire connect ws://127.0.0.1:8765
  python -m tidewire connect wss://example.com/feed -H "Authorization: Bearer x" --subprotocol v2 --ping 5
  printf 'one\\ntwo\\n' | python -m tidewire connect ws://127.0.0.1:8765 > answers

The exit status is 0 if the connection was closed with 1000, 1001 or no code, or by us; else 1.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the command to those of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "connect",
        help="a client: lines become messages, messages become lines",
        description="Connects to a server. Lines become messages, messages become lines.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("uri", metavar="URI", help="ws://host:port/path or wss://...")
    request = parser.add_argument_group("the request")
    request.add_argument("-H", "--header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable")
    request.add_argument("--subprotocol", action="append", default=[], metavar="NAME", help="one to offer; repeatable")
    request.add_argument("--origin", help="the Origin header")
    request.add_argument("--no-compression", action="store_true", help="do not offer permessage-deflate")
    way = parser.add_argument_group("the way there")
    way.add_argument("--unix", metavar="PATH", help="connect to a unix socket")
    way.add_argument("--proxy", metavar="URI", help='http://host:port and the like; "" is none '
                     "(default: that of the environment)")  # fmt: skip
    way.add_argument("--cacert", metavar="FILE", help="trust these certificates (PEM) instead of the system's")
    way.add_argument("--insecure", action="store_true", help="do not verify the server's certificate")
    way.add_argument("--cert", metavar="FILE", help="our certificate chain (PEM), and its key")
    way.add_argument("--key", metavar="FILE", help="the key, if it is not in the file of --cert")
    way.add_argument("--timeout", type=float, default=10, metavar="SECONDS", help="to connect (default: 10)")
    talk = parser.add_argument_group("the conversation")
    talk.add_argument("--hex", action="store_true", help="the lines of the input are hex, and sent as binary")
    talk.add_argument("--ping", type=float, metavar="SECONDS", help="show the latency every so often")
    talk.add_argument("--max-size", type=int, default=1 << 24, metavar="BYTES",
                      help="of a message; 0 is no limit (default: 16777216)")  # fmt: skip
    talk.add_argument("--wait", type=float, default=1, metavar="SECONDS",
                      help="of silence after the end of the input, before we close (default: 1)")  # fmt: skip
    talk.add_argument("--no-history", action="store_true", help="neither read nor keep earlier lines")


def run(options: argparse.Namespace) -> int:
    """Talks until an end. Returns the exit status."""
    from .talk import Piped, Talk
    from .terminal import Terminal

    for name in ("ping", "timeout"):
        if getattr(options, name) is not None and not getattr(options, name) > 0:
            raise CommandError(f"--{name} must be positive", status=2)
    websocket = _connect(options)
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    talk: Talk = (Terminal if at_terminal else Piped)(websocket, options)
    return talk.run()


def _connect(options: argparse.Namespace) -> ClientConnection:
    from ..sync.client import connect, unix_connect

    arguments: dict[str, Any] = {
        "origin": options.origin,
        "subprotocols": options.subprotocol or None,
        "compression": None if options.no_compression else "deflate",
        "additional_headers": _headers(options.header),
        "open_timeout": options.timeout,
        "max_size": options.max_size or None,
        "ssl": _tls(options),
    }
    try:
        websocket: ClientConnection
        if options.unix is not None:
            websocket = unix_connect(options.unix, options.uri, **arguments)
        else:
            proxy = True if options.proxy is None else options.proxy or None
            websocket = connect(options.uri, proxy=proxy, **arguments)
        return websocket
    except InvalidStatus as refusal:
        raise CommandError(f"{refusal}{_first_line(refusal.response.body)}") from refusal
    except (InvalidURI, InvalidProxy) as error:
        raise CommandError(str(error), status=2) from error
    except (WebSocketException, OSError, ImportError) as error:  # OSError first: a bad certificate is a ValueError too
        raise CommandError(f"cannot connect to {options.uri}: {error}") from error
    except ValueError as error:
        raise CommandError(str(error), status=2) from error


def _headers(texts: list[str]) -> Headers:
    headers = Headers()
    for text in texts:
        name, colon, value = text.partition(":")
        try:
            if not colon:
                raise InvalidHeader(text)
            headers[name.strip()] = value.strip()
        except InvalidHeader:
            raise CommandError(f"--header: {text!r} is not 'NAME: VALUE'", status=2) from None
    return headers


def _first_line(body: bytes | None) -> str:
    line = bytes(body or b"").decode(errors="replace").strip().partition("\n")[0]
    return f": {escaped(line[:200])}" if line else ""


def _tls(options: argparse.Namespace) -> Any:
    if options.key is not None and options.cert is None:
        raise CommandError("--key needs --cert", status=2)
    if not (options.cacert or options.cert or options.insecure):
        return None
    if not options.uri.lower().startswith("wss:"):
        raise CommandError(f"--cacert, --cert and --insecure do not go with {options.uri}", status=2)
    import ssl

    try:
        context = ssl.create_default_context(cafile=options.cacert)
        if options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if options.cert is not None:
            context.load_cert_chain(options.cert, options.key)
    except OSError as error:  # an SSLError too
        with contextlib.suppress(AttributeError):
            error = error.reason or error  # type: ignore[attr-defined]
        raise CommandError(f"cannot load {options.cacert or options.cert}: {error}") from None
    return context

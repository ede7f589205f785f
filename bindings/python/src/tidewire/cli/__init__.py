# SPDX-License-Identifier: MIT
"""The command line: `python -m tidewire`, or `tidewire`. Each command is a module with add_parser and run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from .._version import __version__
from .text import CommandError

_COMMANDS = ("connect", "echo", "decode", "mask", "bench")

_EPILOG = """\
examples:
  python -m tidewire echo                              a server at ws://127.0.0.1:8765
  python -m tidewire connect ws://127.0.0.1:8765       talk to it
  echo hello | python -m tidewire connect wss://echo.example
  python -m tidewire decode 81 85 37fa213d 7f9f4d5158  what is in these bytes?
  python -m tidewire COMMAND --help                    all of a command

The exit status is 0 when all went well, 1 when something failed, and 2 when the command line makes no sense.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments`, by default those of the process, name. Returns the exit status."""
    options = _make_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except CommandError as error:
        print(f"tidewire {options.command}: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:
        # Whoever read our output has enough; the interpreter would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 1


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidewire",
        description="Tools for WebSockets: a client, an echo server, a decoder of captured streams, a benchmark.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tidewire {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in _COMMANDS:
        command = import_module(f".{name}", __name__)
        command.add_parser(subparsers)
        subparsers.choices[name].set_defaults(run=command.run)
    return parser

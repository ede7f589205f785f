# SPDX-License-Identifier: MIT
"""`python -m tidewire mask`: masks bytes, and unmasks them, which is the same."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .._native import mask
from .text import CommandError, read_file, read_hex

_EPILOG = """\
examples:
  python -m tidewire mask 37fa213d 7f9f4d5158          48656c6c6f, which is "Hello"
  python -m tidewire mask 37fa213d --file payload.bin --raw > masked.bin
"""


def add_parser(subparsers: Any) -> None:
    """Adds the command to those of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "mask",
        help="XOR bytes with a masking key",
        description="XORs bytes with a masking key, repeated (RFC 6455 5.3). To unmask is to mask once more.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("key", metavar="KEY", help="4 bytes in hex")
    parser.add_argument("hex", metavar="HEX", nargs="*", help="the bytes (default: hex from the standard input)")
    parser.add_argument("--file", metavar="FILE", help="bytes of a file instead; - is the standard input")
    parser.add_argument("--phase", type=int, default=0, metavar="N", help="payload bytes that came before (default: 0)")
    parser.add_argument("--raw", action="store_true", help="write bytes instead of hex")


def run(options: argparse.Namespace) -> int:
    """Writes the masked bytes. Returns the exit status."""
    key = read_hex(options.key, "KEY")
    if len(key) != 4:
        raise CommandError(f"KEY: a masking key has 4 bytes, not {len(key)}", status=2)
    if options.phase < 0:
        raise CommandError("--phase must not be negative", status=2)
    if options.file is not None:
        if options.hex:
            raise CommandError("give HEX or --file, not both", status=2)
        data = read_file(options.file)
    elif options.hex:
        data = read_hex(" ".join(options.hex), "HEX")
    else:
        data = read_hex(read_file("-").decode("latin-1"), "the standard input", status=1)
    masked = mask(data, key, options.phase)
    if options.raw:
        sys.stdout.buffer.write(masked)
    else:
        print(masked.hex())
    return 0

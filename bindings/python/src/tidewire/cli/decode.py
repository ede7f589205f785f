# SPDX-License-Identifier: MIT
"""`python -m tidewire decode`: what is in the bytes of one direction of a connection."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from typing import Any

from .._errors import Error
from .._native import decode_frames
from .._types import Role
from .inflater import Inflater
from .show_frame import HEADINGS, Shower
from .text import CommandError, Style, escaped, read_file, read_hex

_RSV1 = 4
_HEAD = re.compile(rb"[A-Z]{1,20} [^ \r\n]+ HTTP/1\.[01]\r\n|HTTP/1\.[01] \d\d\d")

_EPILOG = """\
The bytes are those that one side sent. From a capture they come, for example, by

  tshark -r capture.pcap -q -z follow,tcp,raw,0        in hex; take the lines of one side
  tcpflow -r capture.pcap                              a file of bytes for each direction: decode --raw FILE

An HTTP request or response at the start is shown and skipped. Offsets count from the first byte.

examples:
  python -m tidewire decode 81 85 37fa213d 7f9f4d5158
  python -m tidewire decode --file stream.hex
  python -m tidewire decode --raw 127.000.000.001.08765-127.000.000.001.51234 --from server
  xclip -o | python -m tidewire decode --inflate
"""


def add_parser(subparsers: Any) -> None:
    """Adds the command to those of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "decode",
        help="show the frames in captured bytes",
        description="Shows the frames in the bytes that one side of a connection has sent, and what is wrong with "
        "them.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("hex", metavar="HEX", nargs="*", help="the bytes (default: hex from the standard input)")
    parser.add_argument("--file", metavar="FILE", help="read hex from a file; - is the standard input")
    parser.add_argument("--raw", metavar="FILE", help="read bytes from a file; - is the standard input")
    parser.add_argument("--from", dest="sender", choices=("client", "server"),
                        help="who sent them, to check that frames are masked, or not")  # fmt: skip
    parser.add_argument("--inflate", action="store_true",
                        help="inflate compressed messages (permessage-deflate); without a further word where the HTTP "
                        "head names the extension")  # fmt: skip
    parser.add_argument("--limit", type=int, default=1024, metavar="BYTES",
                        help="of a payload to show; 0 is all (default: 1024)")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Shows the frames. Returns the exit status: 1 where the stream breaks a rule, or ends within a frame."""
    if options.limit < 0:
        raise CommandError("--limit must not be negative", status=2)
    stream = bytearray(_read(options))
    style = Style(sys.stdout)
    head_len = _head_len(stream)
    head = bytes(stream[:head_len])
    for line in head.decode("latin-1").split("\r\n")[:-2] if head else ():
        print(style("dim", f"    {escaped(line)}"))
    inflates = options.inflate or b"permessage-deflate" in head
    shower = Shower(style, options.limit or sys.maxsize, Inflater() if inflates else None)
    print(style("dim", HEADINGS))
    failures = 0
    for line, is_failure in _lines(stream[head_len:], head_len, options.sender, inflates, shower):
        failures += is_failure
        print(style("red", line) if is_failure else line)
    return 1 if failures else 0


def _read(options: argparse.Namespace) -> bytes:
    given = [source for source in (options.hex or None, options.file, options.raw) if source is not None]
    if len(given) > 1:
        raise CommandError("give one of HEX, --file and --raw", status=2)
    if options.raw is not None:
        return read_file(options.raw)
    if options.hex:
        return read_hex(" ".join(options.hex), "HEX")
    name = options.file or "-"
    return read_hex(read_file(name).decode("latin-1"), "the standard input" if name == "-" else name, status=1)


def _head_len(stream: bytearray) -> int:
    """How much of the stream is the head of an HTTP message."""
    if _HEAD.match(stream) is None:
        return 0
    end = stream.find(b"\r\n\r\n")
    if end < 0:
        raise CommandError("the HTTP head at the start has no end")
    return end + 4


def _lines(data: bytearray, at: int, sender: str | None, inflates: bool, shower: Shower) -> Iterator[tuple[str, bool]]:
    """Yields lines, and whether each tells of something wrong. `at` is the offset of the data in the stream."""
    receiver = None if sender is None else Role.SERVER if sender == "client" else Role.CLIENT
    error = None
    try:
        frames, consumed = decode_frames(data, role=receiver, allow_rsv=_RSV1 if inflates else 0)
    except Error as caught:
        error = caught
        frames, consumed = list(caught.events), len(data)
    for frame in frames:
        yield from shower.show(frame, at + frame.offset)
    if error is not None:
        hint = "; see --inflate" if error.name == "TW_ERR_RSV" and not inflates else ""
        offset = at + (error.offset or 0)
        yield f"{offset:>8}  {error.message} ({', '.join(filter(None, (error.section, error.name)))}){hint}", True
    elif consumed < len(data):
        wanted = _frame_len(data[consumed:])
        of = "" if wanted is None else f" of {wanted}"
        left = len(data) - consumed
        yield f"{at + consumed:>8}  the stream ends within a frame: {left}{of} bytes of it are here", True
    yield f"frames: {len(frames)}, whole messages: {shower.messages}", False


def _frame_len(start: bytearray) -> int | None:
    """The length of a frame by its first bytes (RFC 6455 5.2), None where there are too few."""
    if len(start) < 2:
        return None
    length = start[1] & 0x7F
    header_len = 2 + (4 if start[1] & 0x80 else 0)
    if length >= 126:
        width = 2 if length == 126 else 8
        if len(start) < 2 + width:
            return None
        length = int.from_bytes(start[2 : 2 + width], "big")
        header_len += width
    return header_len + length

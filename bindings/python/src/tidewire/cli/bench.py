# SPDX-License-Identifier: MIT
"""`python -m tidewire bench`: this library and its peers side by side, as far as they are installed."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import IO, Any

from .bench_plot import Result, as_html, as_table, can_write_png, write_png
from .text import CommandError

# The rows, and the package that each needs.
LIBRARIES = {
    "tidewire.callbacks": "tidewire",
    "tidewire": "tidewire",
    "picows": "picows",
    "picows.websockets": "picows",
    "websockets": "websockets",
    "aiohttp": "aiohttp",
}

_EPILOG = """\
Each server runs in a process of its own and echoes binary messages, without compression; the load comes from another
one, which compares every message that comes back. With two or more processors each has its own. Only ratios within one
run mean something, and only on a machine that has nothing else to do.

examples:
  python -m tidewire bench
  python -m tidewire bench --sizes 20 --connections 1,100 --pipeline 1,32 --plot bench.html
  python -m tidewire bench --libraries tidewire,websockets --loop uvloop --json bench.json
"""

_SECONDS_TO_START = 30
_SECONDS_TO_END = 60


def add_parser(subparsers: Any) -> None:
    """Adds the command to those of the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "bench",
        help="this library and installed peers side by side: echo over loopback",
        description="Measures echo servers over loopback: this library, and those of its peers that are installed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    counts = _list_of(_positive)
    parser.add_argument("--sizes", type=_list_of(_size), default=[20, 1024, 16384], metavar="BYTES,...",
                        help="payloads of the messages (default: 20,1024,16384)")  # fmt: skip
    parser.add_argument("--connections", type=counts, default=[100], metavar="N,...", help="default: 100")
    parser.add_argument("--pipeline", type=counts, default=[32], metavar="N,...",
                        help="messages under way on each connection (default: 32)")  # fmt: skip
    parser.add_argument("--seconds", type=_seconds, default=1.0, help="of each measurement (default: 1)")
    parser.add_argument("--libraries", type=_libraries, metavar="NAME,...",
                        help=f"of {', '.join(LIBRARIES)} (default: all that are installed)")  # fmt: skip
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio", help="the servers' event loop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--plot", type=_plot, metavar="FILE", help="draw them, to a name that ends with .html or .png")


def run(options: argparse.Namespace) -> int:
    """Measures, and prints a table. Returns the exit status."""
    _check(options)
    names = options.libraries or [name for name, package in LIBRARIES.items() if find_spec(package)]
    results = _measure_all(names, options)
    facts = _facts(names, options)
    print("\n\n".join(as_table(results)) + "\n\n" + "\n".join(facts))
    try:
        if options.json is not None:
            document = {"facts": facts, "results": [result.as_dict() for result in results]}
            options.json.write_text(json.dumps(document, indent=1) + "\n")
        if options.plot is not None and options.plot.suffix == ".png":
            write_png(results, facts, options.plot)
        elif options.plot is not None:
            options.plot.write_text(as_html(results, facts))
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error
    return 0


def _check(options: argparse.Namespace) -> None:
    """Before minutes are spent."""
    if options.plot is not None and options.plot.suffix == ".png" and not can_write_png():
        raise CommandError("--plot to a .png needs the package matplotlib, which is not installed; .html needs nothing")
    if options.loop == "uvloop" and find_spec("uvloop") is None:
        raise CommandError("--loop uvloop needs the package uvloop, which is not installed")
    for name in options.libraries or ():
        if find_spec(LIBRARIES[name]) is None:
            raise CommandError(f"the package {LIBRARIES[name]} is not installed")


# ---- Arguments ----


def _list_of(read: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def read_list(text: str) -> list[Any]:
        return [read(part) for part in text.split(",")]

    return read_list


def _number(text: str, low: int, high: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
    return number


def _positive(text: str) -> int:
    return _number(text, 1, 10_000)


def _size(text: str) -> int:
    return _number(text, 0, 1 << 20)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0.01 <= float(text) <= 3600:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0.01 to 3600")


def _libraries(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in LIBRARIES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(LIBRARIES)}")
    return names


def _plot(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".html", ".png"):
        raise argparse.ArgumentTypeError(f"{text!r} ends with neither .html nor .png")
    return path


# ---- Measuring ----


def _measure_all(names: Sequence[str], options: argparse.Namespace) -> list[Result]:
    """One server at a time, so that none takes memory or time from another."""
    loads = list(product(options.connections, options.pipeline, options.sizes))
    results = []
    progress = _Progress(len(names) * len(loads), sys.stderr)
    for name in names:
        with _server(name, options.loop) as (port, pid):
            for connections, pipeline, size in loads:
                progress.show(name, connections, pipeline, size)
                load = [str(number) for number in (port, pid, connections, pipeline, size, options.seconds)]
                figures = json.loads(_output("bench_load", load, options.seconds))
                results.append(Result(name, connections, pipeline, size, **figures))
    progress.end()
    return results


def _processors() -> tuple[set[int], set[int]] | None:
    """Those of the server and of the load, or None where they cannot have their own."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return ({allowed[-1]}, set(allowed[:-1])) if len(allowed) > 1 else None


def _start(module: str, arguments: Sequence[str], which: int) -> subprocess.Popen[str]:
    """Starts a module of this package; `which` is 0 for the server's processor, 1 for those of the load."""
    command = [sys.executable, "-m", f"tidewire.cli.{module}", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if (processors := _processors()) is not None:
        os.sched_setaffinity(process.pid, processors[which])
    return process


@contextlib.contextmanager
def _server(name: str, loop: str) -> Iterator[tuple[int, int]]:
    """Yields its port and its process."""
    with _start("bench_servers", [name, loop], 0) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip().isdigit():
                process.kill()
                raise CommandError(f"the server of {name} did not start: {_last_line(process.communicate()[1])}")
            yield int(line), process.pid
        finally:
            process.kill()


def _output(module: str, arguments: Sequence[str], seconds: float) -> str:
    with _start(module, arguments, 1) as process:
        try:
            out, error = process.communicate(timeout=_SECONDS_TO_START + seconds + _SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            raise CommandError("the load did not come to an end") from None
    if process.returncode != 0:
        raise CommandError(_last_line(error))
    return out


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


class _Progress:
    """A bar on a terminal, and nothing elsewhere."""

    WIDTH = 24

    def __init__(self, total: int, out: IO[str]) -> None:
        self._total = total
        self._done = 0
        self._out = out if out.isatty() else None

    def show(self, name: str, connections: int, pipeline: int, size: int) -> None:
        """Says what is measured next."""
        if self._out is not None:
            filled = self.WIDTH * self._done // self._total
            bar = "#" * filled + "." * (self.WIDTH - filled)
            load = f"{size} B, {connections} x {pipeline}"
            self._out.write(f"\r\x1b[K[{bar}] {self._done + 1}/{self._total} {name}, {load}")
            self._out.flush()
        self._done += 1

    def end(self) -> None:
        """Clears the line."""
        if self._out is not None:
            self._out.write("\r\x1b[K")
            self._out.flush()


def _facts(names: Sequence[str], options: argparse.Namespace) -> list[str]:
    """What one has to know of the figures."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and --help needs it not

    packages = []
    for package in dict.fromkeys(LIBRARIES[name] for name in names):
        with contextlib.suppress(PackageNotFoundError):
            packages.append(f"{package} {version(package)}")
    python = f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))}"
    pinned = "" if _processors() else "; server and load share the processors: the figures are of both together"
    return [
        f"{python}, {options.loop}; {', '.join(packages)}",
        f"{options.seconds:g} s each, without compression{pinned}",
    ]

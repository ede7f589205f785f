# SPDX-License-Identifier: MIT
"""The Python binding beside its peers: echo over loopback TCP, reading and masking in memory, idle connections."""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys

import echo
import loopback
import python_idle
from loopback import Failure, Server, settle

HERE = pathlib.Path(__file__).resolve().parent / "python"
PACKAGES = ("aiohttp", "aiofastnet", "picows", "tidewire", "uvloop", "websockets", "wsproto")

# A read into new memory, as asyncio.Protocol does it, makes the C library ask the system for memory and give it back at
# once, each time; with these it keeps the memory.
MALLOC = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=16777216"}

PROGRAMS = {
    "floor": ["floor.py"],
    "tw_listener": ["tidewire_listener.py"],
    "tw_serve": ["coroutine.py", "tidewire.asyncio"],
    "picows": ["picows_listener.py"],
    "picows.websockets": ["coroutine.py", "picows.websockets.asyncio.server"],
    "websockets": ["coroutine.py", "websockets.asyncio.server"],
    "aiohttp": ["aiohttp_handler.py"],
}
# {row: (program, environment)}
SERVERS = {
    "raw": (["raw.py"], {}),
    **{row: (program, {}) for row, program in PROGRAMS.items()},
    **{f"{row}:uvloop": ([*program, "--loop", "uvloop"], {}) for row, program in PROGRAMS.items()},
    **{f"{row}:malloc": (PROGRAMS[row], MALLOC) for row in ("websockets", "aiohttp")},
}
LOADS = [(1, 1, 20), (1, 32, 20), (100, 1, 20), (100, 32, 20), (100, 32, 1024), (100, 32, 16384)]

# What the programs that measure in memory have: {program: (table, rows, sizes)}
IN_MEMORY = {
    "receive.py": (
        "PythonReceive",
        ("tw_receive", "tw_read_commit", "tw_listener", "picows", "websockets", "wsproto", "aiohttp"),
        (16, 125, 1024),
    ),
    "mask.py": ("PythonMask", ("tw_mask", "tw_mask_into", "websockets", "aiohttp"), (16, 125, 1024, 65536)),
}
IDLE_ROWS = ("raw", *(row for row in PROGRAMS if row != "floor"))


class Interpreter:
    """The one that has the binding and its peers."""

    def __init__(self, path, build, cpu):
        if not pathlib.Path(path).exists():
            raise Failure(f"{path} is missing: packaging/dev bench makes it, or name another with --python")
        self.path = path
        self.cpu = cpu
        self.modules = pathlib.Path(build) / "bench" / "python"

    def output(self, *arguments, cpu=None):
        """What it prints."""
        done = subprocess.run(
            [self.path, *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            preexec_fn=None if cpu is None else lambda: settle(cpu),
        )
        if done.returncode != 0:
            raise Failure(f"{done.stderr}{' '.join(map(str, arguments))} failed")
        return done.stdout

    def make_floor(self):
        """Compiles the module tw_floor, which the row "floor" needs."""
        ask = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'), sysconfig.get_path('include'))"
        suffix, include = self.output("-c", ask).split()
        source, module = HERE / "floor.cc", self.modules / f"tw_floor{suffix}"
        if module.exists() and module.stat().st_mtime > source.stat().st_mtime:
            return
        module.parent.mkdir(parents=True, exist_ok=True)
        options = ["-std=c++20", "-O3", "-shared", "-fPIC", "-I", include, "-o", module]
        command = [os.environ.get("CXX", "c++"), *options, source]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{done.stderr}{source} does not compile")

    def server(self, row):
        program, environment = SERVERS[row]
        command = [self.path, HERE / "servers" / program[0], *program[1:]]
        path = os.pathsep.join([str(self.modules), *filter(None, [os.environ.get("PYTHONPATH")])])
        return Server(row, command, self.cpu, row == "raw", environment | {"PYTHONPATH": path})


def versions(path):
    """Of the interpreter and of the packages that it has, such as "picows 2.3.1"."""
    if not pathlib.Path(path).exists():
        return []
    code = (
        "import importlib.metadata as m, platform, sys\n"
        "print('CPython', platform.python_version())\n"
        "for name in sys.argv[1:]: print(name, m.version(name))"
    )
    done = subprocess.run([path, "-c", code, *PACKAGES], check=False, capture_output=True, text=True)
    return done.stdout.splitlines()


def echo_rows(chosen, interpreter, arguments):
    """chosen: [(what, load, row)]"""
    print(f"-- python, loopback: {len(chosen)} rows", file=sys.stderr, flush=True)
    if any(row.startswith("floor") for _, _, row in chosen):
        interpreter.make_floor()
    return echo.measure(chosen, interpreter.server, arguments)


def in_memory(program, interpreter, arguments):
    print(f"-- python, {program}", file=sys.stderr, flush=True)
    options = ["--repetitions", arguments.repetitions, "--min-time", arguments.min_time, "--filter", arguments.filter]
    return json.loads(interpreter.output(HERE / program, *options, cpu=arguments.cpu))


def idle(chosen, interpreter, arguments):
    """chosen: [(row, count)]. Memory does not vary as times do: each is measured once."""
    rows = dict.fromkeys(row for row, _ in chosen)
    print(f"-- python, idle connections: {len(rows)} rows", file=sys.stderr, flush=True)
    python_idle.raise_limit()
    measured = {}
    for row in {"raw": None} | rows:
        with interpreter.server(row) as server:
            measured[row] = python_idle.measure(server)
    return [python_idle.entry(row, count, measured[row][count], measured["raw"][count]) for row, count in chosen]


def suites(arguments):
    """Functions that return the results of the rows that match arguments.filter, each of one kind, so that what one has
    measured is not lost when another fails."""

    def matches(name):
        return re.search(arguments.filter, name) is not None

    jobs = []
    for program, (table, rows, sizes) in IN_MEMORY.items():
        if any(matches(f"BM_{table}/{row}/{size}") for row in rows for size in sizes):
            jobs.append(functools.partial(in_memory, program))
    known = [("PythonEcho", load, row) for load in LOADS for row in SERVERS]
    if chosen := [each for each in known if matches(loopback.name_of(*each))]:
        jobs.append(functools.partial(echo_rows, chosen))
    known = [(row, count) for row in IDLE_ROWS for count in python_idle.COUNTS]
    if chosen := [each for each in known if matches(python_idle.name_of(*each))]:
        jobs.append(functools.partial(idle, chosen))
    return [functools.partial(run, job, arguments) for job in jobs]


def run(job, arguments):
    try:
        return job(Interpreter(arguments.python, arguments.build, arguments.cpu), arguments)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"python: {failure}")

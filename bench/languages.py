# SPDX-License-Identifier: MIT
"""The Go and the Rust bindings beside their peers: echo over loopback TCP, and what needs no socket. The programs are
built from bench/go and bench/rust to build/bench; where they are not, there are no rows, and it is said."""

import dataclasses
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys

import echo
import loopback
from loopback import Failure, Server, settle

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE.parent / "build/bench"
LOADS = [(connections, 1, size) for connections in (1, 100) for size in (20, 1024, 16384)]
LOADS += [(1, 32, 20), *((100, 32, size) for size in (20, 1024, 16384))]


@dataclasses.dataclass(frozen=True)
class Language:
    """Programs of one, as tools of the language have built them."""

    name: str  # as tables and rows have it
    folder: str  # in PROGRAMS
    in_memory: str  # the program for rows that need no socket
    servers: dict  # {row of the table Echo: [program, argument...]}, without the port

    def program(self, name):
        return PROGRAMS / self.folder / name

    @property
    def is_built(self):
        return self.program(self.in_memory).exists()

    def server(self, row, cpu):
        program, *options = self.servers[row]
        return Server(row, [self.program(program), *options, "0"], cpu, row == "raw")

    def known(self):
        return [(f"{self.name}Echo", load, row) for load in LOADS for row in self.servers]


GO = Language(
    "Go",
    "go",
    "rows",
    {
        "raw": ["raw"],
        "floor": ["floor"],
        "tw_read_message": ["tidewire"],
        "tw_read_message_into": ["tidewire", "--into"],
        "tw_read_batch": ["tidewire", "--batch"],
        "gws": ["gws"],
        "gorilla": ["gorilla"],
        "coder": ["coder"],
    },
)
RUST_ROWS = "raw tw_connection tw_borrowed tw_feed tw_forward".split()
RUST_ROWS += "tungstenite tungstenite:forward fastwebsockets tokio-websockets".split()
RUST = Language("Rust", "rust/release", "tw_rust_rows", {row: ["tw_rust_echo", row] for row in RUST_ROWS})
RUST_PACKAGES = ("tokio", "tokio-tungstenite", "fastwebsockets", "tokio-websockets")
LANGUAGES = (GO, RUST)


# ---- What is there ----


def missing():
    """{language: why it has no rows}"""
    why = "no rows: {} is missing; packaging/dev bench builds it where the language is there"
    return {each.name: why.format(PROGRAMS / each.folder) for each in LANGUAGES if not each.is_built}


def versions():
    """Of the compilers and of the peers, such as "lxzan/gws 1.8.9"."""
    found = []
    if GO.is_built:
        command = [GO.program(GO.in_memory), "--versions"]
        found += subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    if RUST.is_built:
        if shutil.which("rustc"):
            done = subprocess.run(["rustc", "--version"], check=False, capture_output=True, text=True)
            found.append(" ".join(done.stdout.split()[:2]))
        manifest = (HERE / "rust/Cargo.toml").read_text()
        found += [f"{name} {pinned(manifest, name)}" for name in RUST_PACKAGES]
    return found


def pinned(manifest, package):
    """The one version that the text of a manifest wants of a package."""
    return re.search(rf'^{package} = .*"=([0-9.]+)"', manifest, re.MULTILINE)[1]


# ---- Running ----


def in_memory(language, arguments):
    """The program itself knows its rows, and which of them match."""
    options = {"filter": arguments.filter, "repetitions": arguments.repetitions, "min-time": arguments.min_time}
    command = [language.program(language.in_memory)]
    for option, value in options.items():
        command += [f"--{option}", str(value)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, preexec_fn=lambda: settle(arguments.cpu)
    )
    if done.returncode != 0:
        raise Failure(f"{done.stderr}{command[0]} failed")
    entries = json.loads(done.stdout)
    if entries:
        rows = len({entry["name"] for entry in entries})
        print(f"-- {language.name}, in memory: {rows} rows were run", file=sys.stderr, flush=True)
    return entries


def echo_rows(language, chosen, arguments):
    """chosen: [(what, load, row)]"""
    print(f"-- {language.name}, loopback: {len(chosen)} rows", file=sys.stderr, flush=True)
    return echo.measure(chosen, lambda row: language.server(row, arguments.cpu), arguments)


def suites(arguments):
    """Functions that return the results of the rows that match arguments.filter, each of one kind, so that what one has
    measured is not lost when another fails."""
    jobs = []
    for language in LANGUAGES:
        if not language.is_built:
            continue
        jobs.append((language, functools.partial(in_memory, language)))
        known = language.known()
        if chosen := [each for each in known if re.search(arguments.filter, loopback.name_of(*each))]:
            jobs.append((language, functools.partial(echo_rows, language, chosen)))
    return [functools.partial(run, language, job, arguments) for language, job in jobs]


def run(language, job, arguments):
    try:
        return job(arguments)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"{language.name}: {failure}")

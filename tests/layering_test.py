#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails on an include that runs against the order of the rooms, and on other breaches of the layout.

    base <- simd <- wire <- buffer <- message <- connection <- capi <- bindings

Run without arguments it first checks that it finds every kind of breach in a tree made for the purpose, then checks
the repository. `layering_test.py ROOT` checks another tree.
"""

import pathlib
import re
import sys
import tempfile

ROOMS = ["base", "simd", "wire", "buffer", "message", "connection", "capi", "bindings"]
SOURCES = {".c", ".cc", ".h", ".hpp", ".cpp", ".inc", ".go", ".rs"}

MAX_LINES = 400
MAX_EXAMPLE_LINES = 199  # people copy them whole
# The one public header, as it is and as it was.
LONG_FILE = re.compile(r"capi/(include|abi/[\d.]+)/tidewire/tidewire\.h$")

# Made of the sources by packaging/amalgamate.py, which has a test of its own.
GENERATED = {"bindings/go/internal/engine/tidewire.cc", "bindings/go/internal/engine/tidewire.h"}

# The one package of Go that knows the C interface.
GO_DOOR = "bindings/go/internal/engine/"
GO_FOREIGN = re.compile(r'^import "C"', re.MULTILINE)

# The engine runs without the C++ run time. What these headers declare allocates, throws, locks or prints.
RUNTIME_HEADERS = set(
    """any barrier chrono codecvt condition_variable coroutine deque exception execution filesystem format
    forward_list fstream functional future iomanip ios iosfwd iostream istream latch list locale map memory
    memory_resource mutex ostream queue random regex scoped_allocator semaphore set shared_mutex sstream stack
    stdexcept stop_token streambuf string strstream syncstream system_error thread typeindex typeinfo
    unordered_map unordered_set valarray variant vector""".split()
)

# Of the cpu_features library, whose include directory is its own.
DETECTOR_HEADER = re.compile(r"(cpu_features/.*|cpuinfo_\w+\.h|cpu_features_\w+\.h)$")
DETECTOR_FILE = "core/simd/cpu.cc"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(path):
    """The room of a repository path such as core/wire/mask.h or capi/src/pool.cc; None outside the rooms."""
    parts = path.split("/")
    if parts[0] == "core" and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] in ("capi", "bindings") else None


def check_include(path, bracket, target):
    """What is wrong with one include, or None."""
    room = room_of(path)
    public_only = path.startswith(("bindings/", "capi/examples/"))
    target_room = room_of(target)
    if bracket == '"' and target.startswith("../"):
        return "is relative: write it from the root"
    if public_only and target_room is not None:
        return "may see only <tidewire/...>"
    if path.startswith("core/") and target.split("/")[0] == "tidewire":
        return "the core does not know the C header"
    if target_room is not None and target_room not in ROOMS:
        return f"{target_room} is not a room"
    if target_room is not None and ROOMS.index(target_room) > ROOMS.index(room):
        return f"{room} may not know {target_room}"
    if DETECTOR_HEADER.match(target) and path != DETECTOR_FILE:
        return f"only {DETECTOR_FILE} may include cpu_features"
    if path.startswith(("core/", "capi/src/")) and bracket == "<" and target in RUNTIME_HEADERS:
        return "needs the C++ run time"
    return None


def check_file(path, text):
    """Every breach in one file, as lines of text."""
    room = room_of(path)
    if room not in ROOMS:
        return [f"{path}: {room} is not a room"]
    found = []
    for match in INCLUDE.finditer(text):
        fault = check_include(path, match[1], match[2])
        if fault:
            line = text.count("\n", 0, match.start(2)) + 1
            found.append(f"{path}:{line}: include of {match[2]}: {fault}")
    if path.endswith(".go") and not path.startswith(GO_DOOR) and GO_FOREIGN.search(text):
        found.append(f"{path}: only {GO_DOOR} imports C")
    lines = text.count("\n")
    most = MAX_EXAMPLE_LINES if path.startswith("capi/examples/") else MAX_LINES
    if lines > most and not LONG_FILE.match(path):
        found.append(f"{path}: {lines} lines, more than {most}")
    return found


def source_files(root):
    """Paths below root, without build trees and without following links (bindings link to core and capi)."""
    for top in ("core", "capi", "bindings"):
        for path in sorted((root / top).rglob("*")):
            inner = path.relative_to(root)
            folders = [root / parent for parent in inner.parents]
            if path.suffix not in SOURCES or not path.is_file() or any(folder.is_symlink() for folder in folders):
                continue
            if not {"build", "target", "node_modules", ".venv"}.isdisjoint(inner.parts):
                continue
            if inner.as_posix() in GENERATED:
                continue
            yield inner.as_posix()


def check_tree(root):
    """Every breach in the tree, and the number of files that were read."""
    found = []
    seen = {}
    paths = list(source_files(root))
    for path in paths:
        found += check_file(path, (root / path).read_text(encoding="utf-8"))
        if path.startswith(("core/", "capi/src/", "capi/include/")):
            name = path.rsplit("/", 1)[1]
            if name in seen:
                found.append(f"{path}: has the name of {seen[name]}")
            seen[name] = path
    return found, len(paths)


GOOD_TREE = {
    "core/base/bytes.h": "#include <stddef.h>\n#include <atomic>\n",
    "core/simd/cpu.cc": '#include <new>\n#include <cpuinfo_x86.h>\n#include "core/base/bytes.h"\n',
    "core/wire/mask.h": '#include "core/simd/cpu.h"\n#include "core/wire/opcode.h"\n',
    "capi/src/wire.cc": '#include <tidewire/tidewire.h>\n#include "core/connection/connection.h"\n#include "capi/src/guard.h"\n',
    "capi/examples/echo.c": "#include <stdio.h>\n#include <tidewire/tidewire.h>\n",
    "bindings/python/native/module.cc": "#include <tidewire/tidewire.h>\n#include <string>\n",
    "bindings/go/build/any.c": '#include "core/base/bytes.h"\n',
    "bindings/go/internal/engine/tidewire.cc": "\n" * (MAX_LINES + 1),
    "bindings/go/internal/engine/cgo.go": 'import "C"\n',
}

BAD_FILES = {
    "core/base/upward.h": '#include "core/simd/kernels.h"\n',
    "core/wire/upward.cc": '#include  "core/connection/connection.h"\n',
    "core/buffer/capi.cc": '#  include "capi/src/guard.h"\n',
    "core/message/header.cc": "#include <tidewire/tidewire.h>\n",
    "core/message/relative.cc": '#include "../base/bytes.h"\n',
    "core/connection/vector.cc": "#include <vector>\n",
    "capi/src/string.cc": "#include <string>\n",
    "capi/src/upward.c": '#include "bindings/python/native/buffer_arg.h"\n',
    "core/simd/kernels.cc": "#include <cpuinfo_x86.h>\n",
    "capi/src/detector.cc": "#include <cpu_features/cpuinfo_aarch64.h>\n",
    "capi/examples/inside.c": '#include "core/base/bytes.h"\n',
    "bindings/python/native/inside.cc": '#include "capi/src/guard.h"\n',
    "bindings/go/conn.go": 'package tidewire\n\nimport "C"\n',
    "bindings/rust/tidewire/src/long.rs": "\n" * (MAX_LINES + 1),
    "core/net/socket.cc": "\n",
    "core/wire/unknown.cc": '#include "core/net/socket.h"\n',
    "core/wire/long.cc": "\n" * (MAX_LINES + 1),
    "capi/examples/long.c": "\n" * (MAX_EXAMPLE_LINES + 1),
    "capi/src/bytes.h": "\n",
}


def write_tree(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def check_myself():
    """What this test finds in a good tree, and what it misses in a bad one."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        write_tree(root, GOOD_TREE)
        (root / "bindings/python/core").symlink_to(root / "core")
        mistakes = [f"self-test: found in a good tree: {line}" for line in check_tree(root)[0]]
        for path, text in BAD_FILES.items():
            write_tree(root, {path: text})
            if not any(line.startswith(path) for line in check_tree(root)[0]):
                mistakes.append(f"self-test: {path} was not found")
            (root / path).unlink()
    return mistakes


def main():
    if len(sys.argv) > 1:
        problems, count = check_tree(pathlib.Path(sys.argv[1]))
    else:
        problems = check_myself()
        found, count = check_tree(pathlib.Path(__file__).resolve().parent.parent)
        problems += found
    if count == 0:
        problems.append("no source files were found")
    for line in problems:
        print(line)
    print(f"{count} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

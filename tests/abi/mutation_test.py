# SPDX-License-Identifier: MIT
"""Breaks a copy of the library in one way after the other, and sees which checks of the binary interface fail.

usage: mutation_test.py SOURCE_DIR OLD_PROGRAM C_COMPILER CMAKE [ARGUMENT OF CMAKE...]

A mutation is made as a careful author would make it: header, table, symbols.txt and the lines of layout_test.c agree with
each other, so that only what remembers 1.0, or the reference, can object. What fails must be exactly what is listed, and
each output must name what was broken. No check sees everything:

  old program   sees what it uses, and not what the machine's calling convention forgives, such as another integer type
                of a parameter in a register; its table form also sees the order of the slots
  symbols       sees names and their versions, not types
  layout        sees offsets, sizes and constants, not the types of what has the same size, and no functions
  declarations  sees the text of the headers, not the library
  elf           sees the file as the loader does, nothing of the interface
  abidiff       sees functions and types, not macros: statuses and flags are invisible to it; and it takes every growth
                of a versioned struct for a change, so that the reference is written anew where one is meant
  api           (tests/capi/api_test.py) sees that headers, table, symbols.txt, layout.txt and library agree today, and
                so nothing of what is done carefully
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import abi_check

HEADER = "capi/include/tidewire/tidewire.h"
TABLE = "capi/include/tidewire/tw_table.h"
LAYOUT = "tests/capi/layout_test.c"
TABLE_ROWS = "capi/src/tw_table.cc"
PONG = "(tw_conn *conn, const uint8_t *data, size_t len);\n"


@dataclass
class Mutation:
    what: str
    names: str  # what every failing check must name
    fails: set  # the checks that fail
    edits: list  # of (file, text, replacement)


def insert(anchor, line, file=HEADER):
    """An edit that puts a line before the one that begins with anchor."""
    return (file, "\n" + anchor, "\n" + line + "\n" + anchor)


def insert_in_layout(struct, anchor):
    return insert(anchor, f"  FIELD({struct}, added);", LAYOUT)


def swap(file, one, other):
    return [(file, one, one + "?"), (file, other, one), (file, one + "?", other)]


MUTATIONS = [
    Mutation("nothing changed", "", set(), []),
    Mutation(
        "a function removed",
        "conn_pong",
        {"old program", "old table", "symbols", "declarations", "abidiff"},
        [
            (HEADER, "TW_API tw_status tw_conn_pong" + PONG, ""),
            (TABLE, "  tw_status (*conn_pong)" + PONG, ""),
            (TABLE_ROWS, "tw_conn_pong,", ""),
            ("capi/symbols.txt", "tw_conn_pong 1.0\n", ""),
        ],
    ),
    Mutation(
        "a function moved to another version",
        "tw_conn_ping",
        {"old program", "old table", "symbols", "abidiff"},
        [("capi/symbols.txt", "tw_conn_ping 1.0\n", "tw_conn_ping 1.1\n")],
    ),
    Mutation(
        "a field inserted in tw_conn_config",
        "tw_conn_config",
        {"old program", "old table", "layout", "declarations", "abidiff"},
        [
            insert("  uint64_t max_frame_len;", "  uint64_t added;"),
            insert_in_layout("tw_conn_config", "  FIELD(tw_conn_config, max_frame_len);"),
        ],
    ),
    Mutation(
        "a field appended to tw_conn_config, which is allowed",
        "tw_conn_config",
        {"abidiff"},
        [
            insert("} tw_conn_config;", "  uint64_t added;"),
            insert_in_layout("tw_conn_config", "  SIZE(tw_error);"),
        ],
    ),
    Mutation(
        "two fields of one size swapped in tw_conn_config",
        "max_frame_len",
        {"old program", "old table", "layout", "declarations", "abidiff"},
        [
            *swap(HEADER, "  uint64_t max_frame_len;", "  uint64_t max_message_len;"),
            *swap(LAYOUT, "FIELD(tw_conn_config, max_frame_len)", "FIELD(tw_conn_config, max_message_len)"),
        ],
    ),
    Mutation(
        "a parameter's type changed",
        "close_code_valid",
        {"declarations", "abidiff"},
        [
            (HEADER, "tw_close_code_valid(uint32_t code)", "tw_close_code_valid(uint64_t code)"),
            (TABLE, "(*close_code_valid)(uint32_t code)", "(*close_code_valid)(uint64_t code)"),
            ("capi/src/tw_wire.cc", "tw_close_code_valid(uint32_t code)", "tw_close_code_valid(uint64_t code)"),
        ],
    ),
    Mutation(
        "two slots of the table swapped",
        "conn_pong",
        {"old table", "declarations", "abidiff"},
        [*swap(TABLE, "(*conn_ping)", "(*conn_pong)"), *swap(TABLE_ROWS, "tw_conn_ping,", "tw_conn_pong,")],
    ),
    Mutation(
        "a constructor added",
        "INIT_ARRAY",
        {"elf"},
        [
            insert(
                "using namespace tidewire;", "__attribute__((constructor)) static void early() {}", "capi/src/tw_lib.cc"
            )
        ],
    ),
    Mutation(
        "a field inserted in tw_frame",
        "tw_frame",
        {"old program", "old table", "layout", "declarations", "abidiff"},
        [
            insert("} tw_frame;", "  uint64_t added;"),
            insert("} tw_event;", "  uint64_t added;"),
            insert_in_layout("tw_frame", "  SIZE(tw_log);"),
            insert_in_layout("tw_event", "  SIZE(tw_deflate);"),
            ("core/wire/frame_batch.h", "};\nstatic_assert(sizeof(Frame) == 32);", "  uint64_t added;\n};"),
            (
                "core/connection/event.h",
                "};\n\nstatic_assert(sizeof(Event)",
                "  uint64_t added;\n};\n\nstatic_assert(sizeof(Event)",
            ),
        ],
    ),
    Mutation(
        "a status renumbered",
        "TW_ERR_MASK_MISSING",
        {"old program", "old table", "layout", "declarations"},
        [
            (HEADER, "TW_ERR_MASK_MISSING (-104)", "TW_ERR_MASK_MISSING (-119)"),
            ("core/base/status.h", "kMaskMissing = -104", "kMaskMissing = -119"),
        ],
    ),
]


def run(*command, **options):
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def must(*command):
    done = run(*command)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


class Tree:
    """A copy of the sources, and the library that is built from it."""

    def __init__(self, root, folder, compiler, configure):
        self.root = folder / "source"
        self.build = folder / "build"
        self.library = self.build / "capi/libtidewire.so"
        self.compiler = compiler
        self.cmake = configure[0]
        for needed in ("CMakeLists.txt", "capi", "core", "packaging", "tests/abi", "tests/capi"):
            copy = shutil.copytree if (root / needed).is_dir() else shutil.copy
            (self.root / needed).parent.mkdir(parents=True, exist_ok=True)
            copy(root / needed, self.root / needed)
        flags = ["-DCMAKE_BUILD_TYPE=Debug", "-DTW_BUILD_TESTS=OFF", "-DTW_BUILD_EXAMPLES=OFF"]
        must(*configure, *flags, "-S", self.root, "-B", self.build)

    def edit(self, edits):
        """Returns what was there, for restore."""
        before = {name: (self.root / name).read_text() for name, _, _ in edits}
        for name, text, replacement in edits:
            content = (self.root / name).read_text()
            if content.count(text) != 1:
                sys.exit(f"{name}: has {content.count(text)} times what is to be replaced:\n{text}")
            (self.root / name).write_text(content.replace(text, replacement))
        return before

    def restore(self, before):
        for name, content in before.items():
            (self.root / name).write_text(content)

    def make(self):
        must(self.cmake, "--build", self.build, "--target", "tidewire", "-j", "2")
        program = self.build / "layout_test"
        include = f"-I{self.root / 'capi/include'}"
        must(self.compiler, "-std=c99", include, self.root / LAYOUT, "-o", program, self.library)
        (self.root / "tests/capi/layout.txt").write_text(self.with_library(program).stdout)

    def with_library(self, *command):
        return run(*command, env={**os.environ, "LD_LIBRARY_PATH": str(self.library.parent)})

    def checks(self, old_program):
        """For every check by its name, whether it failed and what it said."""
        runs = {
            "old program": self.with_library(old_program),
            "old table": self.with_library(old_program, self.library),
            "api": run(sys.executable, self.root / "tests/capi/api_test.py", self.root, self.library),
        }
        done = {name: (result.returncode != 0, result.stdout) for name, result in runs.items()}
        for name in ("symbols", "layout", "declarations", "elf", "abidiff"):
            wrong = abi_check.CHECKS[name](self.root, self.library)
            done[name] = (wrong != [], "\n".join(wrong))
        return done


def judge(mutation, done):
    wrong = []
    for name, (failed, said) in done.items():
        if failed != (name in mutation.fails):
            wrong.append(f"{name} {'fails' if failed else 'passes'}")
        elif failed and mutation.names not in said:
            wrong.append(f"{name} does not name {mutation.names}")
        else:
            continue
        wrong.append(said)
    return wrong


def main(source_dir, old_program, compiler, *configure):
    if shutil.which("abidiff") is None:
        print("skipped: there is no abidiff (Debian: abigail-tools)")
        return abi_check.SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(pathlib.Path(source_dir), pathlib.Path(folder), compiler, configure)
        for mutation in MUTATIONS:
            before = tree.edit(mutation.edits)
            tree.make()
            wrong = judge(mutation, tree.checks(old_program))
            tree.restore(before)
            print(f"{'FAILED' if wrong else 'ok'}: {mutation.what}", *wrong, sep="\n    ", flush=True)
            failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds SECURITY.md to the sources: what it names exists, and every test of a hazard and every limit is in it."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTED_SUITES = ("Hazard", "HeldMemory")


def unit_tests():
    """Suite.Name of every test of the engine."""
    found = set()
    for path in (ROOT / "tests/unit").rglob("*_test.cc"):
        tests = re.findall(r"^TEST\((\w+), (\w+)\)", path.read_text("utf-8"), re.M)
        found.update(f"{suite}.{name}" for suite, name in tests)
    return found


# How a test begins in a language of the bindings.
BEGIN = {".py": r"^(?:async )?def", ".go": r"^func", ".rs": r"^\s*(?:async )?fn"}


def in_binding(name):
    """Whether there is a test of that name, path::function."""
    path, _, function = name.partition("::")
    file = ROOT / path
    return file.exists() and re.search(rf"{BEGIN[file.suffix]} {function}\(", file.read_text("utf-8"), re.M) is not None


def limits():
    """The fields of the configurations that are limits and time-outs."""
    header = (ROOT / "capi/include/tidewire/tidewire.h").read_text("utf-8")
    structs = re.findall(r"^typedef struct tw_(?:conn|handshake|deflate)_config \{\n(.*?)^\}", header, re.M | re.S)
    if len(structs) != 3:
        raise SystemExit("tidewire.h does not have the three configurations")
    return set(re.findall(r"\b((?:max_\w+|\w+_timeout_ns));", "\n".join(structs)))


def main():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = set(re.findall(r"`([^`\n]+)`", text))
    tests = unit_tests()
    test_names = {name for name in named if re.fullmatch(r"[A-Z]\w*\.[A-Z]\w*", name)}
    paths = {name for name in named if re.fullmatch(r"(?:tests|core|capi|bindings)/[\w./*]+", name)}
    binding_tests = {name for name in named if re.fullmatch(r"bindings/[\w./]+\.(?:py|go|rs)::\w+", name)}
    faults = [f"names a test that does not exist: {name}" for name in sorted(test_names - tests)]
    faults += [f"names a file that does not exist: {name}" for name in sorted(paths) if not list(ROOT.glob(name))]
    faults += [f"names a test that does not exist: {name}" for name in sorted(binding_tests) if not in_binding(name)]
    listed = {name for name in tests if name.split(".")[0] in LISTED_SUITES}
    faults += [f"does not name the test {name}" for name in sorted(listed - test_names)]
    faults += [f"does not name the limit {name}" for name in sorted(limits() - named)]
    if not listed:
        faults.append("there are no tests of hazards")
    for fault in faults:
        print(f"SECURITY.md {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

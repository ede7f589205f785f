# SPDX-License-Identifier: MIT
"""What the public headers, the table, symbols.txt, layout.txt and the shared library say of each other.

usage: api_test.py SOURCE_DIR LIBRARY [--sanitized]
"""

import pathlib
import re
import subprocess
import sys

FUNCTION = re.compile(r"^TW_API [^(]*?\b(tw_\w+)\(", re.MULTILINE)
SLOT = re.compile(r"^  [^/\n]*\(\*(\w+)\)\(", re.MULTILINE)
CONSTANT = re.compile(r"^#define (TW_\w+) [(]?(-?(?:0x)?[0-9A-Fa-f]+)u?[)]?(?:\s|$)", re.MULTILINE)
# Part of the version, which every release changes.
NOT_IN_LAYOUT = {"TW_VERSION_MAJOR", "TW_VERSION_MINOR", "TW_VERSION_PATCH", "TW_ABI_MINOR"}

failures = []


def check_equal(what, got, want):
    if got == want:
        return
    failures.append(what)
    print(f"{what}: differs", file=sys.stderr)
    for name in [x for x in got if x not in want]:
        print(f"    unexpected: {name}", file=sys.stderr)
    for name in [x for x in want if x not in got]:
        print(f"    missing: {name}", file=sys.stderr)
    if sorted(got) == sorted(want):
        print(f"    another order: {got}\n    expected:      {want}", file=sys.stderr)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported(library):
    """The dynamic symbols that the library defines, as symbols.txt writes them: name and version."""
    lines = output_of("nm", "-D", "--defined-only", library).splitlines()
    names = [line.split()[-1] for line in lines if line.split()[-2] != "A"]  # A: the versions themselves
    return sorted(name.replace("@@TW_", " ") for name in names)


def needed(library):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", "-W", library))


def field_of(declaration):
    """The name that a member's declaration gives: a function pointer, an array or anything else."""
    match = re.search(r"\(\*(\w+)\)|(\w+)(?:\[\w+\])?$", declaration.strip())
    return match.group(1) or match.group(2)


def check_functions(stable, unstable, table, symbols):
    check_equal("functions in a header", sorted(stable + unstable), symbols)
    check_equal("order of symbols.txt", symbols, sorted(symbols))
    slots = ["tw_" + name for name in SLOT.findall(table)]
    check_equal("slots of the table", sorted(slots), sorted(name for name in stable if name != "tw_get_api"))


def check_layout(structs, constants, layout):
    in_layout = {name: value for name, value in layout.items() if name.startswith("TW_")}
    check_equal("constants in layout.txt", sorted(in_layout.items()), sorted(constants.items()))
    for name, body in structs:
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        want = [f"{name}.{field_of(part)}" for part in body.split(";") if part.strip()]
        check_equal(f"fields of {name}", [key for key in layout if key.startswith(name + ".")], want)


def check_library(library, symbols, sanitized):
    check_equal("exported symbols", exported(library), sorted(symbols))
    if sanitized:  # the sanitizers bring libraries of their own
        return
    allowed = r"ld-linux.*|libc\.so(\.6)?|libz(-ng)?\.so\.\d+"  # musl's libc has no version
    check_equal("needed libraries", [name for name in needed(library) if not re.fullmatch(allowed, name)], [])


def main(source_dir, library, *options):
    root = pathlib.Path(source_dir)
    include = root / "capi/include/tidewire"
    header = (include / "tidewire.h").read_text()
    unstable = (include / "tw_unstable.h").read_text()
    versions = (root / "capi/symbols.txt").read_text().splitlines()
    symbols = [line.split()[0] for line in versions]
    layout = dict(line.split(" ", 1) for line in (root / "tests/capi/layout.txt").read_text().splitlines())
    functions = FUNCTION.findall(header)
    structs = re.findall(r"^typedef struct (tw_\w+) \{(.*?)^\}", header, re.MULTILINE | re.DOTALL)
    constants = {name: str(int(value, 0)) for name, value in CONSTANT.findall(header) if name not in NOT_IN_LAYOUT}

    table = (include / "tw_table.h").read_text()
    check_functions(functions, FUNCTION.findall(unstable), table, symbols)
    check_layout(structs, constants, layout)
    check_library(library, versions, "--sanitized" in options)
    if len(functions) < 50 or len(structs) < 10 or len(constants) < 80:
        failures.append("the headers were not understood")
        print(f"only {len(functions)} functions, {len(structs)} structs, {len(constants)} constants", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

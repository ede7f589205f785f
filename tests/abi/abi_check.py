# SPDX-License-Identifier: MIT
"""What today's headers and library must keep of the versions in capi/abi, and of the reference that is committed.

usage: abi_check.py CHECK SOURCE_DIR LIBRARY

  symbols       every function is exported with the version in which it came
  layout        every line of a version's layout.txt still holds; structs that begin with struct_size may have grown
  declarations  prototypes, macros, struct members and slots of the table are in the headers as the version has them
  elf           what the loader does with the library: no run time, thread or constructor, nothing writable and executable
  abidiff       libabigail sees no change against tests/abi/libtidewire-x86_64.abi; exits with 77 where it cannot tell
  reference     writes that file, after a change that is meant: abi_check.py reference . build/dev/capi/libtidewire.so
"""

import pathlib
import re
import shutil
import subprocess
import sys

REFERENCE = "tests/abi/libtidewire-x86_64.abi"
HEADERS = ("tidewire.h", "tw_table.h")
SKIPPED = 77
# What every release changes, and initialisers, which grow with their structs.
NOT_FROZEN = re.compile(r"TW_VERSION_\w+|TW_ABI_MINOR|TW_\w+_INIT")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def versions(root):
    """The folders of the released versions, oldest first."""
    return sorted((root / "capi/abi").iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])


def missing(old, new):
    """One line for each entry of a dict that another lacks or has otherwise."""
    return [
        f"{name}: is {new[name]}, was {old[name]}" if name in new else f"{name}: is gone"
        for name in old
        if new.get(name) != old[name]
    ]


# ---- Headers ----


def text_of(include):
    text = "\n".join((include / name).read_text() for name in HEADERS)
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL).replace("\\\n", " ")
    return re.sub(r"[ \t]+", " ", text)


def flat(text):
    return " ".join(text.split())


def declarations_of(text):
    """Everything but struct members that a program can see, by name."""
    found = {f"{name}()": flat(text) for text, name in re.findall(r"^(TW_API [^;]*?(\w+)\([^;]*);", text, re.MULTILINE)}
    for line in re.findall(r"^ ?# ?define (.*)", text, re.MULTILINE):
        name = re.match(r"\w+", line).group()
        if not NOT_FROZEN.fullmatch(name):
            found.setdefault(name, []).append(flat(line))
    for line in re.findall(r"^typedef [^{;]*;", text, re.MULTILINE):
        found[flat(line)] = "declared"
    return found


def structs_of(text):
    bodies = re.findall(r"^typedef struct (\w+) \{(.*?)\}", text, re.MULTILINE | re.DOTALL)
    return {name: [flat(member) for member in body.split(";") if member.strip()] for name, body in bodies}


def is_versioned(members):
    return members[0] == "size_t struct_size"


def check_declarations(root, _library):
    new = text_of(root / "capi/include/tidewire")
    wrong = []
    for version in versions(root):
        old = text_of(version / "tidewire")
        wrong += missing(declarations_of(old), declarations_of(new))
        for name, members in structs_of(old).items():
            today = structs_of(new).get(name, [])
            if is_versioned(members):
                today = today[: len(members)]
            pairs = zip(today, members, strict=False)
            wrong += [f"{name}: has {a!r} where {version.name} has {b!r}" for a, b in pairs if a != b]
            if len(today) != len(members):
                wrong.append(f"{name}: has {len(today)} members, in {version.name} {len(members)}")
    return wrong


# ---- Layout ----


def layout_of(path):
    return dict(line.split(" ", 1) for line in path.read_text().splitlines())


def check_layout(root, _library):
    wrong = []
    for version in versions(root):
        old, new = layout_of(version / "layout.txt"), layout_of(root / "tests/capi/layout.txt")
        for name in old:
            if f"{name}.struct_size" in old and int(new.get(name, 0)) >= int(old[name]):
                new[name] = old[name]
        wrong += missing(old, new)
    return wrong


# ---- Library ----


def check_symbols(root, library):
    old = {}
    for version in versions(root):
        for name in declarations_of(text_of(version / "tidewire")):
            if name.endswith("()"):
                old.setdefault(name[:-2], f"TW_{version.name}")
    lines = output_of("nm", "-D", "--defined-only", library).splitlines()
    new = dict(line.split()[-1].split("@@") for line in lines if "@@" in line)
    return missing(old, new)


def check_elf(root, library):
    major = re.search(r"^#define TW_ABI_MAJOR (\d+)", text_of(root / "capi/include/tidewire"), re.MULTILINE).group(1)
    dynamic = output_of("readelf", "-d", "-W", library)
    segments = output_of("readelf", "-l", "-W", library)
    imports = re.findall(r"^ +[Uw] ([^@\s]+)", output_of("nm", "-D", "--undefined-only", library), re.MULTILINE)
    wrong = []
    if f"[libtidewire.so.{major}]" not in dynamic:
        wrong.append(f"SONAME: is not libtidewire.so.{major}")
    # crtbeginS.o of the compiler brings a function before and one after, which asks for __cxa_finalize; libgcc for
    # aarch64 another before, which looks for the instructions that atomics may use.
    own = {"INIT": 16 if "AArch64" in output_of("readelf", "-h", library) else 8, "FINI": 8}
    for table, size in re.findall(r"\((INIT|FINI)_ARRAYSZ\) +(\d+)", dynamic):
        if int(size) > own[table]:
            wrong.append(f"{table}_ARRAY: has more than the functions of the compiler")
    wrong += [f"{flag}: is set" for flag in ("TEXTREL", "STATIC_TLS") if flag in dynamic]
    wrong += [
        f"{name}: is imported"
        for name in imports
        if re.match(r"pthread_create$|thrd_create$|dlopen$|_Z|__cxa(?!_finalize$)|__gxx|_Unwind", name)
    ]
    flags = re.findall(r"^ +(LOAD|GNU_STACK|GNU_RELRO) .* ([RWE ]{3}) 0x", segments, re.MULTILINE)
    wrong += [f"{name}: is missing" for name in ("GNU_STACK", "GNU_RELRO") if name not in dict(flags)]
    wrong += [f"{name}: is writable and executable" for name, flag in flags if "W" in flag and "E" in flag]
    return wrong


def has_debug_info(library):
    return ".debug_info" in output_of("readelf", "-S", "-W", library)


def check_abidiff(root, library):
    if shutil.which("abidiff") is None or not has_debug_info(library):
        print("skipped: there is no abidiff (Debian: abigail-tools), or the library has no debug information")
        sys.exit(SKIPPED)
    # No list of headers and no suppressions: with either, abidiff passes over changes of structs.
    run = subprocess.run(
        ["abidiff", "--no-added-syms", root / REFERENCE, library], check=False, capture_output=True, text=True
    )
    return [] if run.returncode == 0 else [*run.stdout.splitlines(), *run.stderr.splitlines()]


def write_reference(root, library):
    if not has_debug_info(library):
        return [f"{library}: has no debug information"]
    options = "--exported-interfaces-only --no-corpus-path --no-comp-dir-path --short-locs --type-id-style hash"
    text = output_of("abidw", *options.split(), library)
    # Lines change with every comment, and say nothing of the interface.
    (root / REFERENCE).write_text(re.sub(r" line='\d+' column='\d+'", "", text))
    return []


CHECKS = {
    "symbols": check_symbols,
    "layout": check_layout,
    "declarations": check_declarations,
    "elf": check_elf,
    "abidiff": check_abidiff,
    "reference": write_reference,
}


def main(check, source_dir, library):
    wrong = CHECKS[check](pathlib.Path(source_dir), library)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in CHECKS:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

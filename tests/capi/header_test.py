# SPDX-License-Identifier: MIT
"""The public headers as the strictest program sees them.

usage: header_test.py SOURCE_DIR                     what their text may have
       header_test.py SOURCE_DIR COMPILER DIALECT    each of them alone, and header_test.c with all, without a warning;
                                                     and the macros that they leave
"""

import pathlib
import re
import subprocess
import sys

HEADERS = ("tidewire.h", "tw_table.h", "tw_unstable.h")
INCLUDES = {"<stddef.h>", "<stdint.h>", '"tidewire.h"'}
# Types whose size or form differs from one platform, compiler or language to the other.
PLATFORM = (
    r"\b(long|short|int|unsigned|signed|bool|_Bool|enum|union|float|double|\w*ssize_t|time_t|off_t|wchar_t|FILE)\b"
)
BIT_FIELD = r"\w\s*:\s*\d"

GCC = """-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Wcast-align
         -Wwrite-strings -Wredundant-decls -Wmissing-declarations -Wswitch-enum -Wmissing-include-dirs""".split()
GCC_C = "-Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wbad-function-cast -Wc++-compat".split()
GCC_CXX = "-Wold-style-cast -Wuseless-cast -Wzero-as-null-pointer-constant -Wextra-semi".split()
# Machines of 32 bits pad before a uint64_t; layout.txt pins the layout of the others.
CLANG = ["-Weverything", "-Wno-padded"]
# For C++11 and later, which need not be C++98.
CLANG_CXX = "-Wno-c++98-compat -Wno-c++98-compat-pedantic".split()


def run(command, source=None):
    return subprocess.run(command, input=source, check=False, capture_output=True, text=True)


def check_text(root):
    """Returns what is wrong with the headers' text."""
    wrong = []
    used = (root / "tests/capi/header_test.c").read_text()
    for header in HEADERS:
        text = (root / "capi/include/tidewire" / header).read_text()
        code = re.sub(r"/\*.*?\*/|\"C\"", " ", text, flags=re.DOTALL)
        wrong += [
            f"{header}: includes {name}" for name in re.findall(r"#\s*include (\S+)", code) if name not in INCLUDES
        ]
        wrong += [f"{header}: has {match.group()}" for match in re.finditer(f"{PLATFORM}|{BIT_FIELD}", code)]
        wrong += [f"{header}: has a comment of C++" for _ in re.findall(r"//", code)]
        initialisers = re.findall(r"#define (TW_\w+_INIT)\b", code)
        wrong += [f"header_test.c: does not use {name}" for name in initialisers if name not in used]
    return wrong


def macros(compiler, source):
    return set(re.findall(r"^#define (\w+)", run([*compiler, "-dM", "-E", "-"], source).stdout, re.MULTILINE))


def check_compiler(root, compiler, dialect):
    """Returns what the compiler says, and the macros that are not ours."""
    language = "c++" if "++" in dialect else "c"
    command = [compiler, "-x", language, f"-std={dialect}", f"-I{root / 'capi/include'}"]
    is_clang = "__clang__" in macros(command, "")
    flags = [*(CLANG if is_clang else GCC), "-pedantic-errors", "-Werror", "-fsyntax-only"]
    if language == "c++":
        flags += CLANG_CXX if is_clang else GCC_CXX
    elif not is_clang:
        flags += GCC_C
    wrong = []
    together = (root / "tests/capi/header_test.c").read_text()
    for linkage in ([], ["-DTW_STATIC"]):
        for header in HEADERS:
            alone = f"#include <tidewire/{header}>\n" * 2
            wrong.append(run([*command, *linkage, *flags, "-"], alone).stderr)
            left = macros([*command, *linkage], alone) - macros(command, "#include <stddef.h>\n#include <stdint.h>\n")
            wrong += [f"{header}: leaves {name}" for name in left if not re.match(r"(TW|TIDEWIRE)_", name)]
            if f"TIDEWIRE_{header.upper().replace('.', '_')}_" not in left:
                wrong.append(f"{header}: its macros were not read")
        wrong.append(run([*command, *linkage, *flags, "-"], together).stderr)
    return [text for text in wrong if text]


def main(source_dir, *compiler_and_dialect):
    root = pathlib.Path(source_dir)
    wrong = check_compiler(root, *compiler_and_dialect) if compiler_and_dialect else check_text(root)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

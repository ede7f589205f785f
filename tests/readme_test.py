#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the examples of a text as they stand there, and compares what they print with what the text says that they do.

usage: readme_test.py python
       readme_test.py c COMPILER [ARGUMENT...]
       readme_test.py guide COMPILER [ARGUMENT...]

`python` and `c` run the example of README.md in that language, `guide` the programs of capi/README.md: there the C
blocks of each chapter (##) are one program. Chapters after the first begin with the first one's functions, and where
they have no main, they stand in one. What is printed stands in comments `prints: ...`, or in a block of text.
A C compiler is given the arguments after the source; Python runs with the interpreter that runs this file.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAIN = re.compile(r"^int main\(.*?^}\n", re.MULTILINE | re.DOTALL)


def blocks(text, language):
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def promised_by(text, code):
    """The lines that the text says are printed."""
    shown = blocks(text, "text")
    return "".join(shown).splitlines() or re.findall(r"(?:#|/\*) prints: (.*?)(?: \*/)?$", code, re.MULTILINE)


def readme(language):
    """Name, code and promise of the one example in a language."""
    text = (ROOT / "README.md").read_text("utf-8")
    [code] = blocks(text, language)
    yield f"README.md, example in {language}", code, promised_by("", code)


def guide():
    """Name, code and promise of each chapter that has code."""
    functions = ""
    for chapter in re.split(r"^## ", (ROOT / "capi/README.md").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        code = "\n".join(blocks(chapter, "c"))
        if not code:
            continue
        whole = code if MAIN.search(code) else f"int main(void) {{\n{code}}}\n"
        yield f"capi/README.md, {chapter.splitlines()[0]}", functions + whole, promised_by(chapter, code)
        functions = functions or MAIN.sub("", code)


def run(language, code, compiler, directory):
    """What the example prints."""
    source = directory / f"example.{'py' if language == 'python' else 'c'}"
    source.write_text(code, "utf-8")
    command = [sys.executable, source]
    if language != "python":
        command = [directory / "example"]
        subprocess.run([compiler[0], source, "-o", command[0], *compiler[1:]], check=True)
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=60).stdout


def main(language, compiler):
    failures = []
    for name, code, promised in guide() if language == "guide" else readme(language):
        with tempfile.TemporaryDirectory() as directory:
            printed = run(language, code, compiler, pathlib.Path(directory)).splitlines()
        if not promised or printed != promised:
            failures.append(f"{name}: printed {printed}, promises {promised}")
    sys.exit("\n".join(failures) or 0)


if __name__ == "__main__":
    if sys.argv[1:] != ["python"] and (len(sys.argv) < 3 or sys.argv[1] not in ("c", "guide")):
        sys.exit(__doc__.strip())
    main(sys.argv[1], sys.argv[2:])

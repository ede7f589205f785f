#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs an example of README.md as it stands there, and compares its output with its comments `prints: ...`.

usage: readme_test.py python
       readme_test.py c COMPILER [ARGUMENT...]

Python runs the example with the interpreter that runs this file; a C compiler is given the arguments after the source.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"


def block(language):
    """The one fenced block of this language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return found


def run(language, code, compiler, directory):
    """What the example prints."""
    source = directory / f"example.{'c' if language == 'c' else 'py'}"
    source.write_text(code, "utf-8")
    command = [sys.executable, source]
    if language == "c":
        command = [directory / "example"]
        subprocess.run([compiler[0], source, "-o", command[0], *compiler[1:]], check=True)
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=60).stdout


def main(language, compiler):
    code = block(language)
    promised = re.findall(r"(?:#|/\*) prints: (.*?)(?: \*/)?$", code, re.MULTILINE)
    with tempfile.TemporaryDirectory() as directory:
        printed = run(language, code, compiler, pathlib.Path(directory)).splitlines()
    if not promised or printed != promised:
        sys.exit(f"README.md, example in {language}: printed {printed}, promises {promised}")


if __name__ == "__main__":
    if sys.argv[1:] != ["python"] and (len(sys.argv) < 3 or sys.argv[1] != "c"):
        sys.exit(__doc__.strip())
    main(sys.argv[1], sys.argv[2:])

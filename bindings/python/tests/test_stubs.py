# SPDX-License-Identifier: MIT
"""Types: the stubs tell the truth, the package is strictly typed, and programs that use it are checked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import tidewire

mypy = pytest.importorskip("mypy", reason="the types are checked where mypy is installed")
for package in ("uvicorn", "python_socks"):
    pytest.importorskip(package, reason="modules that need it are checked with it")

PROGRAMS = Path(__file__).parent / "typed"

# What stubtest is told to leave alone: regular expressions, with the reason.
ALLOWED = {
    r"tidewire\._native\.\w+\.__buffer__": "a method since Python 3.12; type checkers expect it for all versions",
    r"tidewire\.__main__": "importing it runs the command line",
    r"tidewire\.typing\.LoggerLike": "a string at run time, so that logging is not loaded",
    r"tidewire\..*@\d+": "classes inside of functions, which stubtest looks for in the module",
    r"tidewire\.uvicorn\._Stage\..*": "enum.auto(), whose numbers mypy does not tell",
}


def run_mypy(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_the_stubs_tell_the_truth(tmp_path):
    allowlist = tmp_path / "allowlist"
    allowlist.write_text("\n".join(ALLOWED))
    arguments = ("tidewire", "--allowlist", allowlist, "--ignore-unused-allowlist")
    result = run_mypy("mypy.stubtest", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_package_is_strictly_typed(tmp_path):
    assert (Path(tidewire.__file__).parent / "py.typed").exists()
    result = run_mypy("mypy", "--strict", "-p", "tidewire", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("program", ["client.py", "engine.py", "server.py", "threads.py"])
def test_a_program_that_is_right_is_accepted(program, tmp_path):
    result = run_mypy("mypy", "--strict", PROGRAMS / program, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_program_is_refused_where_it_is_wrong(tmp_path):
    program = PROGRAMS / "wrong.py"
    expected = {
        (number, code)
        for number, line in enumerate(program.read_text().splitlines(), 1)
        for code in re.findall(r"# wrong: ([a-z-]+)$", line)
    }
    result = run_mypy("mypy", "--strict", program, cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    found = {(int(line), code) for line, code in re.findall(r"wrong\.py:(\d+): error: .* \[([a-z-]+)\]", result.stdout)}
    assert found == expected
    assert len(expected) >= 8

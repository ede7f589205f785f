# SPDX-License-Identifier: MIT
"""Programs as users of the package `websockets` write them run the same after their imports are changed."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

PROGRAMS = sorted((pathlib.Path(__file__).parent / "programs").glob("*.py"))
SECONDS = 120  # against hanging


def output_of(program: pathlib.Path) -> str:
    """What a program prints. It must end well, and have nothing to complain of."""
    command = [sys.executable, "-W", "error", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.stem for program in PROGRAMS])
def test_program_does_the_same_after_its_imports_are_changed(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    changed, times = re.subn(r"\bwebsockets\b", "tidewire", program.read_text("utf-8"))
    assert times
    twin = tmp_path / program.name
    twin.write_text(changed, "utf-8")
    said = output_of(program)
    assert len(said.splitlines()) > 3
    assert output_of(twin) == said

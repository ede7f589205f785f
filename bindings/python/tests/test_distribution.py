# SPDX-License-Identifier: MIT
"""What is installed, and what a source distribution carries."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import tidewire

ROOT = Path(__file__).parents[1]
DISTRIBUTION = importlib.metadata.distribution("tidewire")


def files_below(directory: Path, *suffixes: str) -> set[str]:
    found = {path.relative_to(directory) for path in directory.rglob("*") if path.suffix in suffixes}
    return {str(path) for path in found if "__pycache__" not in path.parts}


def test_a_wheel_has_all_modules_and_nothing_else():
    assert DISTRIBUTION.files is not None
    names = {str(path) for path in DISTRIBUTION.files if path.suffix != ".pyc"}
    own = {name for name in names if ".dist-info/" not in name and not name.startswith("../")}
    native = str(Path(tidewire._native.__file__).relative_to(Path(tidewire.__file__).parents[1]))
    expected = files_below(ROOT / "src", ".py", ".pyi", ".typed") | {"tidewire/_version.py", native}
    assert own == expected
    scripts = {os.path.basename(name) for name in names if name.startswith("../")}
    assert scripts == {"tidewire"}


def test_the_metadata_is_complete():
    metadata = DISTRIBUTION.metadata
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    assert "Framework :: AsyncIO" in metadata.get_all("Classifier")
    requirements = metadata.get_all("Requires-Dist")
    assert requirements
    assert all("extra ==" in requirement for requirement in requirements)
    (script,) = DISTRIBUTION.entry_points.select(group="console_scripts")
    assert script.name == "tidewire"
    assert callable(script.load())


def test_a_source_distribution_has_the_engine_as_files(tmp_path):
    pytest.importorskip("scikit_build_core", reason="it makes the source distribution")
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = {member.name.partition("/")[2]: member for member in archive.getmembers()}
    assert all(member.isfile() for member in members.values())
    suffixes = (".h", ".cc", ".c", ".txt", ".cmake", ".py", ".pyi", ".typed", ".in", ".map")
    for part in ("core", "capi/src", "capi/include", "native", "src"):
        expected = {f"{part}/{name}" for name in files_below(ROOT / part, *suffixes)}
        assert expected <= members.keys(), part
    assert {"pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", "PKG-INFO"} <= members.keys()
    tops = {name.partition("/")[0] for name in members if "/" in name}
    assert tops <= {"core", "capi", "docs", "examples", "native", "src", "tests"}

# SPDX-License-Identifier: MIT
"""The package as a whole: versions, names, types, and what importing it brings along."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tidewire
from tidewire import _native, unstable

ROOT = Path(__file__).parents[1]
PACKAGE = Path(tidewire.__file__).parent


def python(code: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **options)


def test_the_version_is_the_headers():
    header = (ROOT / "capi/include/tidewire/tidewire.h").read_text()
    version = re.search(r'#define TW_VERSION_STRING "(.*)"', header).group(1)
    assert tidewire.__version__ == tidewire.engine_version() == version
    assert importlib.metadata.version("tidewire") == version


def test_an_engine_of_another_version_is_refused(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "tidewire")
    (tmp_path / "tidewire" / "_version.py").write_text('__version__ = "9.9.9"\n')
    result = python("import sys; sys.path.insert(0, '.'); import tidewire", cwd=tmp_path)
    message = f"the package tidewire is version 9.9.9, but its engine is version {tidewire.engine_version()}"
    assert result.returncode == 1
    assert result.stderr.endswith(f"ImportError: {message}\n")


def test_the_module_has_its_own_name():
    assert _native.__name__ == "tidewire._native"
    assert Path(_native.__file__).parent == PACKAGE


def modules_after(code: str) -> set[str]:
    """The modules that are loaded after some code, without the .pth files of other packages (-S)."""
    code = f"import sys; sys.path.append({str(PACKAGE.parent)!r})\n{code}\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_importing_needs_the_standard_library_alone():
    modules = modules_after("import tidewire, tidewire.unstable, tidewire.asyncio, tidewire.sync, tidewire.cli")
    tops = {name.partition(".")[0] for name in modules}
    assert tops - sys.stdlib_module_names - {"__main__", "tidewire"} == set()


def test_importing_is_quick_since_it_loads_little():
    modules = modules_after("import tidewire")
    slow = {"argparse", "asyncio", "contextlib", "dataclasses", "inspect", "logging", "re", "socket", "ssl", "typing"}
    assert modules & slow == set()
    ours = {name for name in modules if name.startswith("tidewire.")}
    assert ours == {f"tidewire.{name}" for name in ("_errors", "_native", "_types", "_version")}


def test_all_that_is_public_is_there_and_described():
    for module in (tidewire, unstable):
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, type) or callable(thing):
                assert inspect.getdoc(thing), name
    for cls in (thing for thing in vars(_native).values() if isinstance(thing, type)):
        for name, member in vars(cls).items():
            if not name.startswith("_"):
                assert inspect.getdoc(member), f"{cls.__name__}.{name}"


def test_signatures_are_known():
    assert str(inspect.signature(tidewire.mask)) == "(data, key, phase=0)"
    assert str(inspect.signature(tidewire.Connection.close)) == "(self, /, code=1000, reason='')"
    assert inspect.signature(tidewire.Connection).parameters["max_message_len"].default == 16 * 1024 * 1024


def test_only_the_entry_point_is_exported():
    nm = shutil.which("nm")
    if nm is None:
        pytest.skip("nm, of the compiler's tools, is needed to see the symbols")
    result = subprocess.run([nm, "-D", "--defined-only", _native.__file__], capture_output=True, text=True, check=True)
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["PyInit__native"]


def test_the_licence_is_the_repositorys():
    original = ROOT.parents[1] / "LICENSE"
    if not original.exists():
        pytest.skip("a source distribution has only its own copy")
    assert (ROOT / "LICENSE").read_text() == original.read_text()


class TestKernels:
    def test_the_best_is_in_use(self):
        names = unstable.kernel_names()
        assert names[-1] == "scalar"
        assert unstable.kernel_selected() in names

    def test_one_can_be_chosen_for_a_while(self):
        before = unstable.kernel_selected()
        for name in unstable.kernel_names():
            with unstable.kernel(name):
                assert unstable.kernel_selected() == name
        assert unstable.kernel_selected() == before

    @pytest.mark.parametrize("name", ["", "mmx", "scalar2"])
    def test_an_unknown_one_is_refused(self, name):
        with pytest.raises(tidewire.UsageError) as raised:
            unstable.kernel_select(name)
        assert raised.value.name == "TW_ERR_KERNEL"

    def test_a_name_is_a_str(self):
        with pytest.raises(TypeError, match="name must be str, not bytes"):
            unstable.kernel_select(b"scalar")
        with pytest.raises(tidewire.UsageError, match="name must not contain a zero byte"):
            unstable.kernel_select("scalar\0")

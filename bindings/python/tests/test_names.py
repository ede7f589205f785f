# SPDX-License-Identifier: MIT
"""The names at the top of the package: those that are loaded when they are asked for, and those of `websockets`."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import tidewire

# Sans-I/O protocols, which tidewire.Connection replaces; and extensions, of which there is one, set by arguments.
OTHERS_ONLY = {"ClientProtocol", "Protocol", "ServerProtocol", "Side"}
OTHERS_ONLY |= {"DuplicateParameter", "ExtensionName", "ExtensionParameter", "InvalidParameterName"}
OTHERS_ONLY |= {"InvalidParameterValue"}
# Raised by its sans-I/O protocols alone.
OTHERS_ONLY |= {"InvalidMethod", "InvalidProtocol"}


def test_what_is_loaded_late_is_what_type_checkers_see():
    tree = ast.parse(Path(tidewire.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == tidewire._HOMES
    assert seen.keys() <= set(tidewire.__all__)


@pytest.mark.parametrize("name", tidewire._HOMES)
def test_a_name_is_found_and_is_that_of_its_module(name):
    home = importlib.import_module(f"tidewire.{tidewire._HOMES[name]}")
    assert getattr(tidewire, name) is getattr(home, name)
    assert name in vars(tidewire), "asked for once, it is there"


@pytest.mark.parametrize("name", tidewire._MODULES)
def test_a_submodule_is_found_by_attribute(name):
    code = f"import tidewire; print(tidewire.{name}.__name__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == f"tidewire.{name}\n"


def test_dir_lists_everything():
    assert {*tidewire.__all__, *tidewire._MODULES} <= set(dir(tidewire))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="^module 'tidewire' has no attribute 'conect'$"):
        tidewire.conect  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'conect' from 'tidewire'"):
        from tidewire import conect  # noqa: F401


def test_the_names_of_websockets_are_there():
    websockets = pytest.importorskip("websockets", reason="its list of names is the standard")
    assert set(websockets.__all__) - OTHERS_ONLY - set(tidewire.__all__) == set()

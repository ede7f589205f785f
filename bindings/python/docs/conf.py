# SPDX-License-Identifier: MIT
"""Sphinx: the guides here and in README.md, and the reference made of the docstrings of the installed package."""

from __future__ import annotations

import re
from typing import Any

import tidewire

project = "tidewire"
version = release = tidewire.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "alabaster"
html_theme_options = {"page_width": "72em", "sidebar_width": "16em"}
html_show_copyright = False
myst_heading_anchors = 3
default_role = "code"
python_maximum_signature_line_length = 100
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "signature"
# tidewire.asyncio and tidewire.sync have classes of the same name; annotations say `Server`.
suppress_warnings = ["ref.python"]

# A row of arguments and what they do, in the docstrings of the extension module: "name    what it is".
_ROW = re.compile(r"^\S+ {2,}\S")


def keep_columns(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Shows columns as they are."""
    out: list[str] = []
    in_rows = False
    for line in lines:
        if _ROW.match(line) and not in_rows:
            out += ["::", ""]
            in_rows = True
        elif not line.strip():
            in_rows = False
        out.append(f"   {line}" if in_rows else line)
    lines[:] = out


def setup(app: Any) -> None:
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", keep_columns)

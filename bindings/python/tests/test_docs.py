# SPDX-License-Identifier: MIT
"""The pages of docs: they are made without a warning, and what is public is on them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import tidewire

DOCS = Path(__file__).parents[1] / "docs"
# Told in words on the pages: types of arguments, and a union of all events.
NOT_LISTED = {"Event", "__version__"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    for package in ("sphinx", "myst_parser"):
        pytest.importorskip(package, reason="the pages are made with it")
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(out)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return out


def test_all_that_is_public_is_listed(pages):
    html = "".join(path.read_text() for path in pages.glob("api/*.html"))
    listed = set(re.findall(r'<dt class="sig[^>]* id="([\w.]+)"', html))
    names = {name.rpartition(".")[2] for name in listed}
    assert set(tidewire.__all__) - names == NOT_LISTED
    assert {"tidewire.Connection.receive", "tidewire.Role.SERVER", "tidewire.PoolStats.hits"} <= listed
    assert {"tidewire.asyncio.connection.Connection.recv", "tidewire.exceptions.ConnectionClosedOK"} <= listed


def test_functions_of_the_extension_module_have_signatures(pages):
    html = (pages / "api/engine.html").read_text()
    text = re.sub(r"<[^>]+>|\s", "", html)
    assert "tidewire.mask(data,key,phase=0)" in text
    assert "send_batch(messages,/,*,compress=None,borrow=False,mask_in_place=False)" in text


def test_links_to_files_are_sound():
    for page in DOCS.rglob("*.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README.md shows the sample program, and how to build it, with the lines that the tests of this directory use."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
README = (HERE.parent.parent / "README.md").read_text("utf-8")

for language, name in (("c", "sample.c"), ("cmake", "CMakeLists.txt"), ("sh", "pkg_config.sh")):
    shown = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    if shown != [(HERE / "sample" / name).read_text("utf-8")]:
        sys.exit(f"README.md has {len(shown)} blocks in {language}; there ought to be one, tests/install/sample/{name}")

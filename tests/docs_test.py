#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the comments of the public headers must say, and the reference that Doxygen makes of them.

usage: docs_test.py [DOXYGEN]

Without the program only the text is looked at.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = pathlib.Path("capi/include/tidewire")
HEADERS = ("tidewire.h", "tw_table.h", "tw_unstable.h")
DOXYFILE = pathlib.Path("packaging/doxygen/Doxyfile")
DOXYGEN = sys.argv.pop() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

# A comment, and right below it a function or a type.
DECLARED = re.compile(
    r"(?:^(/\*(?:(?!\*/).)*\*/)\n)?^(?:TW_API [^(]*?\b(tw_\w+)\(|typedef [^(]*?\b(tw_\w+)(?: \{|;)|typedef .*\(\*(tw_\w+)\)\()",
    re.MULTILINE | re.DOTALL,
)
MAX_COMMENT_LINES = 15
RELEASE_OF = {"1.0": "0.1", "1.1": "0.2"}  # of the library, by the version of the binary interface that it brought

sys.path.insert(0, str(ROOT / "packaging/doxygen"))
sys.dont_write_bytecode = True
import filter as doxygen_filter  # noqa: E402


def text_of(name):
    return (ROOT / INCLUDE / name).read_text("utf-8")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split()


class Text(unittest.TestCase):
    def declarations(self):
        """Comment and name of each function and type of the stable headers."""
        for header in ("tidewire.h", "tw_table.h"):
            for comment, *names in DECLARED.findall(text_of(header)):
                yield comment, next(name for name in names if name)

    def test_every_function_and_type_is_described_with_its_release(self):
        symbols = dict(line.split() for line in (ROOT / "capi/symbols.txt").read_text().splitlines())
        seen = set()
        for comment, name in self.declarations():
            with self.subTest(name):
                seen.add(name)
                self.assertRegex(" ".join(comment.split()), r"Since 0\.\d+\. \*/$")
                self.assertLessEqual(comment.count("\n") + 1, MAX_COMMENT_LINES)
                if name in symbols:
                    self.assertIn(f"{RELEASE_OF[symbols[name]]}. */", comment)
        self.assertLessEqual({name for name in symbols if "unstable" not in name}, seen)
        self.assertLessEqual({"tw_status", "tw_view", "tw_conn", "tw_event", "tw_log", "tw_api", "tw_get_api_fn"}, seen)

    def test_statuses_name_the_section_or_the_limit_of_the_library(self):
        rows = re.findall(
            r'\{Status::\w+,\s*"(TW_ERR_\w+)",\s*"[^"]*",\s*(nullptr|"[^"]*"),\s*(nullptr|"[^"]*")',
            (ROOT / "core/base/status.cc").read_text("utf-8"),
        )
        comments = dict(re.findall(r"^#define (TW_ERR_\w+) \(-\d+\) +/\* (.*) \*/$", text_of("tidewire.h"), re.MULTILINE))
        self.assertEqual(sorted(comments), sorted(name for name, _, _ in rows))
        for name, section, limit in rows:
            with self.subTest(name):
                rule = re.match(r"(RFC \d+ \d[\d.]*|\d[\d.]*): ", comments[name])
                self.assertEqual(rule[1] if rule else "nullptr", section.strip('"').removeprefix("RFC 6455 "))
                if limit != "nullptr":
                    self.assertIn(limit.strip('"'), comments[name])


class Filter(unittest.TestCase):
    def test_lines_stay_and_only_comments_change(self):
        for header in HEADERS:
            with self.subTest(header):
                lines = text_of(header).splitlines()
                filtered = doxygen_filter.Filter(lines).run()
                self.assertEqual(len(filtered), len(lines))
                self.assertEqual(without_comments("\n".join(filtered)), without_comments("\n".join(lines)))
                opened, closed = ("\n".join(filtered).count(bracket) for bracket in ("/** @{ */", "/** @} */"))
                self.assertGreater(opened, 0)
                self.assertEqual(opened, closed)


@unittest.skipIf(DOXYGEN is None, "Doxygen is not installed")
class Reference(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.tree = pathlib.Path(directory.name)
        for part in (INCLUDE, DOXYFILE.parent):
            shutil.copytree(ROOT / part, self.tree / part)
        shutil.copy(ROOT / "capi/README.md", self.tree / "capi")
        (self.tree / "build/docs").mkdir(parents=True)

    def doxygen(self):
        environment = dict(os.environ, TW_VERSION="test")
        return subprocess.run(
            [DOXYGEN, str(DOXYFILE)], cwd=self.tree, env=environment, capture_output=True, text=True, timeout=120
        )

    def mutate(self, old, new):
        header = self.tree / INCLUDE / "tidewire.h"
        text = header.read_text("utf-8")
        self.assertEqual(text.count(old), 1, old)
        header.write_text(text.replace(old, new), "utf-8")
        return 1 + text[: text.index(old)].count("\n")

    def test_everything_is_described(self):
        run = self.doxygen()
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        pages = self.tree / "build/docs"
        self.assertIn("Takes bytes that were read", (pages / "group__connection.html").read_text("utf-8"))
        self.assertTrue((pages / "index.html").exists())

    def test_a_function_without_a_comment_fails_at_its_line(self):
        comment = "/* The version of the library that runs: major * 65536 + minor * 256 + patch. Since 0.1. */"
        line = self.mutate(comment, "") + 1
        run = self.doxygen()
        self.assertNotEqual(run.returncode, 0)
        self.assertIn(f"tidewire.h:{line}: ", run.stderr)
        self.assertIn("tw_version", run.stderr)

    def test_a_member_without_a_comment_fails(self):
        self.mutate("  uint32_t state; /* private */", "  uint32_t state;")
        run = self.doxygen()
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("tw_utf8", run.stderr)

    def test_a_constant_without_a_comment_fails(self):
        self.mutate(" /* bytes of a header at most */", "")
        run = self.doxygen()
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("TW_FRAME_HEADER_MAX", run.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets the host of capi/examples load libraries of every kind.

usage: plugin_test.py PLUGIN_HOST LIBRARY OLDER NEWER FOREIGN STRANGER [UNITTEST_ARGUMENT...]
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

LIMIT_SECONDS = 60
EMULATOR = shlex.split(os.environ.get("TW_EMULATOR", ""))


class PluginTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def host(self, *libraries):
        command = [*EMULATOR, HOST, *libraries]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)

    def copy(self):
        return shutil.copy(LIBRARY, self.folder / "copy.so")

    def assert_works(self, first, second, first_version, second_version):
        done = self.host(first, second)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        # The C library of musl unloads nothing.
        unloaded = "closed, but the loader keeps it" if MUSL else "unloaded"
        lines = [line.replace(f"{first}", "FIRST").replace(f"{second}", "SECOND") for line in done.stdout.splitlines()]
        self.assertEqual(
            lines,
            [
                f"FIRST: {first_version}",
                "FIRST echoed what FIRST sent",
                f"FIRST: {unloaded}",
                f"FIRST: {first_version}",
                f"SECOND: {second_version}",
                "FIRST echoed what SECOND sent",
                "SECOND echoed what FIRST sent",
                f"FIRST: {unloaded}",
                "SECOND echoed what SECOND sent",
                f"SECOND: {unloaded}",
            ],
        )

    def assert_refused(self, library, reason):
        done = self.host(library, LIBRARY)
        self.assertIn(reason, done.stderr)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_two_copies(self):
        self.assert_works(LIBRARY, self.copy(), TODAY, TODAY)

    def test_one_library_by_two_names(self):
        link = self.folder / "link.so"
        link.symlink_to(LIBRARY)
        done = self.host(LIBRARY, link)
        self.assertIn("are one library", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_older_library(self):
        """The host goes on without what came later."""
        older = f"tidewire {VERSION}, interface {MAJOR}.0, without sections of RFCs"
        self.assert_works(OLDER, self.copy(), older, TODAY)

    def test_newer_library(self):
        self.assert_works(self.copy(), NEWER, TODAY, f"tidewire {VERSION}, interface {MAJOR}.99")

    def test_another_major_version(self):
        self.assert_refused(FOREIGN, f"does not speak version {MAJOR} of the interface")

    def test_another_library(self):
        self.assert_refused(STRANGER, "has no tw_get_api")

    def test_no_library(self):
        text = self.folder / "text.so"
        text.write_text("no library")
        self.assert_refused(text, str(text))
        self.assert_refused(self.folder / "none.so", "none.so")

    def test_usage(self):
        done = self.host(LIBRARY)
        self.assertIn("usage: ", done.stderr)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    if len(sys.argv) < 7:
        sys.exit(__doc__.strip())
    HOST, LIBRARY, OLDER, NEWER, FOREIGN, STRANGER = sys.argv[1:7]
    header = (pathlib.Path(__file__).parent / "../../capi/include/tidewire/tidewire.h").read_text()
    VERSION, MAJOR, MINOR = (
        re.search(rf"^#define TW_{name} \"?([0-9.]+)", header, re.M)[1]
        for name in ("VERSION_STRING", "ABI_MAJOR", "ABI_MINOR")
    )
    TODAY = f"tidewire {VERSION}, interface {MAJOR}.{MINOR}"
    MUSL = b"ld-musl" in pathlib.Path(HOST).read_bytes()
    unittest.main(argv=sys.argv[:1] + sys.argv[7:])

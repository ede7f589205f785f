#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what --compare calls slower, on runs that are made up."""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from compare import NotComparable, compare, print_comparison
from made_up import decode_suite, document, entries, repetitions


def names(changes):
    return [f"{change.table}/{change.row}/{change.size}" for change in changes]


OURS = ["Decode/tw_conn_receive/16", "Decode/tw_conn_receive/1024", "Decode/tw_conn_receive/random"]


class Compare(unittest.TestCase):
    def compare(self, old, new):
        return compare(document(*old), document(*new))

    def test_the_same_run_is_neither_slower_nor_faster(self):
        result = self.compare([decode_suite()], [decode_suite()])
        self.assertEqual((result.slower, result.faster, result.missing, result.added), ([], [], [], []))
        self.assertEqual(len(result.changes), 6)

    def test_slower_and_faster_beyond_the_spread(self):
        result = self.compare([decode_suite()], [decode_suite(ours=10.7, kernel=8)])
        self.assertEqual(names(result.slower), OURS)
        self.assertEqual(names(result.faster), [name.replace("tw_conn_receive", "avx2") for name in OURS])

    def test_a_difference_within_the_spread_of_either_run_is_noise(self):
        self.assertEqual(self.compare([decode_suite()], [decode_suite(ours=11, spread=0.15)]).slower, [])
        self.assertEqual(self.compare([decode_suite(spread=0.15)], [decode_suite(ours=11)]).slower, [])
        # A row that repeats well by luck is judged by what is typical.
        self.assertEqual(self.compare([decode_suite(spread=0)], [decode_suite(ours=10.3, spread=0)]).slower, [])

    def test_a_machine_that_is_slower_is_no_regression(self):
        for machine in (1.3, 0.8):
            result = self.compare([decode_suite()], [decode_suite(machine=machine)])
            self.assertEqual((result.slower, result.faster), ([], []))
        self.assertEqual(names(self.compare([decode_suite()], [decode_suite(ours=14, machine=1.3)]).slower), OURS)

    def test_a_peer_that_is_slower_is_no_regression(self):
        def suite(peer):
            return decode_suite() + entries("Encode/tw_conn_send/16", repetitions(5)) + peer

        old, new = (entries("Encode/beast/16", repetitions(time)) for time in (40, 80))
        result = self.compare([suite(old)], [suite(new)])
        self.assertEqual(result.slower, [])
        self.assertNotIn("Encode/beast/16", names(result.changes))

    def test_one_allocation_more_is_a_regression(self):
        def suite(count):
            return entries("Reassembly/tw_conn_receive/16", repetitions(10), allocations=count)

        more = self.compare([suite(0.0)], [suite(1.0)])
        self.assertEqual(names(more.slower), ["Reassembly: allocations per message/tw_conn_receive/16"])
        self.assertEqual(self.compare([suite(0.0)], [suite(0.001)]).slower, [])
        self.assertEqual(len(self.compare([suite(1.0)], [suite(0.0)]).faster), 1)

    def test_rows_of_one_run_only_are_named(self):
        extra = entries("Encode/tw_conn_send/16", repetitions(5))
        result = self.compare([decode_suite(), extra], [decode_suite()])
        self.assertEqual((result.missing, result.added, result.slower), (["Encode/tw_conn_send/16"], [], []))
        result = self.compare([decode_suite()], [decode_suite(), extra])
        self.assertEqual((result.missing, result.added, result.slower), ([], ["Encode/tw_conn_send/16"], []))

    def test_nothing_in_common_and_another_machine_are_refused(self):
        with self.assertRaisesRegex(NotComparable, "no row in common"):
            self.compare([decode_suite()], [entries("Encode/tw_conn_send/16", repetitions(5))])
        with self.assertRaisesRegex(NotComparable, "another machine"):
            compare(document(decode_suite(), cpu="Other 1"), document(decode_suite()))

    def test_another_compiler_is_noted(self):
        result = compare(document(decode_suite(), compiler="GNU 11"), document(decode_suite()))
        self.assertEqual(result.notes, ["compiler was GNU 11, is GNU 12"])

    def test_prints_ratios_and_what_is_slower(self):
        extra = entries("Encode/tw_conn_send/16", repetitions(5))
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            print_comparison(self.compare([decode_suite(), extra], [decode_suite(ours=15)]))
        lines = output.getvalue().splitlines()
        self.assertIn(["tw_conn_receive", "1.50!", "1.50!", "1.50!"], [line.split() for line in lines])
        self.assertIn("only in the old run: Encode/tw_conn_send/16", lines)
        self.assertIn("3 slower, 0 faster, of 6", lines)
        self.assertIn("slower: Decode/tw_conn_receive/16: 1.50x, and up to 1.04x is noise", lines)


class Program(unittest.TestCase):
    """run.py itself, which reads a run instead of making one."""

    def run_program(self, old, new, *options):
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            for name, content in (("old.json", old), ("new.json", new)):
                (directory / name).write_text(json.dumps(content))
            program = pathlib.Path(__file__).resolve().parent / "run.py"
            fixed = ["--from", "new.json", "--html", "report.html", "--compare", "old.json"]
            command = [sys.executable, program, *fixed, *options]
            done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=directory, timeout=60)
            files = {path.name: path.read_text() for path in directory.iterdir()}
        return done, files

    def test_exit_status(self):
        good, slow = document(decode_suite()), document(decode_suite(ours=15))
        for old, new, status in ((good, good, 0), (good, slow, 1), (document(decode_suite(), cpu="Other"), good, 2)):
            with self.subTest(status):
                done, files = self.run_program(old, new)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn("Decode: ns per message", done.stdout)
                self.assertEqual("New / old" in files["report.html"], status != 2)

    def test_writes_results(self):
        done, files = self.run_program(document(decode_suite()), document(decode_suite()), "--results", "RESULTS.md")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| tw_conn_receive / floor | 2.00x | 2.00x | 2.00x |", files["RESULTS.md"])


if __name__ == "__main__":
    unittest.main()

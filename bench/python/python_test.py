#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks of the Python binding for a moment, and judges figures that nobody measured. Needs two cores.

usage: python_test.py BUILD_DIRECTORY PYTHON [UNITTEST_ARGUMENT...]

PYTHON is an interpreter that has the binding and its peers.
"""

import argparse
import os
import pathlib
import sys
import unittest
from unittest import mock

BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

import echo  # noqa: E402
import python  # noqa: E402
import python_idle  # noqa: E402
from made_up import document, entries, repetitions  # noqa: E402
from results import COUNTERS, RATE, collect  # noqa: E402
from summary import make_results  # noqa: E402


def arguments(rows, interpreter=None):
    cpu = max(os.sched_getaffinity(0))
    path = interpreter or INTERPRETER
    return argparse.Namespace(build=BUILD, python=path, filter=rows, repetitions=2, min_time=0.01, cpu=cpu)


def run(rows):
    """{name: Table}"""
    return collect([measure() for measure in python.suites(arguments(rows))])


class Running(unittest.TestCase):
    def test_every_server_echoes(self):
        tables = run("BM_PythonEcho1x1/")
        self.assertEqual(set(tables), {"PythonEcho1x1", f"PythonEcho1x1: {RATE}"})
        for table in tables.values():
            self.assertEqual(set(table.rows), set(python.SERVERS))
            self.assertTrue(all(value.median > 0 for value in table.values().values()))

    def test_programs_in_memory_have_the_rows_that_they_are_said_to_have(self):
        tables = run("BM_Python(Receive|Mask)/")
        for table, rows, sizes in python.IN_MEMORY.values():
            self.assertEqual(set(tables[table].values()), {(row, size) for row in rows for size in sizes})
        self.assertEqual(tables["PythonReceive"].unit, "ns per message")
        self.assertEqual(tables["PythonMask"].unit, "GB/s")

    def test_idle_connections_take_memory(self):
        with mock.patch.object(python_idle, "COUNTS", (200, 400)):
            tables = run("BM_PythonIdle/(raw|tw_serve)/")
        private = tables[f"PythonIdle: {COUNTERS['private']}"]
        beyond = tables[f"PythonIdle: {COUNTERS['beyond']}"]
        self.assertEqual(list(beyond.rows), ["tw_serve"])
        for size in (200, 400):
            raw, ours = private.get("raw", size).median, private.get("tw_serve", size).median
            self.assertGreater(ours, 0)
            self.assertAlmostEqual(beyond.get("tw_serve", size).median, ours - raw)

    def test_a_filter_of_others_asks_for_no_interpreter(self):
        self.assertEqual(python.suites(arguments("BM_Mask/", "/nowhere/python")), [])

    def test_much_under_way_takes_longer(self):
        few, many = (echo.durations((100, 32, size), 0.05) for size in (20, 16384))
        self.assertTrue(all(longer > shorter for longer, shorter in zip(many, few, strict=True)))

    def test_what_fails_takes_nothing_else_with_it(self):
        with mock.patch.dict(python.SERVERS, {"picows": python.SERVERS["raw"]}):
            first, second = python.suites(arguments("BM_PythonMask/aiohttp/16$|BM_PythonEcho1x1/picows/"))
            self.assertRaises(SystemExit, second)
            self.assertEqual(len(first()), 2)

    def test_a_missing_interpreter_is_named(self):
        with self.assertRaisesRegex(SystemExit, "python: /nowhere/python is missing"):
            [measure] = python.suites(arguments("BM_PythonMask/", "/nowhere/python"))
            measure()

    def test_a_server_that_does_not_echo_fails(self):
        with mock.patch.dict(python.SERVERS, {"picows": python.SERVERS["raw"]}):
            with self.assertRaisesRegex(SystemExit, "python: picows: tw_load: response: "):
                run("BM_PythonEcho1x1/picows/")


class Targets(unittest.TestCase):
    def line(self, suite, start):
        page = make_results(document(suite))
        return next(line for line in page.splitlines() if line.startswith(f"| {start}"))

    def test_each_reads_its_rows(self):
        times = {
            "PythonEcho100x32/floor/20": 500,
            "PythonEcho100x32/tw_listener/20": 600,
            "PythonEcho100x32/tw_serve/20": 1500,
            "PythonEcho100x32/tw_serve:uvloop/20": 1000,
            "PythonEcho100x32/picows/20": 6000,
            "PythonEcho100x32/picows.websockets:uvloop/20": 2500,
            "PythonEcho100x32/websockets/20": 40000,
            "PythonEcho100x32/websockets:malloc/20": 18000,
            "PythonReceive/tw_receive/16": 140,
            "PythonReceive/tw_receive/1024": 300,
            "PythonMask/tw_mask/1024": 50,
            "PythonMask/websockets/1024": 300,
        }
        suite = [row for name in times for row in entries(name, repetitions(times[name]))]
        echo = "Python callbacks, echo of 20 B, 100 connections, 32 under way"
        for start, seen in (
            (f"{echo}: picows / ours", "10.00x (20 B) | met |"),
            (f"{echo}: ours / floor", "1.20x (20 B) | met |"),
            (f"{echo}, uvloop: picows / ours", "not measured | - |"),
            ("Python callbacks, the same load: websockets / ours", "66.67x (20 B) | met |"),
            ("Python callbacks, the same load: websockets, which keeps its memory / ours", "30.00x (20 B) | not met |"),
            ("Python coroutines, the same load: picows' best / our best", "2.50x (20 B) | not met |"),
            ("Python coroutines, the same load: websockets / ours", "26.67x (20 B) | met |"),
            ("Python coroutines, the same load: websockets, which", "12.00x (20 B) | not met |"),
            ("Python, ns of a message of 16 B", "140 (32 in a read) | met |"),
            ("Python, ns of a message of 1024 B", "300 (32 in a read) | not met |"),
            ("Python masking", "6.00x (1 KiB) | met |"),
        ):
            self.assertTrue(self.line(suite, start).endswith(seen), self.line(suite, start))

    def test_where_one_message_is_under_way_the_clock_counts(self):
        clocks = {"tw_listener": 2e-6, "tw_serve": 4e-6, "picows": 2.5e-6, "websockets": 5e-6}
        suite = [each for row, clock in clocks.items() for each in entries(f"PythonEcho1x1/{row}/20", [9], clock=clock)]
        start = "Python, one message under way, 1 connection"
        for what, seen in (
            (f"{start}: callbacks / picows", "0.80x (20 B) | met |"),
            (f"{start}, coroutines: websockets / ours", "1.25x (20 B) | not met |"),
        ):
            self.assertTrue(self.line(suite, what).endswith(seen), self.line(suite, what))

    def test_memory_is_judged_by_the_greatest(self):
        figures = (("tw_serve", 2000, 3000.0), ("tw_serve", 10000, 5000.0), ("picows", 2000, 9000.0))
        suite = [
            each
            for row, count, beyond in figures
            for each in entries(f"PythonIdle/{row}/{count}", [0], private=beyond + 2000, beyond=beyond)
        ]
        start = "Python, bytes of an idle connection beyond asyncio's"
        self.assertTrue(self.line(suite, f"{start}, tw_serve").endswith("5000 (10000 connections) | not met |"))
        self.assertTrue(self.line(suite, f"{start}, tw_listener").endswith("not measured | - |"))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    BUILD, INTERPRETER = (pathlib.Path(path).absolute() for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

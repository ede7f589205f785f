#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks of the Go and Rust bindings for a moment, and judges figures that nobody measured. Needs two
cores, and the programs of both languages.

usage: languages_test.py BUILD_DIRECTORY [UNITTEST_ARGUMENT...]
"""

import argparse
import dataclasses
import os
import pathlib
import sys
import unittest
from unittest import mock

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

import languages  # noqa: E402
from made_up import document, entries, repetitions  # noqa: E402
from results import COUNTERS, RATE, collect, kind  # noqa: E402
from summary import make_results  # noqa: E402

SIZES = [16, 125, 1024, 16384, 65536]


def arguments(rows):
    cpu = max(os.sched_getaffinity(0))
    return argparse.Namespace(build=BUILD, filter=rows, repetitions=2, min_time=0.005, cpu=cpu)


def run(rows):
    """{name: Table}"""
    return collect([measure() for measure in languages.suites(arguments(rows))])


class Running(unittest.TestCase):
    def test_every_server_echoes(self):
        tables = run("BM_(Go|Rust)Echo1x1/.*/20$")
        names = [f"{language.name}Echo1x1" for language in languages.LANGUAGES]
        self.assertEqual(set(tables), {*names, *(f"{name}: {RATE}" for name in names)})
        for language, name in zip(languages.LANGUAGES, names, strict=True):
            for table in (tables[name], tables[f"{name}: {RATE}"]):
                self.assertEqual(set(table.rows), set(language.servers))
                self.assertTrue(all(value.median > 0 for value in table.values().values()))

    def test_rows_in_memory_are_timed_and_their_allocations_counted(self):
        tables = run("BM_(Go|Rust)(Receive|Send)")
        for language in ("Go", "Rust"):
            for what in ("Receive", "SendServer", "SendClient"):
                timed = tables[f"{language}{what}"]
                counted = tables[f"{language}{what}: {COUNTERS['allocations']}"]
                self.assertEqual(timed.unit, "ns per message")
                self.assertEqual(timed.sizes(), SIZES)
                self.assertLessEqual({"ours", "peer"}, {kind(row) for row in timed.rows})
                measured = [key for key in timed.values() if kind(key[0]) != "limit"]
                self.assertEqual([key for key in counted.values() if kind(key[0]) != "limit"], measured)

    def test_batches_and_idle_connections_are_counted_and_not_timed(self):
        tables = run("BM_(GoFlush|RustIdle)/")
        self.assertEqual({name.split(":")[0] for name in tables}, {"GoFlush", "RustIdle"})
        writes, heap = tables[f"GoFlush: {COUNTERS['writes']}"], tables[f"RustIdle: {COUNTERS['heap']}"]
        self.assertEqual(writes.get("gws", 125).median, 100)
        self.assertTrue(all(value.median > 0 for value in heap.values().values()))
        self.assertFalse(any(table.is_timed for table in tables.values()))

    def test_a_filter_of_others_measures_nothing(self):
        self.assertEqual(run("BM_Mask/"), {})

    def test_a_server_that_does_not_echo_fails(self):
        with mock.patch.dict(languages.GO.servers, {"gws": ["raw"]}):
            with self.assertRaisesRegex(SystemExit, "Go: gws: tw_load: response: "):
                run("BM_GoEcho1x1/gws/20")

    def test_versions_of_languages_and_peers_are_told(self):
        found = " ".join(languages.versions())
        for name in ("Go 1.", "gorilla/websocket 1.", "lxzan/gws 1.", "coder/websocket 1.", "tokio-tungstenite 0."):
            self.assertIn(name, found)

    def test_what_is_not_built_has_no_rows_and_is_named(self):
        self.assertEqual(languages.missing(), {})
        unbuilt = dataclasses.replace(languages.GO, folder="nowhere")
        with mock.patch.object(languages, "LANGUAGES", (unbuilt,)):
            self.assertEqual(languages.suites(arguments(".")), [])
            self.assertRegex(languages.missing()["Go"], "no rows: .*nowhere is missing; packaging/dev bench builds it")


class Targets(unittest.TestCase):
    def assert_lines(self, suite, lines):
        page = make_results(document(suite)).splitlines()
        for start, seen in lines:
            line = next(line for line in page if line.startswith(f"| {start}"))
            self.assertTrue(line.endswith(seen), line)

    def test_each_reads_its_rows(self):
        times = {
            "GoEcho100x32/floor/20": 400,
            "GoEcho100x32/tw_read_message/20": 600,
            "GoEcho100x32/tw_read_message_into/20": 500,
            "GoEcho100x32/gws/20": 4500,
            "GoReceive/tw_read_message_into/125": 20,
            "GoReceive/tw_read_message_into/1024": 30,
            "GoReceive/tw_read_batch/125": 20,
            "GoReceive/gws/125": 100,
            "GoReceive/gws/1024": 90,
            "RustEcho100x32/tw_feed/20": 300,
            "RustEcho100x32/tungstenite/20": 4000,
            "RustEcho100x32/tungstenite:forward/20": 420,
            "RustReceive/tw_connection/125": 20,
            "RustReceive/memcpy/125": 1,
            "RustReceive/fastwebsockets/125": 50,
        }
        self.assert_lines(
            [row for name in times for row in entries(name, repetitions(times[name]))],
            (
                ("Go, echo of 20 B, 100 connections, 32 under way: gws / ours", "9.00x (20 B) | met |"),
                ("Go, echo of 20 B, 100 connections, 32 under way: ours / floor", "1.25x (20 B) | met |"),
                ("Go, received in memory: gws / tw_read_message_into", "3.00x (1 KiB) | not met |"),
                ("Go, received in memory: gws / tw_read_batch", "5.00x (125 B) | met |"),
                ("Rust, echo of 20 B, 100 connections, 32 under way: best", "1.40x (20 B) | not met |"),
                ("Rust, received in memory: best peer / ours", "2.50x (125 B) | met |"),
                ("Go, one message under way, 1 connection", "not measured | - |"),
            ),
        )

    def test_where_one_message_is_under_way_the_clock_counts(self):
        clocks = {"tw_read_message": 3e-6, "tw_read_message_into": 2.2e-6, "gws": 2e-6}
        suite = [each for row, clock in clocks.items() for each in entries(f"GoEcho1x1/{row}/1024", [9], clock=clock)]
        what = "Go, one message under way, 1 connection: ours / gws"
        self.assert_lines(suite, [(what, "1.10x (1 KiB) | not met |")])

    def test_counts_are_judged_by_the_greatest(self):
        suite = [
            *entries("GoReceive/tw_read_message_into/16", [10], allocations=0.0),
            *entries("GoReceive/tw_read_message/16", [20], allocations=1.0),
            *entries("GoSendServer/tw_write_message/16", [10], allocations=0.0),
            *entries("GoSendClient/tw_write_batch/125", [10], allocations=1.0),
            *entries("GoSendClient/gws/125", [10], allocations=7.0),
            *entries("GoFlush/tw_write_batch/125", [0], writes=1.0),
            *entries("GoFlush/gws/125", [0], writes=100.0),
            *entries("RustReceive/tw_connection/125", [10], allocations=0.0),
            *entries("RustReceive/tw_feed/125", [20], allocations=1.0),
            *entries("RustIdle/tw_connection/10000", [0], heap=900.0),
            *entries("RustIdle/tw_feed/10000", [0], heap=1100.0),
        ]
        self.assert_lines(
            suite,
            (
                ("Go, allocations of a message received", "0 (tw_read_message_into 16) | met |"),
                ("Go, allocations of a message written", "1 (tw_write_batch 125) | not met |"),
                ("Go, system calls that write a batch", "1 (tw_write_batch 125) | met |"),
                ("Rust, allocations of a message", "0 (tw_connection 125) | met |"),
                ("Rust, heap bytes of an idle connection", "1100 (tw_feed 10000) | not met |"),
                ("allocations per message after warm-up, with a pool", "not measured | - |"),
            ),
        )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    BUILD = pathlib.Path(sys.argv[1]).absolute()
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

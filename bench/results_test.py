#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what becomes of the entries of a run: medians, tables, ratios."""

import unittest

from made_up import decode_suite, document, entries, repetitions
from results import COUNTERS, collect, kind, spread, typical_spread
from summary import make_results
from tables import as_text, grid, heading


class Collect(unittest.TestCase):
    def test_takes_the_median_of_the_repetitions_and_no_aggregate(self):
        rows = entries("Encode/tw_conn_send/16", [30, 10, 20])
        rows += [{**rows[0], "run_type": "aggregate", "per_message": 1.0}]
        (table,) = collect([rows]).values()
        self.assertEqual((table.name, table.unit), ("Encode", "ns per message"))
        self.assertAlmostEqual(table.shown(table.get("tw_conn_send", 16)), 20)

    def test_shows_bytes_where_no_messages_are_counted(self):
        tables = collect([entries("Mask/tw_mask/1024", [10, 10], bytes_per_second=5e9)])
        table = tables["Mask"]
        self.assertEqual(heading(table), "Mask: GB/s")
        self.assertAlmostEqual(table.shown(table.get("tw_mask", 1024)), 5)

    def test_makes_a_table_of_each_counter(self):
        tables = collect([entries("Reassembly/beast/16", [10, 12], allocations=3.0)])
        counted = tables["Reassembly: " + COUNTERS["allocations"]]
        self.assertEqual(counted.get("beast", 16).median, 3.0)
        self.assertIn("Reassembly", tables)

    def test_ignores_the_time_of_what_is_not_timed(self):
        tables = collect([entries("Idle/tw_conn/100000/iterations:1", [10], heap=256.0)])
        self.assertEqual([table.unit for table in tables.values()], [COUNTERS["heap"]])
        self.assertEqual(grid(*tables.values())[0], ["100000"])

    def test_orders_limits_then_ours_then_kernels_then_peers(self):
        rows = ["wslay", "avx512", "tw_mask", "beast", "floor_aligned", "memcpy"]
        self.assertEqual([kind(row) for row in rows], ["peer", "kernel", "ours", "peer", "limit", "limit"])
        suite = [entry for row in rows for entry in entries(f"Mask/{row}/16", [10])]
        self.assertEqual(
            list(collect([suite])["Mask"].rows), ["floor_aligned", "memcpy", "tw_mask", "avx512", "wslay", "beast"]
        )

    def test_spread_forgets_one_interruption_of_seven(self):
        self.assertAlmostEqual(spread(repetitions(100, 0.1)), 0.1)
        self.assertAlmostEqual(spread([100, 110, 90]), 0.2)
        self.assertEqual(spread([0, 0, 0]), 0)

    def test_typical_spread_is_of_timed_rows(self):
        suite = decode_suite() + entries("Reassembly/beast/16", repetitions(10), allocations=1.0)
        self.assertAlmostEqual(typical_spread(collect([suite])), 0.02)


class Tables(unittest.TestCase):
    def test_ratios_stand_below_the_figures(self):
        text = as_text("Decode", *grid(collect([decode_suite()])["Decode"])).splitlines()
        lines = {line[:30].strip(): line[30:].split() for line in text}
        self.assertEqual(text[1].split(), ["16", "B", "1", "KiB", "random"])
        self.assertEqual(lines["tw_conn_receive"], ["10", "40", "20"])
        self.assertEqual(lines["tw_conn_receive / floor"], ["2.00x", "2.00x", "2.00x"])
        self.assertEqual(lines["tw_conn_receive / best peer"], ["0.25x", "0.25x", "0.25x"])

    def test_a_missing_figure_is_a_dash(self):
        suite = entries("Mask/memcpy/16", [1]) + entries("Mask/tw_mask/125", [2])
        _, lines = grid(collect([suite])["Mask"])
        self.assertEqual(lines, [["memcpy", "1", "-"], ["tw_mask", "-", "2"]])


class Results(unittest.TestCase):
    @staticmethod
    def line(page, start):
        return next(line for line in page.splitlines() if line.startswith(f"| {start}"))

    def encode(self, ratio):
        suite = [
            entry
            for size in (16, 125, 1024)
            for row, time in (("floor", 10), ("tw_conn_send", 10 * ratio if size == 1024 else 10))
            for entry in entries(f"EncodeServer/{row}/{size}", repetitions(time))
        ]
        return self.line(make_results(document(suite)), "server frames one by one")

    def test_targets_are_judged_by_the_worst_ratio(self):
        self.assertTrue(self.encode(1.1).endswith("1.10x (1 KiB) | met |"))
        self.assertTrue(self.encode(1.21).endswith("1.21x (1 KiB) | met within the spread |"))
        self.assertTrue(self.encode(1.5).endswith("1.50x (1 KiB) | not met |"))

    def test_each_target_reads_its_rows(self):
        times = {
            "Mask/tw_mask/1024": 10,
            "Mask/floor/1024": 30,
            "Mask/floor_aligned/1024": 20,
            "Mask/beast/1024": 40,
            "DecodeAscii/memcpy/16": 1,
            "DecodeAscii/tw_conn_receive/16": 10,
            "Echo100x32/raw/20": 100,
            "Echo100x32/tw_echo_server/20": 120,
        }
        page = make_results(document([row for name in times for row in entries(name, repetitions(times[name]))]))
        for start, seen in (
            ("masking in place, the C function", "0.50x (1 KiB) | met |"),
            ("masking in place, best peer", "4.00x (1 KiB) | met |"),
            ("masked text decoded, uWebSockets", "3.23x (16 B) | met |"),
            ("masked text decoded / floor", "not measured | - |"),
            ("echo of 20 B", "1.20x (20 B) | met |"),
            ("echo of 16 KiB", "not measured | - |"),
        ):
            self.assertTrue(self.line(page, start).endswith(seen), self.line(page, start))

    def test_what_was_not_measured_is_not_met(self):
        page = make_results(document(decode_suite()))
        self.assertTrue(self.line(page, "server frames one by one").endswith("| not measured | - |"))
        self.assertTrue(self.line(page, "allocations per message").endswith("| not measured | - |"))
        self.assertIn("| accept key | 2678 ns | not measured |", page)

    def test_one_allocation_is_too_many(self):
        few = entries("Reassembly/tw_conn_receive/1024", [10], allocations=0.0001)
        many = few + entries("EndToEnd/tw_conn_send/65536", [10], allocations=1.0)
        others = entries("EndToEnd/wslay/65536", [10], allocations=7.0)
        for suite, verdict in ((few + others, "| met |"), (many, "| not met |")):
            page = make_results(document(suite))
            self.assertTrue(self.line(page, "allocations per message").endswith(verdict))
        self.assertIn("EndToEnd tw_conn_send 65536", page)

    def test_says_where_and_how_it_was_measured(self):
        page = make_results(document(decode_suite()))
        for fact in ("Made-up 3000, core 1 of 2", "GNU 12 -O3", "2001-02-03", "run.py --filter"):
            self.assertIn(fact, page)
        self.assertIn("| tw_conn_receive | 10 | 40 | 20 |", page)


if __name__ == "__main__":
    unittest.main()

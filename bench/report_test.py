#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the HTML report: what it says and draws, and that it needs nothing but itself."""

import html.parser
import re
import unittest
import xml.etree.ElementTree

from compare import compare
from made_up import decode_suite, document, entries, repetitions
from plot import Series, plot
from report import make_report

EMPTY = {"meta", "path", "circle"}  # elements without an end tag, or with their own


class Structure(html.parser.HTMLParser):
    """Keeps the cells of the tables, and dies of tags that do not match."""

    def __init__(self, page):
        super().__init__()
        self.open, self.lines = [], []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.lines.append([])
        if tag in ("td", "th"):
            self.lines[-1].append("")
        if tag not in EMPTY or tag == "circle":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.lines[-1][-1] += data


def mask_suite():
    return [
        entry
        for row, time in (("memcpy", 1), ("floor", 2), ("tw_mask", 3), ("avx2", 3), ("beast", 9))
        for size in (16, 1024, 65536)
        for entry in entries(f"Mask/{row}/{size}", repetitions(time * size), bytes_per_second=1e9 / time)
    ]


class Report(unittest.TestCase):
    def setUp(self):
        key = entries("AcceptKey/tw_accept_key/24", repetitions(140))
        self.page = make_report(document(mask_suite(), key))

    def test_shows_every_table(self):
        lines = Structure(self.page).lines
        self.assertIn(["", "16 B", "1 KiB", "64 KiB"], lines)
        self.assertIn(["tw_mask", "0.333", "0.333", "0.333"], lines)
        self.assertIn(["tw_mask / best peer", "0.33x", "0.33x", "0.33x"], lines)
        self.assertIn(["tw_accept_key", "140"], lines)

    def test_says_where_and_how_it_was_measured(self):
        for fact in ("Made-up 3000, core 1 of 2", "GNU 12 -O3", "kernel avx2", "&lt;&amp;&gt;", "2.0%"):
            self.assertIn(fact, self.page)
        self.assertNotIn("<&>", self.page)

    def test_plots_where_there_are_sizes(self):
        plots = re.findall(r'<svg viewBox="0 0 560 320".*?</svg>', self.page)
        self.assertEqual(len(plots), 2)  # of Mask: throughput and time; AcceptKey has one size
        for drawn, unit in zip(plots, ("GB/s", "ns per message"), strict=True):
            titles = [title.text for title in xml.etree.ElementTree.fromstring(drawn).iter("title")]
            self.assertEqual(len(titles), 4 * 3)  # the kernel is in the table only
            self.assertTrue(all(title.endswith(unit) for title in titles))
        self.assertIn("beast, 1 KiB: 0.111 GB/s", plots[0])

    def test_legend_tells_rows_apart(self):
        legend = re.search(r'<div class="legend">(.*?)</div>', self.page).group(1)
        looks = re.findall(r'<path class="line" (.*?) d=.*?</svg>(\w+)</span>', legend)
        self.assertEqual([name for _, name in looks], ["memcpy", "floor", "tw_mask", "beast"])
        self.assertEqual(len({look for look, _ in looks}), 4)
        self.assertTrue(all(("dasharray" in look) == (name in ("memcpy", "floor")) for look, name in looks))

    def test_needs_nothing_else(self):
        for outside in ("http:", "https:", "<script", "<link", "<img", "@import", "url("):
            self.assertNotIn(outside, self.page)

    def test_knows_light_and_dark(self):
        light, dark = self.page.split("prefers-color-scheme: dark")
        used = set(re.findall(r"var\((--[a-z]+)\)", self.page))
        for scheme in (light, dark):
            self.assertLessEqual(used, set(re.findall(r"(--[a-z]+):", scheme)))

    def test_shows_a_comparison(self):
        comparison = compare(document(decode_suite()), document(decode_suite(ours=15, kernel=8)))
        page = make_report(document(decode_suite(ours=15)), comparison)
        self.assertIn("3 slower, 3 faster, of 6 rows", page)
        self.assertIn(["tw_conn_receive", "1.50!", "1.50!", "1.50!"], Structure(page).lines)
        self.assertIn('<td class="slower">1.50!</td>', page)
        self.assertIn('<td class="faster">0.89+</td>', page)


class Plot(unittest.TestCase):
    @staticmethod
    def places(all_series, x_names):
        drawn = xml.etree.ElementTree.fromstring(plot(all_series, x_names, "GB/s"))
        return [(float(dot.get("cx")), float(dot.get("cy"))) for dot in drawn.iter("circle")], drawn

    def test_both_axes_are_logarithmic(self):
        x_names = {1: "1 B", 10: "10 B", 1000: "1000 B"}
        points = [(1, 1.0), (10, 10.0), (1000, 1000.0)]
        (first, second, third), _ = self.places([Series("a", "red", "", points)], x_names)
        self.assertAlmostEqual((third[0] - second[0]) / (second[0] - first[0]), 2, places=1)
        self.assertAlmostEqual((third[1] - second[1]) / (second[1] - first[1]), 2, places=1)
        self.assertLess(third[1], first[1])  # more is higher

    def test_all_lies_within_the_frame(self):
        x_names = {16: "16 B", 1 << 24: "16 MiB"}
        series = [Series(name, "red", "", [(16, y), (1 << 24, y * 5)]) for name, y in (("a", 0.001), ("b", 900.0))]
        places, drawn = self.places(series, x_names)
        self.assertEqual(len(places), 4)
        for x, y in places:
            self.assertTrue(56 <= x <= 548 and 10 <= y <= 286, (x, y))
        labels = [text.text for text in drawn.iter("text")]
        for label in ("16 B", "16 MiB", "0.001", "1", "1000", "GB/s"):
            self.assertIn(label, labels)

    def test_one_value_has_room(self):
        ((x, y),), _ = self.places([Series("a", "red", "", [(16, 5.0)])], {16: "16 B"})
        self.assertTrue(56 <= x <= 548 and 10 <= y <= 286, (x, y))


if __name__ == "__main__":
    unittest.main()

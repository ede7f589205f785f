# SPDX-License-Identifier: MIT
"""What is asked of figures, and whether they keep it."""

import dataclasses

from results import NEGLIGIBLE, kind, size_name
from tables import number


class Figures:
    """Looks up rows, any of which may be missing."""

    def __init__(self, tables):
        self.tables = tables

    def row(self, table, row):
        """{size: median}"""
        return self.best(table, [row])

    def best(self, table, rows):
        """{size: the least median of these rows}"""
        best = {}
        for row in rows:
            for size, value in self.tables[table].rows.get(row, {}).items() if table in self.tables else ():
                best[size] = min(best.get(size, value.median), value.median)
        return best

    def floor(self, table):
        return self.best(table, ["floor", "floor_aligned"])

    def best_of(self, table, kind_of_rows):
        rows = self.tables[table].rows if table in self.tables else ()
        return self.best(table, [row for row in rows if kind(row) == kind_of_rows])

    def shown(self, table, row, size, text):
        """`text` formats the median."""
        median = self.row(table, row).get(size)
        return "not measured" if median is None else text(median)


@dataclasses.dataclass(frozen=True)
class Target:
    """What the worst ratio of two rows must be."""

    what: str
    bound: str  # "at most" or "at least"
    limit: float
    above: dict  # {size: seconds}
    below: dict
    sizes: tuple = ()  # empty: all that both rows have

    def cells(self, spread):
        """Of a line of the table; `spread` is what repetitions of one row differ by."""
        asked = f"{self.bound} {number(self.limit)}x"
        shared = [size for size in self.above if size in self.below and (not self.sizes or size in self.sizes)]
        if not shared:
            return [self.what, asked, "not measured", "-"]
        ratios = [(self.above[size] / self.below[size], size) for size in shared]
        worst, size = (max if self.bound == "at most" else min)(ratios, key=lambda each: each[0])
        excess = worst / self.limit if self.bound == "at most" else self.limit / worst
        verdict = "met" if excess <= 1 else "met within the spread" if excess <= 1 + spread else "not met"
        return [self.what, asked, f"{worst:.2f}x ({size_name(size)})", verdict]


def count_cells(what, limit, counts):
    """Of a line about a number, not a ratio. counts: [(number, where)]"""
    asked = f"at most {limit}"
    if not counts:
        return [what, asked, "not measured", "-"]
    worst, where = max(counts)
    return [what, asked, f"{number(worst)} ({where})", "met" if worst <= limit + NEGLIGIBLE else "not met"]

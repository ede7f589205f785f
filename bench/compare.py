# SPDX-License-Identifier: MIT
"""Two runs of one machine beside each other: what became slower by more than both measured as noise."""

import dataclasses
import math
import statistics

from results import NEGLIGIBLE, collect, kind, size_key, size_name, typical_spread
from tables import as_text, heading


class NotComparable(Exception):
    """The two runs have nothing to say about each other."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One row at one size. Ratios are new / old, of time or of what is counted."""

    table: str
    row: str
    size: object
    ratio: float
    noise: tuple  # the least and the greatest ratio that may be noise

    @property
    def is_slower(self):
        return self.ratio > self.noise[1]

    @property
    def is_faster(self):
        return self.ratio < self.noise[0]

    def __str__(self):
        what = f"{self.table.split(':')[0]}/{self.row}/{self.size}"
        return f"{what}: {self.ratio:.2f}x, and up to {self.noise[1]:.2f}x is noise"


@dataclasses.dataclass
class Comparison:
    changes: list  # of our rows, in the order of the tables
    missing: list  # names of our rows that only the old run has
    added: list
    notes: list  # what else differs between the runs
    headings: dict  # {name of a table: its heading}

    @property
    def slower(self):
        return [change for change in self.changes if change.is_slower]

    @property
    def faster(self):
        return [change for change in self.changes if change.is_faster]


def is_ours(row):
    return kind(row) in ("ours", "kernel")


def all_values(tables):
    return {(name, *key): value for name, table in tables.items() for key, value in table.values().items()}


def count_ratio(old, new):
    if abs(new - old) <= NEGLIGIBLE:
        return 1.0
    return new / old if old else float("inf")


def drifts(old_tables, new_tables):
    """{table: how much slower the rows became that run no code of ours}: the machine did that."""
    old, new = all_values(old_tables), all_values(new_tables)
    ratios = {}
    for key in old.keys() & new.keys():
        name, row, _ = key
        if new_tables[name].is_timed and not is_ours(row):
            ratios.setdefault(name, []).append(new[key].median / old[key].median)
    everywhere = statistics.median([ratio for each in ratios.values() for ratio in each] or [1.0])
    return {name: statistics.median(ratios[name]) if name in ratios else everywhere for name in new_tables}


def context_notes(old, new):
    before = old["machine"] | old["context"]
    after = new["machine"] | new["context"]
    return [
        f"{fact} was {before[fact]}, is {after[fact]}"
        for fact in ("system", "packages", "compiler", "flags", "kernel", "tidewire")
        if fact in before and fact in after and before[fact] != after[fact]
    ]


def compare(old, new):
    """Both as run.py --json writes them."""
    if old["machine"]["cpu"] != new["machine"]["cpu"]:
        raise NotComparable(
            f"the old run was made on another machine: {old['machine']['cpu']}, not {new['machine']['cpu']}"
        )
    old_tables, new_tables = collect(old["suites"]), collect(new["suites"])
    before, after = all_values(old_tables), all_values(new_tables)
    shared = [key for key in after if key in before and is_ours(key[1])]
    if not shared:
        raise NotComparable("the two runs have no row in common")
    typical = max(typical_spread(old_tables), typical_spread(new_tables))
    drift = drifts(old_tables, new_tables)
    changes = []
    for key in shared:
        name, row, size = key
        spreads = [each[key].spread for each in (before, after)]
        if new_tables[name].is_timed:
            ratio = after[key].median / before[key].median
            margin = math.prod(1 + max(spread, typical) for spread in spreads)
            noise = (min(1.0, drift[name]) / margin, max(1.0, drift[name]) * margin)
        else:
            ratio = count_ratio(before[key].median, after[key].median)
            noise = (1 / (1 + max(spreads)), 1 + max(spreads))
        changes.append(Change(name, row, size, ratio, noise))
    return Comparison(
        changes=changes,
        missing=["/".join(map(str, key)) for key in before if key not in after and is_ours(key[1])],
        added=["/".join(map(str, key)) for key in after if key not in before and is_ours(key[1])],
        notes=context_notes(old, new),
        headings={name: heading(table) for name, table in new_tables.items()},
    )


def grids(comparison):
    """(heading, header, lines) of each table that has rows of ours."""
    tables = {}
    for change in comparison.changes:
        mark = "!" if change.is_slower else "+" if change.is_faster else ""
        tables.setdefault(change.table, {}).setdefault(change.row, {})[change.size] = f"{change.ratio:.2f}{mark}"
    for name, rows in tables.items():
        sizes = sorted({size for texts in rows.values() for size in texts}, key=size_key)
        lines = [[row, *(texts.get(size, "-") for size in sizes)] for row, texts in rows.items()]
        yield f"{comparison.headings[name]}, new / old", [size_name(size) for size in sizes], lines


def print_comparison(comparison):
    print("\nNew / old, of time or of what is counted: ! is slower, and + faster, by more than noise")
    for title, header, lines in grids(comparison):
        print("\n" + as_text(title, header, lines))
    for note in comparison.notes:
        print(f"\nnote: {note}")
    for title, names in (("only in the old run", comparison.missing), ("only in the new run", comparison.added)):
        if names:
            print(f"\n{title}: {', '.join(names)}")
    print(f"\n{len(comparison.slower)} slower, {len(comparison.faster)} faster, of {len(comparison.changes)}")
    for change in comparison.slower:
        print(f"slower: {change}")

# SPDX-License-Identifier: MIT
"""What a run measured: medians over the repetitions, put into tables of one kind of work each."""

import collections
import dataclasses
import statistics

KERNELS = ("avx", "sse", "neon", "scalar")
LIMITS = ("memcpy", "malloc", "zlib", "raw")

# Counters of a row that are results of their own, and the tables that they make. Less is better in all of them.
COUNTERS = {
    "allocations": "allocations per message",
    "compressed": "compressed bytes / payload bytes",
    "held": "bytes per connection that the engine asked its allocator for",
    "heap": "heap bytes per connection",
    "resident": "resident bytes per connection",
    "writes": "system calls that write 100 messages",
    "private": "private bytes per connection",
    "beyond": "private bytes per connection beyond asyncio's transport and an empty protocol",
}
# Counts that differ by less are equal: what is allocated once is spread over a varying number of messages.
NEGLIGIBLE = 0.005
# With one of these the time of the row says nothing.
UNTIMED = {"heap", "writes", "private"}
# What a row takes by the clock, beside the processor's time; shown as a rate.
RATE = "thousand messages per second"
# Rows with these endings are of another event loop or another setting of the C library, not of another library.
VARIANTS = (":uvloop", ":malloc")


@dataclasses.dataclass(frozen=True)
class Value:
    """One measurement, in seconds per message or in what its table counts."""

    median: float
    spread: float  # of the repetitions, relative to the median
    bytes_per_second: float = 0  # 0 where messages are what counts


@dataclasses.dataclass
class Table:
    name: str  # such as "Mask", or "Reassembly: allocations per message"
    unit: str  # "GB/s", "ns per message", RATE, or what COUNTERS says
    rows: dict  # {row: {size: Value}}; a size is a number of bytes or "random"

    @property
    def is_timed(self):
        return self.unit in ("GB/s", "ns per message", RATE)

    def sizes(self):
        return sorted({size for values in self.rows.values() for size in values}, key=size_key)

    def values(self):
        """{(row, size): Value}"""
        return {(row, size): value for row, values in self.rows.items() for size, value in values.items()}

    def get(self, row, size):
        return self.rows.get(row, {}).get(size)

    def shown(self, value):
        """The number in the table's unit."""
        if self.unit == "GB/s":
            return value.bytes_per_second * 1e-9
        if self.unit == RATE:
            return 1e-3 / value.median
        return value.median * 1e9 if self.is_timed else value.median


def kind(row):
    """Who a row measures: "limit", "ours", "kernel" (one of ours, by name) or "peer"."""
    if row in LIMITS or row.startswith("floor"):
        return "limit"
    if row.startswith("tw_"):
        return "ours"
    return "kernel" if row.startswith(KERNELS) else "peer"


def row_key(row):
    """The order of rows: the limits, ours, our kernels, the peers, and within these as they were registered."""
    return ["limit", "ours", "kernel", "peer"].index(kind(row))


def size_key(size):
    return (1, 0) if size == "random" else (0, size)


def size_name(size):
    if size == "random":
        return size
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def spread(samples):
    """(slowest - fastest) / median. Of five or more the one slowest and the one fastest do not count: a single
    interruption says nothing about the others."""
    samples = sorted(samples)
    median = statistics.median(samples)
    if len(samples) >= 5:
        samples = samples[1:-1]
    return (samples[-1] - samples[0]) / median if median else 0.0


def collect(suites):
    """{name: Table} of the entries of all suites, each a list, in the order in which they were registered."""
    samples = collections.defaultdict(list)
    for entries in suites:
        for entry in sorted(entries, key=lambda entry: entry["family_index"]):
            if entry["run_type"] == "iteration":
                # Google Benchmark appends such parts as /iterations:1.
                samples[tuple(entry["name"].removeprefix("BM_").split("/")[:3])].append(entry)
    tables = {}

    def add(name, unit, row, size, value):
        table = tables.setdefault(name, Table(name, unit, {}))
        table.rows.setdefault(row, {})[size] = value

    for (what, row, size), entries in samples.items():
        size = size if size == "random" else int(size)
        if not UNTIMED & entries[0].keys():
            # The counter is there where one iteration handles many messages.
            seconds = [entry.get("per_message", entry["cpu_time"] * 1e-9) for entry in entries]
            rates = [0 if "per_message" in entry else entry.get("bytes_per_second", 0) for entry in entries]
            unit = "GB/s" if rates[0] else "ns per message"
            add(what, unit, row, size, Value(statistics.median(seconds), spread(seconds), statistics.median(rates)))
        if "clock" in entries[0]:
            seconds = [entry["clock"] for entry in entries]
            add(f"{what}: {RATE}", RATE, row, size, Value(statistics.median(seconds), spread(seconds)))
        for counter, unit in COUNTERS.items():
            if counter in entries[0]:
                counts = [entry[counter] for entry in entries]
                add(f"{what}: {unit}", unit, row, size, Value(statistics.median(counts), spread(counts)))
    for table in tables.values():
        table.rows = {row: table.rows[row] for row in sorted(table.rows, key=row_key)}
    return tables


def best_peer(table):
    """{size: Value}"""
    best = {}
    for row, values in table.rows.items():
        if kind(row) == "peer":
            for size, value in values.items():
                best[size] = min(best.get(size, value), value, key=lambda each: each.median)
    return best


def typical_spread(tables):
    """The median over all timed rows."""
    timed = [table for table in tables.values() if table.is_timed]
    return statistics.median([value.spread for table in timed for value in table.values().values()] or [0.0])

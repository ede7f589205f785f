# SPDX-License-Identifier: MIT
"""RESULTS.md: the figures of a run, what is asked of them, and whether they keep it."""

import dataclasses

from report import facts
from results import COUNTERS, NEGLIGIBLE, collect, kind, size_name, typical_spread
from tables import as_markdown, grid, heading, number

IDLE = f"Idle: {COUNTERS['held']}"
DECODE_SIZES = (16, 125, 1024, "random")
ENCODE_SIZES = (16, 125, 1024)

# uWebSockets' time for a masked text frame / memcpy of the same read, measured once on another machine, where it can
# be built: 42/1.3, 79/7.8, 259/61 and 83/4.1 ns.
UWEBSOCKETS_TO_MEMCPY = {16: 32.3, 125: 10.1, 1024: 4.25, "random": 20.2}


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


# ---- Targets ----


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


def memory_targets(figures):
    mask = figures.row("Mask", "tw_mask")
    long = tuple(size for size in mask if size != "random" and size >= 125)
    text, copy = figures.row("DecodeAscii", "tw_conn_receive"), figures.row("DecodeAscii", "memcpy")
    uws = {size: ratio * copy[size] for size, ratio in UWEBSOCKETS_TO_MEMCPY.items() if size in copy}
    beast, floor = figures.row("DecodeAscii", "beast"), figures.floor("DecodeAscii")
    fused = figures.row("UnmaskUtf8Multilingual", "tw_unmask_utf8")
    simdutf = figures.row("UnmaskUtf8Multilingual", "simdutf")
    kernel = figures.best_of("Mask", "kernel")
    send, header = figures.row("EncodeServer", "tw_conn_send"), figures.floor("EncodeServer")
    batch = figures.row("EncodeServer", "tw_conn_send_batch:views")
    one, two = figures.row("Pool", "tw_pool_acquire"), figures.row("PoolTwoThreads", "tw_pool_acquire")
    return [
        Target("masking in place, the best kernel / best 256-bit floor", "at most", 1, kernel, figures.floor("Mask")),
        Target("masking in place, the C function / best 256-bit floor", "at most", 1, mask, figures.floor("Mask")),
        Target("masking in place, best peer / ours", "at least", 1.2, figures.best_of("Mask", "peer"), mask, long),
        Target("masked text decoded / floor", "at most", 1.25, text, floor, DECODE_SIZES),
        Target("masked text decoded, uWebSockets / ours, each to its memcpy", "at least", 2, uws, text),
        Target("masked text decoded, Beast / ours", "at least", 5, beast, text, DECODE_SIZES),
        Target("unmasked and validated, simdutf's validation / ours", "at least", 1.3, simdutf, fused, (1024, 65536)),
        Target("server frames in a batch, one copy / header and memcpy", "at most", 1.2, batch, header, ENCODE_SIZES),
        Target("server frames one by one, two copies / header and memcpy", "at most", 1.2, send, header, ENCODE_SIZES),
        Target("pool / malloc and free", "at most", 0.5, one, figures.row("Pool", "malloc")),
        Target("pool, two threads / one", "at most", 1.2, two, one),
    ]


def loopback_targets(figures):
    ours, raw = figures.row("Echo100x32", "tw_echo_server"), figures.row("Echo100x32", "raw")
    relay, raw_relay = figures.row("Relay100x1", "tw_relay"), figures.row("Relay100x1", "raw")
    return [
        Target(f"echo of {size_name(size)}, server CPU / raw echo", "at most", limit, ours, raw, (size,))
        for size, limit in ((20, 1.25), (1024, 1.25), (16384, 1.15))
    ] + [
        Target(f"relay of {size_name(size)}, CPU / raw relay", "at most", 1.15, relay, raw_relay, (size,))
        for size in (1024, 65536)
    ]


def count_cells(what, limit, counts):
    """Of a line about a number, not a ratio. counts: [(number, where)]"""
    asked = f"at most {limit}"
    if not counts:
        return [what, asked, "not measured", "-"]
    worst, where = max(counts)
    return [what, asked, f"{number(worst)} ({where})", "met" if worst <= limit + NEGLIGIBLE else "not met"]


def count_lines(figures):
    allocations = [
        (value.median, f"{name.split(':')[0]} {row} {size}")
        for name, table in figures.tables.items()
        if table.unit == COUNTERS["allocations"]
        for (row, size), value in table.values().items()
        if kind(row) == "ours"
    ]
    idle = [(held, f"{size} connections") for size, held in figures.row(IDLE, "tw_conn_pool").items()]
    return [
        count_cells("allocations per message after warm-up, with a pool", 0, allocations),
        count_cells("bytes held of an idle connection, with a pool", 256, idle),
    ]


def headline_lines(figures):
    def nanoseconds(seconds):
        return f"{seconds * 1e9:.3g} ns"

    reassembly, flush = f"Reassembly: {COUNTERS['allocations']}", f"Flush: {COUNTERS['writes']}"
    lines = [
        ("masking 1 MiB in place", "98.86 GiB/s", "Mask", "tw_mask", 1 << 20, lambda s: f"{2**-10 / s:.1f} GiB/s"),
        ("read 1 KiB masked", "1490 ns", "DecodeBinary", "tw_conn_receive", 1024, nanoseconds),
        ("write 1 KiB", "223 ns", "EncodeServer", "tw_conn_send", 1024, nanoseconds),
        ("accept key", "2678 ns", "AcceptKey", "tw_accept_key", 24, nanoseconds),
        ("10 fragments put together, allocations", "1", reassembly, "tw_conn_receive", 1024, number),
        ("100 sends, system calls that write them", "1", flush, "tw_conn_send", 125, number),
        ("idle connection, bytes held", "-", IDLE, "tw_conn_pool", 100000, number),
    ]
    return [[what, elsewhere, figures.shown(*where, text)] for what, elsewhere, *where, text in lines]


def make_results(document):
    """RESULTS.md for a document as run.py --json writes it."""
    tables = collect(document["suites"])
    figures = Figures(tables)
    spread = typical_spread(tables)
    targets = [*memory_targets(figures), *loopback_targets(figures)]
    parts = [
        "# Results",
        "Written by `bench/run.py --results`; README.md says what the rows are. Medians of one run; only ratios within "
        "one table mean something.",
        "\n".join(f"- {name}: {value}" for name, value in facts(document).items()),
        "## At a glance",
        "The figures in the middle were measured by others on other machines.",
        as_markdown(["elsewhere", "here"], headline_lines(figures)),
        "## Targets",
        f"The worst ratio of each kind, of time. Repetitions of a row differ by {spread:.1%}, typically.",
        as_markdown(["asked", "seen", ""], [*(target.cells(spread) for target in targets), *count_lines(figures)]),
        "## Tables",
        "Ratios are of time: below 1x ours is faster.",
    ]
    for table in tables.values():
        parts += [f"### {heading(table)}", as_markdown(*grid(table))]
    return "\n\n".join(parts) + "\n"

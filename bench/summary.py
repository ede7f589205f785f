# SPDX-License-Identifier: MIT
"""RESULTS.md: the figures of a run, what is asked of them, and whether they keep it."""

import dataclasses

from report import facts
from results import COUNTERS, NEGLIGIBLE, best_peer, collect, kind, typical_spread
from tables import as_markdown, grid, heading, number

DECODE_SIZES = (16, 125, 1024, "random")

# uWebSockets' time for a masked text frame / memcpy of the same read, measured once on another machine, where it can
# be built: 42/1.3, 79/7.8, 259/61 and 83/4.1 ns.
UWEBSOCKETS_TO_MEMCPY = {16: 32.3, 125: 10.1, 1024: 4.25, "random": 20.2}


@dataclasses.dataclass(frozen=True)
class Target:
    """What the worst of some ratios must be: at most `limit`, or at least."""

    what: str
    limit: float
    at_least: bool
    ratios: list  # (ratio, where)

    def line(self, spread):
        """The cells of the table; `spread` is what repetitions of one row differ by."""
        asked = f"at {'least' if self.at_least else 'most'} {number(self.limit)}x"
        if not self.ratios:
            return [self.what, asked, "not measured", "-"]
        worst, where = (min if self.at_least else max)(self.ratios, key=lambda each: each[0])
        excess = self.limit / worst if self.at_least else worst / self.limit
        verdict = "met" if excess <= 1 else "met within the spread" if excess <= 1 + spread else "not met"
        return [self.what, asked, f"{worst:.2f}x ({where})", verdict]


def quotients(numerators, denominators, where=None, sizes=None):
    """[(ratio, where)] at the sizes that both have, and that are in `sizes`."""
    shared = [size for size in numerators if size in denominators and (sizes is None or size in sizes)]
    return [(numerators[size].median / denominators[size].median, f"{where or ''}{size}") for size in shared]


class Figures:
    """Looks up rows where any may be missing."""

    def __init__(self, tables):
        self.tables = tables

    def row(self, table, row):
        """{size: Value}"""
        return self.tables[table].rows.get(row, {}) if table in self.tables else {}

    def limit(self, table):
        """The best of the floor rows: {size: Value}"""
        best = {}
        for row, values in self.tables[table].rows.items() if table in self.tables else ():
            if row.startswith("floor"):
                for size, value in values.items():
                    best[size] = min(best.get(size, value), value, key=lambda each: each.median)
        return best

    def peers(self, table):
        return best_peer(self.tables[table]) if table in self.tables else {}

    def figure(self, table, row, size, unit):
        value = self.row(table, row).get(size)
        if value is None:
            return "not measured"
        if unit == "GiB/s":
            return f"{value.bytes_per_second / 2**30:.1f} GiB/s"
        if unit == "ns":
            return f"{value.median * 1e9:.3g} ns"
        return number(value.median)


def ratio_targets(figures):
    mask = figures.row("Mask", "tw_mask")
    long = [size for size in mask if size != "random" and size >= 125]
    text = figures.row("DecodeAscii", "tw_conn_receive")
    to_memcpy = quotients(text, figures.row("DecodeAscii", "memcpy"), sizes=DECODE_SIZES)
    to_uws = [
        (UWEBSOCKETS_TO_MEMCPY[size] / ratio, f"{size}")
        for (ratio, _), size in zip(to_memcpy, [size for size in text if size in DECODE_SIZES], strict=True)
    ]
    fused = figures.row("UnmaskUtf8Multilingual", "tw_unmask_utf8")
    simdutf = figures.row("UnmaskUtf8Multilingual", "simdutf")
    yield Target("masking in place, time / best 256-bit floor", 1, False, quotients(mask, figures.limit("Mask")))
    yield Target(
        "masking in place from 125 B, best peer / ours", 1.2, True, quotients(figures.peers("Mask"), mask, sizes=long)
    )
    yield Target(
        "decode of masked text, time / floor",
        1.25,
        False,
        quotients(text, figures.limit("DecodeAscii"), sizes=DECODE_SIZES),
    )
    yield Target("decode of masked text, uWebSockets / ours, each to its memcpy row", 2, True, to_uws)
    beast = figures.row("DecodeAscii", "beast")
    yield Target("decode of masked text, Beast / ours", 5, True, quotients(beast, text, sizes=DECODE_SIZES))
    yield Target(
        "unmask and validate, simdutf's validation alone / ours",
        1.3,
        True,
        quotients(simdutf, fused, sizes=(1024, 65536)),
    )
    yield Target(
        "encode server frames, time / (header and memcpy)",
        1.2,
        False,
        quotients(figures.row("EncodeServer", "tw_conn_send"), figures.limit("EncodeServer"), sizes=(16, 125, 1024)),
    )


def loopback_targets(figures):
    ours, raw = figures.row("Echo100x32", "tw_echo_server"), figures.row("Echo100x32", "raw")
    for size, name, limit in ((20, "20 B", 1.25), (1024, "1 KiB", 1.25), (16384, "16 KiB", 1.15)):
        yield Target(
            f"echo over loopback of {name}, server CPU / raw epoll echo",
            limit,
            False,
            quotients(ours, raw, sizes=(size,)),
        )


def pool_targets(figures):
    one, two = figures.row("Pool", "tw_pool_acquire"), figures.row("PoolTwoThreads", "tw_pool_acquire")
    yield Target(
        "pool, acquire and release / malloc and free", 0.5, False, quotients(one, figures.row("Pool", "malloc"))
    )
    yield Target("pool, two threads / one thread", 1.2, False, quotients(two, one))


def count_lines(figures):
    """What must not be exceeded as a number, not as a ratio."""
    allocations = [
        (value.median, f"{name.split(':')[0]} {row} {size}")
        for name, table in figures.tables.items()
        if table.unit == COUNTERS["allocations"]
        for (row, size), value in table.values().items()
        if kind(row) == "ours"
    ]
    idle = [(value.median, f"{size} connections") for size, value in idle_row(figures).items()]
    for what, counts, limit in (
        ("allocations per message after warm-up, with a pool", allocations, 0),
        ("bytes held of an idle connection, with a pool", idle, 256),
    ):
        if not counts:
            yield [what, f"at most {limit}", "not measured", "-"]
            continue
        worst, where = max(counts)
        yield [
            what,
            f"at most {limit}",
            f"{number(worst)} ({where})",
            "met" if worst <= limit + NEGLIGIBLE else "not met",
        ]


def idle_row(figures):
    return figures.row(f"Idle: {COUNTERS['held']}", "tw_conn_pool")


def headline_lines(figures):
    idle = [f"{value.median:.0f} B" for value in idle_row(figures).values()]
    reassembly, flush = f"Reassembly: {COUNTERS['allocations']}", f"Flush: {COUNTERS['writes']}"
    return [
        ["masking 1 MiB in place", "98.86 GiB/s", figures.figure("Mask", "tw_mask", 1 << 20, "GiB/s")],
        ["read 1 KiB masked", "1490 ns", figures.figure("DecodeBinary", "tw_conn_receive", 1024, "ns")],
        ["write 1 KiB", "223 ns", figures.figure("EncodeServer", "tw_conn_send", 1024, "ns")],
        ["accept key", "2678 ns", figures.figure("AcceptKey", "tw_accept_key", 24, "ns")],
        ["reassembly of 10 fragments, allocations", "1", figures.figure(reassembly, "tw_conn_receive", 1024, "")],
        ["100 sends, system calls that write them", "1", figures.figure(flush, "tw_conn_send", 125, "")],
        ["idle connection, bytes held", "-", idle[-1] if idle else "not measured"],
    ]


def make_results(document):
    """RESULTS.md for a document as run.py --json writes it."""
    tables = collect(document["suites"])
    figures = Figures(tables)
    spread = typical_spread(tables)
    targets = [*ratio_targets(figures), *loopback_targets(figures), *pool_targets(figures)]
    parts = [
        "# Results",
        "Written by `bench/run.py --results`; README.md says what the rows are. Medians of one run; only ratios within "
        "one table mean something.",
        "\n".join(f"- {name}: {value}" for name, value in facts(document).items()),
        "## At a glance",
        "The figures in the middle were measured by others on other machines.",
        as_markdown(["elsewhere", "here"], headline_lines(figures)),
        "## Targets",
        f"The worst ratio of each kind. Repetitions of a row differ by {spread:.1%}, typically.",
        as_markdown(["asked", "seen", ""], [*(target.line(spread) for target in targets), *count_lines(figures)]),
        "## Tables",
        "Ratios are of time: below 1x ours is faster.",
    ]
    for table in tables.values():
        parts += [f"### {heading(table)}", as_markdown(*grid(table))]
    return "\n\n".join(parts) + "\n"

# SPDX-License-Identifier: MIT
"""RESULTS.md: the figures of a run, what is asked of them, and whether they keep it."""

from language_targets import language_count_lines, language_targets
from python_targets import python_count_lines, python_targets
from report import facts
from results import COUNTERS, collect, kind, size_name, typical_spread
from tables import as_markdown, grid, heading, number
from targets import Figures, Target, count_cells

IDLE = f"Idle: {COUNTERS['held']}"
DECODE_SIZES = (16, 125, 1024, "random")
ENCODE_SIZES = (16, 125, 1024)

# uWebSockets' time for a masked text frame / memcpy of the same read, measured once on another machine, where it can
# be built: 42/1.3, 79/7.8, 259/61 and 83/4.1 ns.
UWEBSOCKETS_TO_MEMCPY = {16: 32.3, 125: 10.1, 1024: 4.25, "random": 20.2}


# ---- Targets ----


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


def count_lines(figures):
    allocations = [
        (value.median, f"{name.split(':')[0]} {row} {size}")
        for name, table in figures.tables.items()
        if table.unit == COUNTERS["allocations"] and not name.startswith(("Go", "Rust"))
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
    targets = [
        *memory_targets(figures),
        *loopback_targets(figures),
        *python_targets(figures),
        *language_targets(figures),
    ]
    counts = [*count_lines(figures), *python_count_lines(figures), *language_count_lines(figures)]
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
        as_markdown(["asked", "seen", ""], [*(target.cells(spread) for target in targets), *counts]),
        "## Tables",
        "Ratios are of time: below 1x ours is faster.",
    ]
    for table in tables.values():
        parts += [f"### {heading(table)}", as_markdown(*grid(table))]
    return "\n\n".join(parts) + "\n"

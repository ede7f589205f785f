# SPDX-License-Identifier: MIT
"""What is asked of the Go and the Rust bindings. Time is the server's processor time where its core is saturated, as by
100 connections, and that of the clock where a single message is under way."""

from results import COUNTERS, RATE, kind
from targets import Target, count_cells

SIZES = (20,)
RECEIVE_SIZES = (125, 1024)
GO_ECHO = "tw_read_message_into"  # one row against one: the best of several would have the luck of several
GO_READ = ("tw_read_message_into", "tw_read_batch")  # what allocates nothing
GO_WRITTEN = ("GoSendServer", "GoSendClient", "GoFlush")
RUST_PEERS = ("tungstenite:forward", "fastwebsockets", "tokio-websockets")


def go_targets(figures):
    batches, received = "GoEcho100x32", "GoReceive"
    ours = figures.row(batches, GO_ECHO)
    what = "Go, echo of 20 B, 100 connections, 32 under way"
    targets = [
        Target(f"{what}: gws / ours", "at least", 8, figures.row(batches, "gws"), ours, SIZES),
        Target(f"{what}: ours / floor", "at most", 1.33, ours, figures.row(batches, "floor"), SIZES),
    ]
    for table, where in ((f"GoEcho1x1: {RATE}", "1 connection"), ("GoEcho100x1", "100 connections")):
        what = f"Go, one message under way, {where}: ours / gws"
        targets.append(Target(what, "at most", 1, figures.row(table, GO_ECHO), figures.row(table, "gws")))
    for row in GO_READ:
        what, gws = f"Go, received in memory: gws / {row}", figures.row(received, "gws")
        targets.append(Target(what, "at least", 4, gws, figures.row(received, row), RECEIVE_SIZES))
    return targets


def rust_targets(figures):
    batches, received = "RustEcho100x32", "RustReceive"
    what = "Rust, echo of 20 B, 100 connections, 32 under way: best peer / ours"
    best, ours = figures.best(batches, RUST_PEERS), best_of_ours(figures, batches)
    read, ours_read = figures.best_of(received, "peer"), best_of_ours(figures, received)
    return [
        Target(what, "at least", 1.5, best, ours, SIZES),
        Target("Rust, received in memory: best peer / ours", "at least", 2, read, ours_read, RECEIVE_SIZES),
    ]


def best_of_ours(figures, table):
    return figures.best_of(table, "ours")


def language_targets(figures):
    return [*go_targets(figures), *rust_targets(figures)]


def language_count_lines(figures):
    allocations, writes, heap = (COUNTERS[each] for each in ("allocations", "writes", "heap"))
    written = [each for table in GO_WRITTEN for each in counts(figures, f"{table}: {allocations}")]
    return [
        count_cells(
            "Go, allocations of a message received by ReadMessageInto or ReadBatch",
            0,
            counts(figures, f"GoReceive: {allocations}", GO_READ),
        ),
        count_cells("Go, allocations of a message written", 0, written),
        count_cells(
            "Go, system calls that write a batch of 100 messages",
            1,
            counts(figures, f"GoFlush: {writes}", ("tw_write_batch", "tw_write_no_flush")),
        ),
        count_cells("Rust, allocations of a message received the fastest way", 0, of_the_fastest(figures)),
        count_cells("Rust, heap bytes of an idle connection", 1023, counts(figures, f"RustIdle: {heap}")),
    ]


def counts(figures, table, rows=()):
    """[(number, where)] of these rows, or of all of ours."""
    known = figures.tables[table].rows if table in figures.tables else ()
    chosen = [row for row in known if row in rows or (not rows and kind(row) == "ours")]
    return [(value, f"{row} {size}") for row in chosen for size, value in figures.row(table, row).items()]


def of_the_fastest(figures):
    """Allocations of what makes the time that rust_targets judges."""
    table, found = "RustReceive", []
    for size, least in best_of_ours(figures, table).items():
        for row in figures.tables[table].rows:
            if kind(row) == "ours" and figures.row(table, row).get(size) == least:
                allocations = figures.row(f"{table}: {COUNTERS['allocations']}", row)
                found += [(allocations[size], f"{row} {size}")] if size in allocations else []
    return found

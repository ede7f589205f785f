# SPDX-License-Identifier: MIT
"""What is asked of the Python binding. Time is the server's processor time where its core is saturated, and that of the
clock where one message is under way on each connection."""

from results import COUNTERS, RATE
from targets import Target, count_cells

BATCHES, BATCH_SIZE = "PythonEcho100x32", (20,)
IDLE = f"PythonIdle: {COUNTERS['beyond']}"
PICOWS = tuple(api + loop for api in ("picows", "picows.websockets") for loop in ("", ":uvloop"))
# Each peer in the setting that suits it best on asyncio's own loop.
WEBSOCKETS = ("websockets", "websockets:malloc")


def callback_targets(figures):
    targets = []
    for loop, where in (("", ""), (":uvloop", ", uvloop")):
        ours, floor = figures.row(BATCHES, f"tw_listener{loop}"), figures.row(BATCHES, f"floor{loop}")
        picows = figures.row(BATCHES, f"picows{loop}")
        what = f"Python callbacks, echo of 20 B, 100 connections, 32 under way{where}"
        targets += [
            Target(f"{what}: picows / ours", "at least", 8, picows, ours, BATCH_SIZE),
            Target(f"{what}: ours / floor", "at most", 1.25, ours, floor, BATCH_SIZE),
        ]
    ours, websockets = figures.row(BATCHES, "tw_listener"), figures.best(BATCHES, WEBSOCKETS)
    return [*targets, Target("the same: websockets / ours", "at least", 40, websockets, ours, BATCH_SIZE)]


def coroutine_targets(figures):
    best = figures.best(BATCHES, ("tw_serve", "tw_serve:uvloop"))
    picows = figures.best(BATCHES, PICOWS)
    ours, websockets = figures.row(BATCHES, "tw_serve"), figures.best(BATCHES, WEBSOCKETS)
    what = "Python coroutines, the same load"
    return [
        Target(f"{what}: picows' best / our best", "at least", 3, picows, best, BATCH_SIZE),
        Target(f"{what}: websockets / ours", "at least", 15, websockets, ours, BATCH_SIZE),
    ]


def latency_targets(figures):
    targets = []
    for connections in (1, 100):
        table = f"PythonEcho{connections}x1: {RATE}"
        what = f"Python, one message under way, {connections} connection{'s' if connections > 1 else ''}"
        listener, serve = figures.row(table, "tw_listener"), figures.row(table, "tw_serve")
        picows, websockets = figures.row(table, "picows"), figures.best(table, WEBSOCKETS)
        targets += [
            Target(f"{what}: callbacks / picows", "at most", 1, listener, picows),
            Target(f"{what}: websockets / coroutines", "at least", 1.5, websockets, serve),
        ]
    return targets


def python_targets(figures):
    websockets, ours = figures.row("PythonMask", "websockets"), figures.row("PythonMask", "tw_mask")
    return [
        *callback_targets(figures),
        *coroutine_targets(figures),
        *latency_targets(figures),
        Target("Python masking, websockets' C / ours", "at least", 5, websockets, ours, (1024,)),
    ]


def python_count_lines(figures):
    received = figures.row("PythonReceive", "tw_receive")
    lines = [
        count_cells(
            f"Python, ns of a message of {size} B received as bytes",
            limit,
            [(received[size] * 1e9, "32 in a read")] if size in received else [],
        )
        for size, limit in ((16, 150), (1024, 250))
    ]
    for row in ("tw_listener", "tw_serve"):
        beyond = [(each, f"{count} connections") for count, each in figures.row(IDLE, row).items()]
        lines.append(count_cells(f"Python, bytes of an idle connection beyond asyncio's, {row}", 4096, beyond))
    return lines

# SPDX-License-Identifier: MIT
"""What is asked of the Python binding. Time is the server's processor time where its core is saturated, and that of the
clock where one message is under way on each connection."""

from results import COUNTERS, RATE
from targets import Target, count_cells

BATCHES = "PythonEcho100x32"
SIZES = (20,)
IDLE = f"PythonIdle: {COUNTERS['beyond']}"
PICOWS = tuple(api + loop for api in ("picows", "picows.websockets") for loop in ("", ":uvloop"))
# As its users run it, and in the setting that suits it best.
WEBSOCKETS = (("websockets", ""), ("websockets:malloc", ", which keeps its memory"))


def callback_targets(figures):
    targets = []
    for loop, where in (("", ""), (":uvloop", ", uvloop")):
        ours, floor = figures.row(BATCHES, f"tw_listener{loop}"), figures.row(BATCHES, f"floor{loop}")
        picows = figures.row(BATCHES, f"picows{loop}")
        what = f"Python callbacks, echo of 20 B, 100 connections, 32 under way{where}"
        targets += [
            Target(f"{what}: picows / ours", "at least", 8, picows, ours, SIZES),
            Target(f"{what}: ours / floor", "at most", 1.25, ours, floor, SIZES),
        ]
    return targets + websockets_targets(figures, "Python callbacks, the same load", BATCHES, "tw_listener", 40)


def websockets_targets(figures, what, table, row, limit):
    ours = figures.row(table, row)
    return [
        Target(f"{what}: websockets{how} / ours", "at least", limit, figures.row(table, websockets), ours, SIZES)
        for websockets, how in WEBSOCKETS
    ]


def coroutine_targets(figures):
    best = figures.best(BATCHES, ("tw_serve", "tw_serve:uvloop"))
    what = "Python coroutines, the same load"
    return [
        Target(f"{what}: picows' best / our best", "at least", 3, figures.best(BATCHES, PICOWS), best, SIZES),
        *websockets_targets(figures, what, BATCHES, "tw_serve", 15),
    ]


def latency_targets(figures):
    targets = []
    for connections in (1, 100):
        table = f"PythonEcho{connections}x1: {RATE}"
        what = f"Python, one message under way, {connections} connection{'s' if connections > 1 else ''}"
        listener, picows = figures.row(table, "tw_listener"), figures.row(table, "picows")
        targets.append(Target(f"{what}: callbacks / picows", "at most", 1, listener, picows))
        targets += websockets_targets(figures, f"{what}, coroutines", table, "tw_serve", 1.5)
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

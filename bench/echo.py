# SPDX-License-Identifier: MIT
"""Echo servers of the bindings and of their peers under load: processor time for each message, and messages in a second
by the clock."""

import contextlib
import os
import pathlib

import loopback
from loopback import Failure, Load

MIN_TIMES = 6  # of --min-time a repetition takes, at least
WARM_UP_SECONDS = 0.2
SLOWEST = 100e6  # bytes that the slowest server echoes in a second, at least


def durations(load, min_time):
    """Seconds to warm up and to measure: where much is under way, it has to come round."""
    connections, pipeline, size = load
    turn = connections * pipeline * size / SLOWEST
    return max(WARM_UP_SECONDS, turn), max(MIN_TIMES * min_time, 2 * turn)


def measure(chosen, start, arguments):
    """chosen: [(what, load, row)]; start(row) returns a Server, or what is one in a `with` block. The repetitions take
    turns, so that what disturbs the machine for a while disturbs all."""
    others = os.sched_getaffinity(0) - {arguments.cpu}
    if not others:
        raise Failure("the load generator needs a core of its own")
    load = Load(pathlib.Path(arguments.build).resolve(), max(others))
    entries = []
    with contextlib.ExitStack() as stack:
        servers = {row: stack.enter_context(start(row)) for row in dict.fromkeys(row for _, _, row in chosen)}
        for server in servers.values():
            load.check(server)
        for _ in range(arguments.repetitions):
            for index, (what, traffic, row) in enumerate(chosen):
                warm_up, seconds = durations(traffic, arguments.min_time)
                figures = load.run(servers[row], *traffic, seconds, warm_up)
                name = loopback.name_of(what, traffic, row)
                entries.append(loopback.entry(name, index, figures) | {"clock": 1 / figures["messages/s"]})
    return entries

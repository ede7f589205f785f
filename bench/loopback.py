# SPDX-License-Identifier: MIT
"""Echo servers under the same load over loopback TCP: processor time of the server for each message."""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

# What each row runs; "raw" has no protocol and is the limit. All take the port 0 and say which one they got.
SERVERS = {
    "raw": ["bench/loopback/loopback_raw", "0"],
    "tw_echo_server": ["capi/examples/echo_server", "0"],
    "beast": ["bench/loopback/loopback_beast", "0"],
    "libwebsockets": ["bench/loopback/loopback_libwebsockets", "0"],
    "websocketpp": ["bench/loopback/loopback_websocketpp", "0"],
    "wslay": ["bench/loopback/loopback_wslay", "0"],
}
LOADS = [(1, 1, 20), (100, 1, 1024), (100, 1, 16384), (100, 32, 20), (100, 32, 1024), (100, 32, 16384)]

MIN_TIMES = 4  # of --min-time a repetition takes: processes have to find their pace
WARM_UP_SECONDS = 0.1
CHECK_SECONDS = 0.05
LIMIT_SECONDS = 60  # for one run of the load generator
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Failure(Exception):
    pass


def settle(cpu):
    """Runs in a new process: binds it to a core, and to the life of this one."""
    os.sched_setaffinity(0, {cpu})
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """A server as a process, which does not outlive the `with` block."""

    def __init__(self, row, build, cpu):
        self.row = row
        program, *arguments = SERVERS[row]
        command = [build / program, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: settle(cpu))

    def __enter__(self):
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if match is None:
            self.__exit__()
            raise Failure(f"{self.row} did not start: {line!r}")
        self.port = match[1]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Load:
    """The load generator, which compares every byte that comes back."""

    def __init__(self, build, cpu):
        self.program = build / "bench" / "load" / "tw_load"
        self.cpu = cpu

    def run(self, server, connections, pipeline, size, seconds, warm_up=WARM_UP_SECONDS, kind="--binary"):
        options = {
            "port": server.port,
            "server-pid": server.process.pid,
            "connections": connections,
            "pipeline": pipeline,
            "size": size,
            "seconds": seconds,
            "warm-up": warm_up,
        }
        command = [self.program, "--json", kind, *(["--raw"] if server.row == "raw" else [])]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            preexec_fn=lambda: settle(self.cpu),
        )
        if done.returncode != 0:
            raise Failure(f"{server.row}: {done.stderr}")
        return json.loads(done.stdout)

    def check(self, server):
        """Every kind of length, before anything is timed; while it is timed, too, every byte is compared."""
        for size in (0, 125, 126, 65535, 65536):
            for kind in ("--text", "--binary"):
                self.run(server, 3, 5, size, CHECK_SECONDS, 0, kind)


def name_of(load, row):
    connections, pipeline, size = load
    return f"BM_Echo{connections}x{pipeline}/{row}/{size}"


def entry(load, row, family_index, figures):
    """A repetition as Google Benchmark would write it."""
    microseconds = figures["server us/message"]
    return {
        "name": name_of(load, row),
        "family_index": family_index,
        "run_type": "iteration",
        "cpu_time": microseconds * 1e3,
        "time_unit": "ns",
        "per_message": microseconds * 1e-6,
        "bytes_per_second": figures["messages/s"] * figures["size"],
    }


def measure(chosen, servers, load, arguments):
    seconds = MIN_TIMES * arguments.min_time
    for server in servers.values():
        load.check(server)
    # Interleaved, so that what disturbs the machine for a while disturbs all.
    return [
        entry(traffic, row, index, load.run(servers[row], *traffic, seconds))
        for _ in range(arguments.repetitions)
        for index, (traffic, row) in enumerate(chosen)
    ]


def rows(arguments):
    """The results of every row that matches arguments.filter, repetition after repetition."""
    chosen = [(load, row) for load in LOADS for row in SERVERS if re.search(arguments.filter, name_of(load, row))]
    if not chosen:
        return []
    others = os.sched_getaffinity(0) - {arguments.cpu}
    if not others:
        sys.exit("loopback: the load generator needs a core of its own")
    print(f"-- loopback: {len(chosen)} rows", file=sys.stderr, flush=True)
    build = pathlib.Path(arguments.build).resolve()
    load = Load(build, max(others))
    try:
        with contextlib.ExitStack() as stack:
            names = dict.fromkeys(row for _, row in chosen)
            servers = {row: stack.enter_context(Server(row, build, arguments.cpu)) for row in names}
            return measure(chosen, servers, load, arguments)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"loopback: {failure}")

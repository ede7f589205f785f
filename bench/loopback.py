# SPDX-License-Identifier: MIT
"""Echo servers and relays under the same load over loopback TCP: processor time of one for each message."""

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
# The same with the port of an upstream, "tw_echo_server", behind what is here.
RELAYS = {
    "raw": ["bench/loopback/loopback_raw_relay"],
    "tw_relay": ["capi/examples/relay", "0", "127.0.0.1"],
}
LOADS = [(1, 1, 20), (100, 1, 1024), (100, 1, 16384), (100, 32, 20), (100, 32, 1024), (100, 32, 16384)]
RELAY_LOADS = [(100, 1, 1024), (100, 32, 1024), (100, 1, 65536), (100, 32, 65536)]

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

    def __init__(self, row, command, cpu, is_raw=False, environment=None):
        self.row = row
        self.is_raw = is_raw
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
            preexec_fn=lambda: settle(cpu),
        )

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
        """The figures of one run, or of a longer one where a busy machine let nothing come back in time."""
        for factor in (1, 4):
            try:
                return self.once(server, connections, pipeline, size, factor * seconds, warm_up, kind)
            except Failure as failure:
                if "no echo arrived" not in str(failure):
                    raise
        return self.once(server, connections, pipeline, size, 16 * seconds, warm_up, kind)

    def once(self, server, connections, pipeline, size, seconds, warm_up, kind):
        options = {
            "port": server.port,
            "server-pid": server.process.pid,
            "connections": connections,
            "pipeline": pipeline,
            "size": size,
            "seconds": seconds,
            "warm-up": warm_up,
        }
        command = [self.program, "--json", kind, *(["--raw"] if server.is_raw else [])]
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


def name_of(what, load, row):
    connections, pipeline, size = load
    return f"BM_{what}{connections}x{pipeline}/{row}/{size}"


def entry(name, family_index, figures):
    """A repetition as Google Benchmark would write it."""
    microseconds = figures["server us/message"]
    return {
        "name": name,
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
        entry(name_of(what, traffic, row), index, load.run(servers[what, row], *traffic, seconds))
        for _ in range(arguments.repetitions)
        for index, (what, traffic, row) in enumerate(chosen)
    ]


def command_of(what, row, build, upstream):
    program, *options = RELAYS[row] if what == "Relay" else SERVERS[row]
    return [build / program, *options, *([upstream.port] if what == "Relay" else [])]


def start(chosen, build, cpu, others, stack):
    """{(what, row): Server} of the chosen rows. The upstream of relays has the core of the load generator."""
    servers, upstream = {}, None
    for what, row in dict.fromkeys((what, row) for what, _, row in chosen):
        if what == "Relay" and upstream is None:
            command = command_of("Echo", "tw_echo_server", build, None)
            upstream = stack.enter_context(Server("tw_echo_server", command, others))
        is_raw = (what, row) == ("Echo", "raw")
        server = Server(row, command_of(what, row, build, upstream), cpu, is_raw)
        servers[what, row] = stack.enter_context(server)
    return servers


def rows(arguments):
    """The results of every row that matches arguments.filter, repetition after repetition."""
    known = [("Echo", load, row) for load in LOADS for row in SERVERS]
    known += [("Relay", load, row) for load in RELAY_LOADS for row in RELAYS]
    chosen = [each for each in known if re.search(arguments.filter, name_of(*each))]
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
            servers = start(chosen, build, arguments.cpu, max(others), stack)
            return measure(chosen, servers, load, arguments)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"loopback: {failure}")

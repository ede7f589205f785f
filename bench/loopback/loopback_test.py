#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the echo servers for a moment each, and checks that none of them outlives a failure. Needs two cores.

usage: loopback_test.py BUILD_DIRECTORY [UNITTEST_ARGUMENT...]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time
import unittest
from unittest import mock

BENCH = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

import loopback  # noqa: E402

LIMIT_SECONDS = 10
ORPHAN = """
import os, pathlib, signal, sys
import loopback
program = pathlib.Path(sys.argv[1], "bench/loopback/loopback_raw")
with loopback.Server("raw", [program, "0"], max(os.sched_getaffinity(0))) as server:
    print(server.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def arguments(rows):
    cpu = max(os.sched_getaffinity(0))
    return argparse.Namespace(build=BUILD, filter=rows, repetitions=2, min_time=0.02, cpu=cpu)


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class LoopbackTest(unittest.TestCase):
    def assert_fails(self, message, rows="Echo1x1/"):
        """The rows end in a failure, and then no server is left."""
        processes = []

        def start(*arguments, **options):
            processes.append(popen(*arguments, **options))
            return processes[-1]

        popen = subprocess.Popen
        with mock.patch.object(subprocess, "Popen", start), self.assertRaisesRegex(SystemExit, message):
            loopback.rows(arguments(rows))
        self.assertGreater(len(processes), 0)
        for process in processes:
            self.assertIsNotNone(process.returncode)

    def test_rows(self):
        entries = loopback.rows(arguments("Echo1x1/|Echo100x32/(raw|tw_echo_server)/16384"))
        names = [f"BM_Echo1x1/{row}/20" for row in loopback.SERVERS]
        names += ["BM_Echo100x32/raw/16384", "BM_Echo100x32/tw_echo_server/16384"]
        self.assertEqual([entry["name"] for entry in entries], 2 * names)
        self.assertEqual([entry["family_index"] for entry in entries], 2 * list(range(len(names))))
        for entry in entries:
            self.assertEqual(entry["run_type"], "iteration")
            self.assertGreater(entry["per_message"], 0)
            self.assertAlmostEqual(entry["cpu_time"], entry["per_message"] * 1e9)
            self.assertGreater(entry["bytes_per_second"], 0)

    def test_relays(self):
        entries = loopback.rows(arguments("BM_Relay100x1/.*/1024$"))
        names = ["BM_Relay100x1/raw/1024", "BM_Relay100x1/tw_relay/1024"]
        self.assertEqual([entry["name"] for entry in entries], 2 * names)
        for entry in entries:
            self.assertGreater(entry["per_message"], 0)

    def test_no_row(self):
        self.assertEqual(loopback.rows(arguments("BM_Mask/")), [])

    def test_wrong_server(self):
        with mock.patch.dict(loopback.SERVERS, {"tw_echo_server": loopback.SERVERS["raw"]}):
            self.assert_fails("tw_echo_server: tw_load: response: ")

    def test_server_that_does_not_start(self):
        with mock.patch.dict(loopback.SERVERS, {"wslay": ["/bin/echo", "listening"]}):
            self.assert_fails(r"wslay did not start: 'listening\\n'")
        with mock.patch.dict(loopback.SERVERS, {"wslay": ["bench/loopback/none"]}):
            self.assert_fails("No such file")

    def test_server_ends_with_a_process_that_is_killed(self):
        command = [sys.executable, "-c", ORPHAN, BUILD]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=BENCH, timeout=LIMIT_SECONDS)
        pid = int(done.stdout)
        deadline = time.monotonic() + LIMIT_SECONDS
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(is_running(pid))


class LoadTest(unittest.TestCase):
    def run_load(self, *failures):
        """What a run returns where the first attempts fail, and the seconds of each of them."""
        outcomes = [*map(loopback.Failure, failures), {"messages/s": 1}]
        with mock.patch.object(loopback.Load, "once", side_effect=outcomes) as once:
            figures = loopback.Load(BUILD, 0).run("server", 1, 1, 20, 0.05)
        return figures, [call.args[4] for call in once.call_args_list]

    def test_where_nothing_came_back_the_next_run_is_longer(self):
        nothing = "picows: tw_load: no echo arrived in the measured time"
        figures, seconds = self.run_load(nothing, nothing)
        self.assertEqual(figures, {"messages/s": 1})
        self.assertEqual([round(each / seconds[0]) for each in seconds], [1, 4, 16])
        with self.assertRaisesRegex(loopback.Failure, "no echo arrived"):
            self.run_load(nothing, nothing, nothing)

    def test_a_wrong_echo_is_not_forgiven(self):
        with self.assertRaisesRegex(loopback.Failure, "differs"):
            self.run_load("picows: tw_load: an echo differs")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    BUILD = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])

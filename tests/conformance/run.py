#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets the Autobahn test suite examine the C echo server, and a C client that echoes as well, or those of a binding.

Installs the suite first, into its own environment. BUILD/autobahn receives the suite's reports and logs. The exit
status is 0 only if every case that was chosen ran, is OK or INFORMATIONAL, and was closed as it should be.
"""

import argparse
import contextlib
import fnmatch
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent

# 12 and 13 repeat each of their settings with 18 sizes of message: of these 16 B, 256 B, 4 KiB, and one in fragments.
QUICK = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 9, 10)]
QUICK += [f"{group}.*.{size}" for group in (12, 13) for size in (1, 3, 5, 11)]

LIST_CASES = """
from autobahntestsuite.case import CaseBasename, Cases
print(*(case.__name__.removeprefix(CaseBasename).replace("_", ".") for case in Cases))
"""

CONTEXT = 1024 * 1024  # bytes: both directions of permessage-deflate may keep their context
START_SECONDS = 30
STOP_SECONDS = 10  # the echo server drains for at most 5
RUN_SECONDS = 3600  # for a suite that hangs; each of its cases has a limit of its own


class Failure(Exception):
    """A role could not be examined to the end."""


@contextlib.contextmanager
def running(command, **options):
    """A process that does not outlive the `with` block."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finish(process, what, seconds):
    """Waits for a process that must end with status 0."""
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"{what} did not end within {seconds} s") from None
    if status != 0:
        raise Failure(f"{what} exited with {status}")


def announced_port(server):
    """The port on which the echo server says that it listens."""
    if not select.select([server.stdout], [], [], START_SECONDS)[0]:
        raise Failure(f"the echo server did not start within {START_SECONDS} s")
    line = server.stdout.readline().strip()
    prefix = "listening on 127.0.0.1:"
    if not line.startswith(prefix):
        raise Failure(f"the echo server said {line!r} instead of '{prefix}PORT'")
    return int(line.removeprefix(prefix))


def free_port():
    """A port that nobody listens on. The suite's server compares the port in its URL with the Host that a client
    sends, so it cannot be left to choose one."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def await_listener(process, port):
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), START_SECONDS).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise Failure(f"the suite did not listen on port {port} within {START_SECONDS} s")


class Suite:
    """The installed suite, the cases that were chosen, and where its reports go."""

    def __init__(self, build, venv, patterns):
        self.build, self.venv = build, venv
        listed = subprocess.run(
            [venv / "bin/python", "-W", "ignore", "-c", LIST_CASES], stdout=subprocess.PIPE, text=True, check=True
        )
        self.cases = [case for case in listed.stdout.split() if any(fnmatch.fnmatchcase(case, one) for one in patterns)]

    @contextlib.contextmanager
    def running(self, mode, role, **spec):
        """A process of the suite. What an earlier run has reported about the role is removed."""
        out = self.build / "autobahn"
        shutil.rmtree(out / role, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
        spec |= {"outdir": str(out / role), "cases": self.cases}
        spec_file = out / f"{role}.json"
        spec_file.write_text(json.dumps(spec), "utf-8")
        command = [self.venv / "bin/wstest", "--mode", mode, "--spec", spec_file, "--webport", "0"]
        with open(out / f"{role}.log", "w", encoding="utf-8") as log:
            with running(command, stdout=log, stderr=subprocess.STDOUT) as process:
                yield process

    def passed(self, role, late):
        """Prints what the suite has reported about the role, and tells whether all of it is good."""
        summary = [sys.executable, HERE / "autobahn_summary.py", self.build / "autobahn" / role]
        options = [f"--late={pattern}" for pattern in late]
        return subprocess.run([*summary, "--strict", "--expect", str(len(self.cases)), *options]).returncode == 0


class CPrograms:
    """The C echo server, and the C client."""

    prefix = ""  # of the names of the reports
    late = ()  # patterns of cases in which an error may be found late

    def __init__(self, build, context):
        self.build, self.context = build, str(context)

    def server(self):
        """Says on which port it listens."""
        return [self.build / "capi/examples/echo_server", "0", self.context]

    def client(self, port):
        """Runs all cases of the suite's server on that port."""
        return [self.build / "tests/conformance/autobahn_client", "--deflate-context", self.context, str(port)]


class PythonPrograms:
    """Server and client of tidewire.asyncio, in one of its styles."""

    def __init__(self, python, style, context):
        self.python, self.style, self.context = python, style, str(context)
        self.prefix = f"python-{style}-"
        # These send a message and then, often in the same read, what breaks a rule. The coroutine that is to echo the
        # message runs after the read, when the connection has failed. A listener is called before.
        self.late = ("3.*", "4.*", "5.15") if style == "coroutines" else ()

    def server(self):
        """Says on which port it listens."""
        return [self.python, HERE / "asyncio_server.py", self.style, "0", self.context]

    def client(self, port):
        """Runs all cases of the suite's server on that port."""
        return [self.python, HERE / "asyncio_client.py", self.style, str(port), self.context]


class BuiltPrograms:
    """`server` and `client` of another language, in one folder."""

    late = ()

    def __init__(self, name, folder, context):
        self.folder, self.context = folder.resolve(), str(context)
        self.prefix = f"{name}-"

    def server(self):
        """Says on which port it listens."""
        return [self.folder / "server", "0", self.context]

    def client(self, port):
        """Runs all cases of the suite's server on that port."""
        return [self.folder / "client", str(port), self.context]


def named_folder(text):
    """NAME=FOLDER, for argparse."""
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FOLDER")
    return name, pathlib.Path(folder)


def examine_server(suite, programs, role):
    with running(programs.server(), stdout=subprocess.PIPE, text=True) as server:
        target = {"agent": "tidewire", "url": f"ws://127.0.0.1:{announced_port(server)}"}
        with suite.running("fuzzingclient", role, servers=[target]) as wstest:
            finish(wstest, "the suite", RUN_SECONDS)
        server.terminate()
        finish(server, "the echo server", STOP_SECONDS)


def examine_client(suite, programs, role):
    port = free_port()
    with suite.running("fuzzingserver", role, url=f"ws://127.0.0.1:{port}") as wstest:
        await_listener(wstest, port)
        with running(programs.client(port)) as client:
            finish(client, "the client", RUN_SECONDS)


def examine(suite, programs, role):
    """Whether all is well with the role."""
    examine_role = {"server": examine_server, "client": examine_client}[role]
    role = programs.prefix + role
    print(f"-- {role}: {len(suite.cases)} cases, report in {suite.build}/autobahn/{role}/index.html")
    ended = True
    try:
        examine_role(suite, programs, role)
    except (Failure, OSError) as failure:
        print(f"{role}: {failure}; the suite's log is {suite.build}/autobahn/{role}.log")
        ended = False
    return suite.passed(role, programs.late) and ended


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    role = parser.add_mutually_exclusive_group()
    role.add_argument("--server", action="store_const", dest="roles", const=["server"], help="only the server")
    role.add_argument("--client", action="store_const", dest="roles", const=["client"], help="only the client")
    cases = parser.add_mutually_exclusive_group()
    cases.add_argument("--quick", action="store_const", dest="cases", const=QUICK, help="fewer sizes in 12 and 13")
    cases.add_argument("--case", action="append", dest="cases", metavar="PATTERN", help="such as 9.3.*; repeatable")
    parser.add_argument(
        "--no-takeover",
        action="store_const",
        dest="context",
        const=0,
        default=CONTEXT,
        help="keep no context in 12 and 13",
    )
    programs = parser.add_mutually_exclusive_group()
    programs.add_argument(
        "--python",
        metavar="PROGRAM",
        help="a Python that has tidewire installed: examine tidewire.asyncio, not the C programs",
    )
    programs.add_argument(
        "--programs",
        type=named_folder,
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="examine FOLDER/server and FOLDER/client; the reports are called NAME-...; repeatable",
    )
    parser.add_argument("--build", type=pathlib.Path, required=True, help="has echo_server and autobahn_client built")
    parser.add_argument("--venv", type=pathlib.Path, required=True, help="the environment for the suite")
    return parser.parse_args()


def main():
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = parse_arguments()
    roles = arguments.roles or ["server", "client"]
    build, venv = arguments.build.resolve(), arguments.venv.resolve()
    environment = {"PYTHON": sys.executable, **os.environ}
    subprocess.run(["sh", HERE / "setup_autobahn.sh", venv], env=environment, check=True)
    suite = Suite(build, venv, arguments.cases or ["*"])
    if not suite.cases:
        sys.exit("autobahn: no case is left to run")
    if arguments.python:
        examined = [PythonPrograms(arguments.python, style, arguments.context) for style in ("coroutines", "listener")]
    elif arguments.programs:
        examined = [BuiltPrograms(name, folder, arguments.context) for name, folder in arguments.programs]
    else:
        examined = [CPrograms(build, arguments.context)]
    verdicts = {each.prefix + role: examine(suite, each, role) for each in examined for role in roles}
    words = ", ".join(f"{role} {'passed' if passed else 'FAILED'}" for role, passed in verdicts.items())
    print(f"autobahn: {len(suite.cases)} cases: {words}")
    return 0 if all(verdicts.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failure:
        sys.exit(f"autobahn: the suite could not be installed: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)

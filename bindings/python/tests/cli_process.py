# SPDX-License-Identifier: MIT
"""The command line as a process, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

COMMAND = [sys.executable, "-m", "tidewire"]
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "100"}


class Result:
    """How a process ended."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.status = done.returncode
        self.bytes = done.stdout
        self.errors = done.stderr.decode()

    @property
    def lines(self) -> list[str]:
        """The lines of the output."""
        return self.bytes.decode().splitlines()


def tidewire(*arguments: object, given: bytes = b"") -> Result:
    """Runs a command with `given` as its input."""
    command = [*COMMAND, *map(str, arguments)]
    return Result(subprocess.run(command, input=given, capture_output=True, timeout=60, env=ENVIRONMENT))


class EchoServer:
    """`tidewire echo`, as long as the `with` block lasts."""

    def __init__(self, *arguments: object) -> None:
        self._arguments = arguments
        self.errors = ""
        self.status: int | None = None

    def __enter__(self) -> EchoServer:
        self.process: subprocess.Popen[Any] = subprocess.Popen(
            [*COMMAND, "echo", "--port", "0", *map(str, self._arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening at "), line + self.process.communicate()[1]
        self.uri = line.split()[-1]
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.errors = self.process.communicate(timeout=60)[1]
        self.status = self.process.returncode
